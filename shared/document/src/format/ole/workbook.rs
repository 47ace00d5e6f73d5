//! XLS, read by calamine. It builds a full grid for each sheet, so the grid's size is computed first.

use std::io::{Cursor, Read};

use calamine::{Data, DataRef, Reader, Xls};
use message::PartKind;

use crate::composer::Composer;
use crate::format::grid::Grid;
use crate::format::{ooxml, xlsx};
use crate::{Extracted, Refusal, Source};

const FORMAT: &str = "an Excel workbook (XLS)";
/// Maximum number of grid positions in all sheets together.
const MOST_PLACES: usize = 8 << 20;

/// Record types for one cell, or for a range of cells in a row.
const CELLS: [u16; 9] = [0x0203, 0x027e, 0x00fd, 0x0204, 0x0006, 0x0205, 0x00d6, 0x0406, 0x0206];
const CELLS_OF_ROW: u16 = 0x00bd;
const SHEET: u16 = 0x0085;

pub(super) fn read(source: &Source<'_>) -> Result<Extracted, Refusal> {
    guard(source)?;
    let mut workbook: Xls<_> = Xls::new(Cursor::new(source.bytes)).map_err(|error| {
        if matches!(error, calamine::XlsError::Password) {
            return Refusal::Encrypted { format: FORMAT };
        }
        Refusal::Damaged { format: FORMAT, cause: error.to_string() }
    })?;
    let (mut composer, mut left) = (Composer::new(), source.bounds().text);
    for (number, name) in (1..).zip(workbook.sheet_names()) {
        composer.begin_part(PartKind::Sheet, number, Some(&name));
        composer.heading(1, &name);
        let range = workbook
            .worksheet_range(&name)
            .map_err(|error| Refusal::Damaged { format: FORMAT, cause: error.to_string() });
        let Some(range) = ooxml::spare(&mut composer, &name, range)? else { continue };
        let mut grid = Grid::new(left);
        let (top, first) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let at = |from: u32, by: usize| from.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
            let (text, value) = xlsx::value::shown(&borrowed(value), None);
            grid.add(at(top, row), at(first, column), &text, value)?;
        }
        left = left.saturating_sub(grid.text());
        grid.show(&mut composer);
    }
    // the name of the first sheet is not a title
    Ok(Extracted { title: None, ..composer.finish("xls") })
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(time) => DataRef::DateTime(*time),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Counts the grid positions of each named sheet; several names may point to the same sheet.
fn guard(source: &Source<'_>) -> Result<(), Refusal> {
    let Ok(mut file) = cfb::CompoundFile::open(Cursor::new(source.bytes)) else {
        return Err(Refusal::Damaged { format: FORMAT, cause: "its directory cannot be read".to_owned() });
    };
    let books: Vec<_> = file
        .walk()
        .filter(|entry| {
            entry.is_stream() && matches!(entry.name(), "Workbook" | "Book" | "WORKBOOK" | "BOOK")
        })
        .map(|entry| entry.path().to_owned())
        .collect();
    for book in books {
        let Ok(stream) = file.open_stream(&book) else { continue };
        // a stream cannot be longer than the file
        let mut bytes = Vec::new();
        let length = source.bytes.len() as u64;
        if stream.take(length).read_to_end(&mut bytes).is_ok() && places(&bytes) > MOST_PLACES {
            return Err(Refusal::TooComplex { what: "cells that lie too far apart", limit: MOST_PLACES });
        }
    }
    Ok(())
}

fn places(mut records: &[u8]) -> usize {
    let (mut sheets, mut rows, mut columns) = (0_usize, 0_usize, 0_usize);
    while let Some(([a, b, c, d], rest)) = records.split_first_chunk::<4>() {
        let (kind, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let (data, after) = rest.split_at(length.min(rest.len()));
        records = after;
        let number = |at: usize| match data.get(at..at + 2) {
            Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])),
            _ => 0,
        };
        match kind {
            SHEET => sheets += 1,
            CELLS_OF_ROW => {
                rows = rows.max(number(0) + 1);
                columns = columns.max(number(data.len().saturating_sub(2)) + 1);
            }
            _ if CELLS.contains(&kind) => {
                rows = rows.max(number(0) + 1);
                columns = columns.max(number(2) + 1);
            }
            _ => {}
        }
    }
    rows.saturating_mul(columns).saturating_mul(sheets.max(1))
}
