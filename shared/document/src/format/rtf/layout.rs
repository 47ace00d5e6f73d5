//! Arranges paragraphs, list items and table cells.

use crate::BlockKind;
use crate::composer::Composer;

/// Maximum indentation of lists; the format has no more levels.
const DEEPEST_LIST: usize = 9;

/// The role of a paragraph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Level of a heading, from 1.
    pub(super) heading: Option<u8>,
    /// Whether it is a list item, and its depth.
    pub(super) listed: bool,
    pub(super) level: usize,
    pub(super) in_table: bool,
}

/// Assembles the document.
pub(super) struct Layout {
    composer: Composer,
    lists: usize,
    rows: Vec<Vec<String>>,
    cells: Vec<String>,
    /// The paragraphs of the open cell.
    cell: String,
    header_rows: usize,
    /// Whether the open row names the columns.
    names_columns: bool,
}

impl Layout {
    pub(super) fn new() -> Self {
        Self {
            composer: Composer::new(),
            lists: 0,
            rows: Vec::new(),
            cells: Vec::new(),
            cell: String::new(),
            header_rows: 0,
            names_columns: false,
        }
    }

    pub(super) fn title(&mut self, title: &str) {
        self.composer.declare_title(title);
    }

    /// Begins a row's definition.
    pub(super) fn begin_row(&mut self) {
        self.names_columns = false;
    }

    pub(super) fn row_names_columns(&mut self) {
        self.names_columns = true;
    }

    /// Adds a paragraph; `marker` is its list marker.
    pub(super) fn paragraph(&mut self, text: &str, marker: &str, shape: Shape) {
        let text = self.shown(text);
        if shape.in_table {
            self.add_to_cell(&format!("{} {text}", marker.trim()));
            return;
        }
        self.end_table();
        let marker_is_blank = marker.trim().is_empty();
        let numbered = marker.chars().any(char::is_alphanumeric) && marker.trim() != "o";
        let marker = if numbered { format!("{} ", marker.trim()) } else { "- ".to_owned() };
        if let Some(level) = shape.heading {
            self.indent(0);
            let text = if numbered { format!("{marker}{text}") } else { text };
            self.composer.heading(level, &text);
        } else if (shape.listed || !marker_is_blank) && !text.is_empty() {
            self.indent(shape.level.saturating_add(1));
            self.composer.block(BlockKind::ListItem, &format!("{marker}{text}"));
        } else {
            self.indent(0);
            self.composer.block(BlockKind::Paragraph, &text);
        }
    }

    pub(super) fn end_cell(&mut self, text: &str) {
        let text = self.shown(text);
        self.add_to_cell(&text);
        self.cells.push(std::mem::take(&mut self.cell));
    }

    pub(super) fn end_row(&mut self) {
        if !self.cell.is_empty() {
            self.cells.push(std::mem::take(&mut self.cell));
        }
        if self.names_columns && self.rows.len() == self.header_rows {
            self.header_rows += 1;
        }
        self.rows.push(std::mem::take(&mut self.cells));
    }

    /// Whether there is no text yet.
    pub(super) fn is_empty(&self) -> bool {
        self.composer.is_empty() && self.rows.is_empty() && self.cells.is_empty() && self.cell.is_empty()
    }

    pub(super) fn finish(mut self, format: &'static str) -> crate::Extracted {
        self.end_table();
        self.composer.finish(format)
    }

    /// The text with white space as displayed.
    fn shown(&mut self, text: &str) -> String {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.composer.line_break();
            }
            self.composer.inline(line);
        }
        self.composer.take_line()
    }

    fn add_to_cell(&mut self, text: &str) {
        if !self.cell.is_empty() {
            self.cell.push('\n');
        }
        self.cell.push_str(text.trim());
    }

    fn end_table(&mut self) {
        if !self.cells.is_empty() || !self.cell.is_empty() {
            self.end_row();
        }
        let (rows, header_rows) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.header_rows));
        if rows.is_empty() {
            return;
        }
        self.indent(0);
        let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.trim().is_empty()).count();
        if rows.iter().any(|row| filled(row) > 1) {
            return self.composer.table(&rows, header_rows);
        }
        // single-cell rows are only a frame around text
        for paragraph in rows.iter().flatten().flat_map(|cell| cell.split('\n')) {
            self.composer.block(BlockKind::Paragraph, paragraph);
        }
    }

    fn indent(&mut self, level: usize) {
        let level = level.min(DEEPEST_LIST);
        while self.lists < level {
            self.composer.open_list(None);
            self.lists += 1;
        }
        while self.lists > level {
            self.composer.close_list();
            self.lists -= 1;
        }
    }
}
