//! Tables of data: one line a row, cells separated by ` | `.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::Node;

use super::element::{Role, name, role};
use crate::line::Line;

/// The rows of a table; nothing when it lays out a page instead of holding data: it holds tables, headings or
/// pre-formatted text, or has a single column.
pub(super) fn rows(table: NodeRef<'_, Node>) -> Option<Vec<String>> {
    let lays_out = table.descendants().skip(1).any(|node| {
        matches!(role(node), Role::Table | Role::Heading(_) | Role::Preformatted)
            || matches!(name(node), Some("main" | "article"))
    });
    if lays_out {
        return None;
    }
    let mut reader = Rows { line: Line::new(), cells: Vec::new(), lines: Vec::new(), widest: 0 };
    let mut skipped = None;
    for edge in table.traverse() {
        match edge {
            Edge::Open(_) if skipped.is_some() => {}
            Edge::Open(node) => match (role(node), node.value().as_text()) {
                (_, Some(text)) => reader.line.push(text),
                (Role::Dropped, None) => skipped = Some(node.id()),
                (Role::Inline, None) => {}
                _ => reader.line.push(" "),
            },
            Edge::Close(node) if skipped == Some(node.id()) => skipped = None,
            Edge::Close(_) if skipped.is_some() => {}
            Edge::Close(node) => reader.close(node),
        }
    }
    reader.end_row();
    (reader.widest > 1).then_some(reader.lines)
}

struct Rows {
    line: Line,
    cells: Vec<String>,
    lines: Vec<String>,
    /// Most cells with text in one row.
    widest: usize,
}

impl Rows {
    fn close(&mut self, node: NodeRef<'_, Node>) {
        match name(node) {
            Some("td" | "th") => self.cells.push(self.line.take()),
            Some("tr" | "caption") => self.end_row(),
            _ if role(node) != Role::Inline => self.line.push(" "),
            _ => {}
        }
    }

    /// Text that stands outside of any cell, such as a caption, is a cell of its own.
    fn end_row(&mut self) {
        let stray = self.line.take();
        if !stray.is_empty() {
            self.cells.push(stray);
        }
        if let Some(last) = self.cells.iter().rposition(|cell| !cell.is_empty()) {
            self.cells.truncate(last + 1);
            self.widest = self.widest.max(self.cells.iter().filter(|cell| !cell.is_empty()).count());
            self.lines.push(self.cells.join(" | "));
        }
        self.cells.clear();
    }
}
