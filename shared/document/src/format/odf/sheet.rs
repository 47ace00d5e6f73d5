//! Reads the sheets of a spreadsheet. Cells contain the displayed text, so nothing is formatted here.

use message::PartKind;

use super::body::read_annotation;
use crate::composer::Composer;
use crate::format::grid::Grid;
use crate::format::xml::{Node, Tag, Xml};
use crate::{BlockKind, Refusal};

/// Maximum number of times a repeated cell or row is shown; it may claim a million repeats.
const MOST_REPEATS: u32 = 100;

#[derive(Default)]
struct Sheet {
    row: u32,
    column: u32,
    /// Repeat counts of the open row and cell.
    rows: u32,
    columns: u32,
    text: String,
    value: bool,
    /// The cells of the open row.
    cells: Vec<(u32, String, bool)>,
    comments: Vec<String>,
}

/// Writes all sheets.
pub(super) fn read(
    composer: &mut Composer,
    format: &'static str,
    text: &str,
    limit: usize,
) -> Result<(), Refusal> {
    let mut xml = Xml::new(format, text);
    let (mut number, mut left) = (0, limit);
    let mut open: Option<(Sheet, Grid)> = None;
    while let Some(node) = xml.next()? {
        match (node, &mut open) {
            (Node::Open(tag), _) if tag.name() == "table" => {
                number += 1;
                let name = tag.attribute("name").unwrap_or_default();
                composer.begin_part(PartKind::Sheet, number, Some(&name));
                composer.heading(1, &name);
                open = Some((Sheet::default(), Grid::new(left)));
            }
            (Node::Open(tag), Some((sheet, _))) => sheet.open(&tag, &mut xml)?,
            (Node::Text(text), Some((sheet, _))) => sheet.text.push_str(&text),
            (Node::Close(end), Some((sheet, grid))) => match end.name() {
                "p" => sheet.text.push(' '),
                "table-cell" | "covered-table-cell" => sheet.end_cell(),
                "table-row" => sheet.end_row(grid)?,
                "table" => {
                    if let Some((sheet, grid)) = open.take() {
                        left = left.saturating_sub(grid.text());
                        grid.show(composer);
                        for comment in sheet.comments {
                            composer.block(BlockKind::Paragraph, &comment);
                        }
                    }
                }
                _ => {}
            },
            (Node::Open(_) | Node::Text(_) | Node::Close(_), _) => {}
        }
    }
    Ok(())
}

impl Sheet {
    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), Refusal> {
        match tag.name() {
            "table-row" => {
                self.column = 0;
                self.rows = tag.number("number-rows-repeated").unwrap_or(1);
            }
            "table-cell" | "covered-table-cell" => {
                self.text.clear();
                self.columns = tag.number("number-columns-repeated").unwrap_or(1);
                let kind = tag.attribute("value-type");
                self.value = kind.is_some_and(|kind| kind != "string");
            }
            "annotation" => self.comments.push(read_annotation(xml)?),
            "s" | "tab" | "line-break" => self.text.push(' '),
            // text of drawings over the cells does not belong to the cell they are anchored to
            "title" | "desc" | "table-source" | "forms" => xml.skip()?,
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            for further in 0..self.columns.min(MOST_REPEATS) {
                self.cells.push((self.column.saturating_add(further), text.clone(), self.value));
            }
        }
        self.column = self.column.saturating_add(self.columns);
    }

    fn end_row(&mut self, grid: &mut Grid) -> Result<(), Refusal> {
        for further in 0..self.rows.min(MOST_REPEATS) {
            for (column, text, value) in &self.cells {
                grid.add(self.row.saturating_add(further), *column, text, *value)?;
            }
        }
        self.cells.clear();
        self.text.clear();
        self.row = self.row.saturating_add(self.rows);
        Ok(())
    }
}
