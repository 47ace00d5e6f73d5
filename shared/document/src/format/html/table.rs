//! Data tables: one line per row, cells separated by ` | `.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::Node;

use super::element::{Role, alternative, name, role};
use crate::line::Line;

/// A data table.
#[derive(Default)]
pub(super) struct Table {
    /// Its rows, each with its cells.
    pub(super) rows: Vec<Vec<String>>,
    /// How many of its first rows name the columns: its caption, and rows of only `<th>` or in `<thead>`.
    pub(super) header_rows: usize,
}

/// The rows of a table; none for a layout table: one that says so, contains tables, headings or pre-formatted text,
/// or has a single column.
pub(super) fn read(table: NodeRef<'_, Node>) -> Option<Table> {
    let says_so = table.value().as_element().and_then(|table| table.attr("role"));
    let lays_out = table.descendants().skip(1).any(|node| {
        matches!(role(node), Role::Table | Role::Heading(_) | Role::Preformatted)
            || matches!(name(node), Some("main" | "article"))
    });
    if lays_out || matches!(says_so, Some("presentation" | "none")) {
        return None;
    }
    let mut reader =
        Rows { line: Line::new(), cells: Vec::new(), table: Table::default(), widest: 0, data: 0 };
    let mut skipped = None;
    for edge in table.traverse() {
        match edge {
            Edge::Open(_) if skipped.is_some() => {}
            Edge::Open(node) => match (role(node), node.value().as_text()) {
                (_, Some(text)) => reader.line.push(text),
                (Role::Dropped, None) => skipped = Some(node.id()),
                (Role::Inline, None) => {}
                (Role::Image, None) => reader.line.push(&format!(" {} ", alternative(node))),
                _ => reader.line.push(" "),
            },
            Edge::Close(node) if skipped == Some(node.id()) => skipped = None,
            Edge::Close(_) if skipped.is_some() => {}
            Edge::Close(node) => reader.close(node),
        }
    }
    reader.end_row(false);
    (reader.widest > 1).then_some(reader.table)
}

struct Rows {
    line: Line,
    cells: Vec<String>,
    table: Table,
    /// The largest number of non-empty cells in a row.
    widest: usize,
    /// Number of non-empty data cells in the open row.
    data: usize,
}

impl Rows {
    fn close(&mut self, node: NodeRef<'_, Node>) {
        match name(node) {
            Some(cell @ ("td" | "th")) => {
                let text = self.line.take();
                self.data += usize::from(cell == "td" && !text.is_empty());
                self.cells.push(text);
            }
            Some("caption") => self.end_row(true),
            Some("tr") => {
                let in_head = node.parent().and_then(|parent| name(parent)) == Some("thead");
                self.end_row(in_head || self.data == 0);
            }
            _ if role(node) != Role::Inline => self.line.push(" "),
            _ => {}
        }
    }

    /// Text outside of any cell, such as a caption, becomes a cell of its own.
    fn end_row(&mut self, names_columns: bool) {
        let stray = self.line.take();
        if !stray.is_empty() {
            self.cells.push(stray);
        }
        let (cells, rows) = (std::mem::take(&mut self.cells), &mut self.table.rows);
        self.data = 0;
        let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
        if filled > 0 {
            if names_columns && rows.len() == self.table.header_rows {
                self.table.header_rows += 1;
            }
            self.widest = self.widest.max(filled);
            rows.push(cells);
        }
    }
}
