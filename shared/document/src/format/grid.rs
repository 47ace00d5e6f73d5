//! The cells of a sheet as tables: one for each run of rows between empty ones.
//!
//! Only cells with text are kept, and no grid is built that is much larger than their number, because a sheet may
//! have two cells that are a million rows and sixteen thousand columns apart.

use std::collections::BTreeMap;

use crate::composer::Composer;
use crate::{BlockKind, Refusal};

/// Tables up to this number of positions are always laid out, however sparse.
const SMALL: usize = 10_000;
/// A larger table is laid out only if at least one of this many positions has text.
const SPARSEST: usize = 16;

/// A cell with text.
struct Cell {
    column: u32,
    text: String,
    /// Whether it is a number, a date or a boolean, and so not a column name.
    value: bool,
}

/// The cells of one sheet, added row by row.
pub(super) struct Grid {
    rows: Vec<(u32, Vec<Cell>)>,
    /// Bytes of text so far, and the limit.
    text: usize,
    limit: usize,
}

impl Grid {
    /// A grid for at most `limit` bytes of text, because the same text may be in a million cells.
    pub(super) fn new(limit: usize) -> Self {
        Self { rows: Vec::new(), text: 0, limit }
    }

    /// Adds a cell; `value` says that it is a number, a date or a boolean.
    ///
    /// # Errors
    /// When the limit on text is exceeded.
    pub(super) fn add(&mut self, row: u32, column: u32, text: &str, value: bool) -> Result<(), Refusal> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Ok(());
        }
        self.text += text.len() + 1;
        if self.text > self.limit {
            return Err(Refusal::TooMuchText { limit: self.limit });
        }
        let cell = Cell { column, text, value };
        match self.rows.last_mut() {
            Some((last, cells)) if *last == row => cells.push(cell),
            _ => self.rows.push((row, vec![cell])),
        }
        Ok(())
    }

    /// Bytes of text in it.
    pub(super) fn text(&self) -> usize {
        self.text
    }

    /// Writes the tables.
    pub(super) fn show(mut self, composer: &mut Composer) {
        self.rows.sort_by_key(|(row, _)| *row);
        let mut region: Vec<Vec<Cell>> = Vec::new();
        let mut last = None;
        for (row, mut cells) in self.rows {
            cells.sort_by_key(|cell| cell.column);
            match last {
                // parts of one row that arrived separately
                Some(last) if last == row => {
                    if let Some(above) = region.last_mut() {
                        above.append(&mut cells);
                    }
                    continue;
                }
                Some(last) if last + 1 < row => show_region(composer, std::mem::take(&mut region)),
                _ => {}
            }
            region.push(cells);
            last = Some(row);
        }
        show_region(composer, region);
    }
}

/// Writes the rows between two empty ones. Single-cell rows above a wider row are its caption.
fn show_region(composer: &mut Composer, mut rows: Vec<Vec<Cell>>) {
    let widest = rows.iter().map(Vec::len).max().unwrap_or_default();
    let caption = if widest > 1 { rows.iter().take_while(|row| row.len() == 1).count() } else { 0 };
    for row in rows.drain(..caption) {
        for cell in row {
            composer.block(BlockKind::Paragraph, &cell.text);
        }
    }
    if let ([row], true) = (rows.as_slice(), widest == 1) {
        for cell in row {
            composer.block(BlockKind::Paragraph, &cell.text);
        }
        return;
    }
    let names = |row: &Vec<Cell>| row.len() > 1 && row.iter().all(|cell| !cell.value);
    let header = usize::from(rows.len() > 1 && rows.first().is_some_and(names));
    composer.table(&laid_out(rows), header);
}

/// Aligns the cells of rows in columns, without empty columns. If the table is too sparse, the cells of a row simply
/// follow each other.
fn laid_out(rows: Vec<Vec<Cell>>) -> Vec<Vec<String>> {
    let mut columns: BTreeMap<u32, usize> = rows.iter().flatten().map(|cell| (cell.column, 0)).collect();
    for (place, slot) in columns.values_mut().enumerate() {
        *slot = place;
    }
    let cells: usize = rows.iter().map(Vec::len).sum();
    let places = rows.len().saturating_mul(columns.len());
    if places > SMALL.max(cells.saturating_mul(SPARSEST)) {
        return rows.into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect()).collect();
    }
    let lay = |row: Vec<Cell>| {
        let mut laid: Vec<String> = Vec::with_capacity(columns.len());
        for cell in row {
            let place = columns.get(&cell.column).copied().unwrap_or_default();
            laid.resize(laid.len().max(place), String::new());
            laid.push(cell.text);
        }
        laid
    };
    rows.into_iter().map(lay).collect()
}

#[cfg(test)]
mod tests;
