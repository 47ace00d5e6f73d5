//! Tables: cells after bars, in as many columns as the first row has or the table says. Pure.

use std::collections::HashMap;

use super::inline::plain;

/// More columns are read as that many.
const MOST_COLUMNS: usize = 1_000;

/// A table as rows of cells.
pub(super) struct Table {
    pub(super) rows: Vec<Vec<String>>,
    /// Number of rows that name the columns.
    pub(super) header: usize,
}

impl Table {
    /// Reads the lines between `|===`; `style` is what the line above says.
    pub(super) fn of(style: &str, lines: &[&str], attributes: &HashMap<String, String>) -> Self {
        let mut cells: Vec<String> = Vec::new();
        let mut first_line = 0;
        for line in lines.iter().filter(|line| !line.starts_with("//")) {
            let (before, mut found) = cells_of(line);
            // some writers close the row, too
            if first_line > 0
                && found.len() == first_line + 1
                && found.last().is_some_and(|last| last.trim().is_empty())
            {
                found.pop();
            }
            match cells.last_mut() {
                Some(open) if !before.is_empty() => {
                    open.push(' ');
                    open.push_str(before);
                }
                _ => {}
            }
            cells.extend(found);
            if first_line == 0 {
                first_line = cells.len();
            }
        }
        let columns = columns(style).unwrap_or(first_line).clamp(1, MOST_COLUMNS);
        let shown: Vec<String> = cells.iter().map(|cell| plain(cell.trim(), attributes)).collect();
        let rows: Vec<Vec<String>> = shown.chunks(columns).map(<[String]>::to_vec).collect();
        Self { header: usize::from(rows.len() > 1 && names_columns(style, lines, columns)), rows }
    }
}

/// The text before the first bar, which goes on with the cell of the line before, and the cells of a line.
fn cells_of(line: &str) -> (&str, Vec<String>) {
    let mut pieces = line.split('|');
    let before = pieces.next().unwrap_or_default();
    let mut pieces: Vec<String> = pieces.map(str::to_owned).collect();
    // a bar that a backslash precedes is text
    let mut at = 0;
    while at + 1 < pieces.len() {
        if pieces.get(at).is_some_and(|piece| piece.ends_with('\\')) {
            let next = pieces.remove(at + 1);
            if let Some(piece) = pieces.get_mut(at) {
                piece.pop();
                piece.push('|');
                piece.push_str(&next);
            }
        } else {
            at += 1;
        }
    }
    // what says how the next cell is shown stands at the end of the one before
    let last = pieces.len().saturating_sub(1);
    for piece in pieces.iter_mut().take(last) {
        let kept = piece.trim_end().rsplit_once(char::is_whitespace).map_or(0, |(kept, _)| kept.len());
        let specifier = piece.get(kept..).unwrap_or_default().trim();
        if kept > 0 && is_specifier(specifier) {
            piece.truncate(kept);
        }
    }
    let before = before.trim();
    (if is_specifier(before) { "" } else { before }, pieces)
}

/// Whether this says how a cell is shown: `2+`, `.3+`, `^.^h`, `3*`.
fn is_specifier(text: &str) -> bool {
    let signs = |next: char| next.is_ascii_digit() || matches!(next, '.' | '+' | '*' | '^' | '<' | '>');
    let styled = text.strip_suffix(['a', 'd', 'e', 'h', 'l', 'm', 's', 'v']).unwrap_or(text);
    !styled.is_empty() && styled.chars().all(signs) && styled.contains(['+', '*', '^', '<', '>'])
}

/// The number of columns that `cols` names.
fn columns(style: &str) -> Option<usize> {
    let (_, rest) = style.split_once("cols=")?;
    let list = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => rest.split(',').next().unwrap_or_default(),
    };
    let count = |column: &str| {
        let times = column.trim().split_once('*').and_then(|(times, _)| times.parse::<usize>().ok());
        times.unwrap_or(1).min(MOST_COLUMNS)
    };
    Some(list.split([',', ';']).map(count).sum::<usize>()).filter(|columns| *columns > 0)
}

/// Whether the first row names the columns: the table or each of its cells says so, or an empty line follows it.
fn names_columns(style: &str, lines: &[&str], columns: usize) -> bool {
    if style.contains("%header") || style.contains("options=\"header") || style.contains("opts=\"header") {
        return true;
    }
    let mut lines = lines.iter().skip_while(|line| line.trim().is_empty());
    let Some(first) = lines.next() else { return false };
    let mut specifiers: Vec<&str> =
        first.split('|').map(|piece| piece.rsplit(char::is_whitespace).next().unwrap_or_default()).collect();
    specifiers.pop();
    let are_headings =
        !specifiers.is_empty() && specifiers.iter().all(|one| is_specifier(one) && one.ends_with('h'));
    let stands_alone = lines.next().is_some_and(|next| next.trim().is_empty());
    are_headings || stands_alone && cells_of(first).1.len() == columns
}
