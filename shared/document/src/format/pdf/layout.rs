//! The reading order of a page: columns, in them rows, and from these paragraphs and tables.

use super::column;
use super::page::Drawing;
use super::paragraph::{self, Paragraph};
use super::row::{self, Piece};

/// Minimum number of consecutive rows with separated cells that make a table.
const FEWEST_ROWS: usize = 3;

/// A block of a page.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// Running text, or a heading.
    Paragraph(Paragraph),
    /// Rows of cells.
    Table(Vec<Vec<String>>),
}

/// The blocks of a page in reading order.
pub(super) fn blocks(drawing: &Drawing) -> Vec<Block> {
    let mut blocks = Vec::new();
    for pieces in row::pieces(&drawing.glyphs) {
        for column in column::split(pieces) {
            read_column(row::rows(column), &mut blocks);
        }
    }
    blocks
}

fn read_column(rows: Vec<Vec<Piece>>, blocks: &mut Vec<Block>) {
    let (mut lines, mut table) = (Vec::new(), Vec::new());
    for mut row in rows {
        row.sort_by_key(|piece| piece.start);
        if row.len() > 1 && !is_marked(&row) {
            table.push(row);
            continue;
        }
        close_table(&mut table, &mut lines, blocks);
        lines.extend(line(row));
    }
    close_table(&mut table, &mut lines, blocks);
    blocks.extend(paragraph::join(lines).into_iter().map(Block::Paragraph));
}

/// Whether a row is a line with a slightly detached bullet or number.
fn is_marked(row: &[Piece]) -> bool {
    let [mark, text] = row else { return false };
    mark.text.chars().count() <= 3 && text.start - mark.end < text.size * 4
}

fn close_table(table: &mut Vec<Vec<Piece>>, lines: &mut Vec<Piece>, blocks: &mut Vec<Block>) {
    if table.len() < FEWEST_ROWS {
        lines.extend(table.drain(..).filter_map(line));
        return;
    }
    let above = paragraph::join(std::mem::take(lines));
    blocks.extend(above.into_iter().map(Block::Paragraph));
    let cells = |row: Vec<Piece>| row.into_iter().map(|piece| piece.text).collect();
    blocks.push(Block::Table(table.drain(..).map(cells).collect()));
}

/// Joins a row to one line.
fn line(row: Vec<Piece>) -> Option<Piece> {
    row.into_iter().reduce(|line, next| Piece {
        text: format!("{} {}", line.text, next.text),
        end: line.end.max(next.end),
        size: line.size.max(next.size),
        ..line
    })
}
