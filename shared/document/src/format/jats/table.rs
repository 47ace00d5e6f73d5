//! The tables of an article, in HTML's model.

use crate::Refusal;
use crate::format::xml::{Node, Xml};
use crate::line::Line;

/// Reads an opened table: its rows, and how many of them name the columns.
pub(super) fn read(xml: &mut Xml<'_>) -> Result<(Vec<Vec<String>>, usize), Refusal> {
    let (mut rows, mut header_rows) = (Vec::new(), 0);
    let (mut cells, mut line) = (Vec::new(), Line::new());
    let (mut in_head, mut depth, mut data) = (false, 1_usize, false);
    while depth > 0 {
        match xml.next()? {
            None => break,
            Some(Node::Text(text)) => line.push(&text),
            Some(Node::Open(tag)) => {
                depth += 1;
                match tag.name() {
                    "thead" => in_head = true,
                    "td" | "th" => drop(line.take()),
                    "p" | "break" | "list-item" => line.push(" "),
                    _ => {}
                }
            }
            Some(Node::Close(end)) => {
                depth -= 1;
                match end.name() {
                    "thead" => in_head = false,
                    "td" | "th" => {
                        let text = line.take();
                        data |= end.name() == "td" && !text.is_empty();
                        cells.push(text);
                    }
                    "tr" => {
                        let names_columns = in_head || !data;
                        data = false;
                        header_rows += usize::from(names_columns && rows.len() == header_rows);
                        rows.push(std::mem::take(&mut cells));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok((rows, header_rows))
}
