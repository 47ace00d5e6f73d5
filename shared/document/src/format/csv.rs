//! Tables as text: CSV and similar formats (TSV, semicolons, pipes), one line per row.
//!
//! The delimiter is the one for which most rows of a sample have the same number of cells; without one, the file has
//! a single column. Ragged rows stay as they are. Single-cell lines above a wider table are its title. The first row
//! is a header if it looks like names: no numbers, most cells filled; so is a second row that begins empty.

mod dialect;

use csv::ReaderBuilder;

use self::dialect::Dialect;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// Tables, recognised by the file extension, because prose contains commas too.
pub(super) struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["csv", "tsv", "tab"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let text = encoding::decode(source.bytes, None)?;
        let (declared, body) = dialect::declared(&text);
        let dialect = Dialect::of(body, declared, has_extension(source.key, &["tsv", "tab"]));
        let rows = rows(body, dialect);
        drop(text);
        let mut composer = Composer::new();
        let titles = titles(&rows);
        let (above, table) = rows.split_at(titles);
        for row in above {
            composer.block(BlockKind::Paragraph, &row.join(" "));
        }
        composer.table(table, header_rows(table));
        Ok(composer.finish(self.name()))
    }
}

/// The non-empty rows.
fn rows(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quoting(dialect.quoting)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    // reading text from memory cannot fail
    for record in reader.records().flatten() {
        let row: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
        if row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    rows
}

/// The number of rows at the top with only a first cell, where the row after them has more.
fn titles(rows: &[Vec<String>]) -> usize {
    let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.is_empty()).count();
    let is_title = |row: &&Vec<String>| filled(row) == 1 && row.first().is_some_and(|cell| !cell.is_empty());
    let titles = rows.iter().take_while(is_title).count();
    if titles < rows.len() { titles } else { 0 }
}

/// The number of rows at the top that name the columns.
fn header_rows(rows: &[Vec<String>]) -> usize {
    let (Some(first), true) = (rows.first(), rows.len() > 1) else { return 0 };
    let filled = first.iter().filter(|cell| !cell.is_empty()).count();
    if first.len() < 2 || filled * 2 < first.len() || !names(first) {
        return 0;
    }
    let refined = rows.len() > 2
        && rows.get(1).is_some_and(|second| second.first().is_some_and(String::is_empty) && names(second));
    if refined { 2 } else { 1 }
}

/// Whether no cell of a row is a number, an amount or a date.
fn names(row: &[String]) -> bool {
    let is_value = |cell: &String| {
        let digits = cell.chars().filter(char::is_ascii_digit).count();
        let letters = cell.chars().filter(|character| character.is_alphabetic()).count();
        digits > 0 && letters == 0
    };
    !row.iter().any(is_value)
}

#[cfg(test)]
mod tests;
