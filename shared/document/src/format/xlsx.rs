//! XLSX and XLSB, as the text that a reader sees: the sheets in order, including hidden ones.
//!
//! Each sheet is a part under its name; then its cells as tables, and its comments, text boxes, charts and diagrams.
//! Cells come from calamine one by one.

mod beside;
pub(in crate::format) mod value;

use std::io::Cursor;

use calamine::{Reader, Sheet, SheetType, Xlsb, Xlsx as Workbook};
use message::PartKind;

use self::beside::Beside;
use super::grid::Grid;
use super::ooxml::{self, Application};
use super::package::Package;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{Extracted, Refusal};

const FORMAT: &str = "an Excel workbook (XLSX)";

/// Excel workbooks and templates, with or without macros, and binary ones.
pub(super) struct Xlsx;

impl Format for Xlsx {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        ooxml::application(bytes) == Some(Application::Excel)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["xlsx", "xlsm", "xltx", "xltm", "xlsb"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut package = Package::open(source, FORMAT)?;
        let main = ooxml::main_part(&mut package, FORMAT, "xl/workbook.xml")?;
        guard(&mut package)?;
        let mut composer = Composer::new();
        ooxml::declare_core_title(&mut package, FORMAT, &mut composer)?;
        let mut extracted = if has_extension(&main, &["bin"]) {
            let mut cells = Binary(Xlsb::new(Cursor::new(source.bytes)).map_err(|error| damaged(&error))?);
            show(source, &mut cells, &mut Beside::none(package), composer)?
        } else {
            let mut cells = Plain(Workbook::new(Cursor::new(source.bytes)).map_err(|error| damaged(&error))?);
            let mut beside = Beside::read(package, &main, &mut composer)?;
            show(source, &mut cells, &mut beside, composer)?
        };
        // the name of the first sheet is not a title
        if !extracted.1 {
            extracted.0.title = None;
        }
        Ok(extracted.0)
    }
}

/// calamine unpacks without bounds, so everything it may read is unpacked and counted here first.
fn guard(package: &mut Package<'_>) -> Result<(), Refusal> {
    for name in package.names() {
        if has_extension(&name, &["xml", "rels", "bin"]) {
            // damage is reported where the part is read
            match package.read(&name) {
                Err(refusal) if refusal.ends_all() => return Err(refusal),
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(())
}

fn damaged(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::Damaged { format: FORMAT, cause: error.to_string() }
}

/// The cells of either kind of workbook.
trait Cells {
    fn sheets(&self) -> Vec<Sheet>;
    fn fill(&mut self, sheet: &str, grid: &mut Grid) -> Result<(), Refusal>;
}

struct Plain<'a>(Workbook<Cursor<&'a [u8]>>);
struct Binary<'a>(Xlsb<Cursor<&'a [u8]>>);

impl Cells for Plain<'_> {
    fn sheets(&self) -> Vec<Sheet> {
        self.0.sheets_metadata().to_vec()
    }

    fn fill(&mut self, sheet: &str, grid: &mut Grid) -> Result<(), Refusal> {
        let mut reader = self.0.worksheet_cells_reader(sheet).map_err(|error| damaged(&error))?;
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|error| damaged(&error))? {
            let style = reader.styles().get(style);
            let format = style.and_then(|style| style.number_format.as_ref());
            let (row, column) = cell.get_position();
            let (text, value) =
                value::shown(cell.get_value(), format.map(|format| format.format_code.as_str()));
            grid.add(row, column, &text, value)?;
        }
        Ok(())
    }
}

impl Cells for Binary<'_> {
    fn sheets(&self) -> Vec<Sheet> {
        self.0.sheets_metadata().to_vec()
    }

    fn fill(&mut self, sheet: &str, grid: &mut Grid) -> Result<(), Refusal> {
        let mut reader = self.0.worksheet_cells_reader(sheet).map_err(|error| damaged(&error))?;
        while let Some(cell) = reader.next_cell().map_err(|error| damaged(&error))? {
            let (row, column) = cell.get_position();
            let (text, value) = value::shown(cell.get_value(), None);
            grid.add(row, column, &text, value)?;
        }
        Ok(())
    }
}

/// Writes all sheets; also returns whether the workbook declares a title.
fn show(
    source: &Source<'_>,
    cells: &mut dyn Cells,
    beside: &mut Beside<'_>,
    mut composer: Composer,
) -> Result<(Extracted, bool), Refusal> {
    let titled = composer.has_title();
    let mut left = source.bounds().text;
    for (number, sheet) in (1..).zip(cells.sheets()) {
        composer.begin_part(PartKind::Sheet, number, Some(&sheet.name));
        composer.heading(1, &sheet.name);
        if matches!(sheet.typ, SheetType::WorkSheet | SheetType::MacroSheet) {
            let mut grid = Grid::new(left);
            let filled = cells.fill(&sheet.name, &mut grid);
            left = left.saturating_sub(grid.text());
            grid.show(&mut composer);
            ooxml::spare(&mut composer, &sheet.name, filled)?;
        }
        beside.show(&sheet.name, &mut composer)?;
    }
    Ok((composer.finish("xlsx"), titled))
}

#[cfg(test)]
mod tests;
