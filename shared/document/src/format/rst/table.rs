//! Tables drawn with characters.

use super::inline;

/// The rows, how many of them name the columns, and the table's number of lines.
type Table = (Vec<Vec<String>>, usize, usize);

/// A table with a frame around each cell. Spanning cells are read as normal ones.
pub(super) fn grid(lines: &[&str]) -> Option<Table> {
    let is_border = |line: &str| line.starts_with('+') && line.ends_with('+') && line.len() > 2;
    lines.first().filter(|line| is_border(line) && line.contains(['-', '=']))?;
    let length = lines.iter().take_while(|line| line.starts_with(['+', '|'])).count();
    let (mut rows, mut row, mut header) = (Vec::new(), Vec::new(), 0);
    for line in lines.get(1..length)? {
        if is_border(line) && line.bytes().all(|byte| matches!(byte, b'+' | b'-' | b'=' | b' ')) {
            rows.push(cells(&std::mem::take(&mut row)));
            header = if line.contains('=') { rows.len() } else { header };
            continue;
        }
        let parts = line.trim_matches('|').split('|').map(|part| part.trim_matches(['-', '+']).trim());
        for (at, part) in parts.enumerate() {
            append(&mut row, at, part);
        }
    }
    rows.push(cells(&row));
    (length > 2).then_some((rows, header, length))
}

/// A table whose columns are shown only by rows of `=`.
pub(super) fn simple(lines: &[&str]) -> Option<Table> {
    let border = lines.first().filter(|line| is_border(line))?;
    let starts: Vec<usize> = border
        .char_indices()
        .filter(|(at, mark)| *mark == '=' && (*at == 0 || border.as_bytes().get(at - 1) == Some(&b' ')))
        .map(|(at, _)| at)
        .collect();
    // The table ends at the row of `=` that a blank line follows.
    let borders: Vec<usize> = lines
        .iter()
        .enumerate()
        .scan(false, |ended, (at, line)| {
            let ends = std::mem::replace(
                ended,
                is_border(line) && at > 0 && lines.get(at + 1).is_none_or(|next| next.is_empty()),
            );
            (!ends).then_some((at, line))
        })
        .filter(|(_, line)| is_border(line))
        .map(|(at, _)| at)
        .collect();
    let last = *borders.last().filter(|_| borders.len() > 1)?;
    let (mut rows, mut row, mut header): (Vec<Vec<String>>, Vec<String>, usize) = (Vec::new(), Vec::new(), 0);
    for (at, line) in lines.iter().enumerate().take(last).skip(1) {
        // A rule ends a row, and one of `=` also ends the header.
        let is_rule = line.len() > 2 && line.bytes().all(|byte| matches!(byte, b'=' | b'-' | b' '));
        let begins = !line.is_empty() && !line.starts_with(' ');
        if (is_rule || begins) && !row.is_empty() {
            rows.push(cells(&std::mem::take(&mut row)));
        }
        if is_rule {
            header = if borders.binary_search(&at).is_ok() { rows.len() } else { header };
            continue;
        }
        for (column, part) in columns(line, &starts).into_iter().enumerate() {
            append(&mut row, column, part.trim());
        }
    }
    rows.push(cells(&row));
    Some((rows, header, last + 1))
}

fn is_border(line: &str) -> bool {
    line.starts_with('=') && line.contains("= ") && line.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// Splits a line at the starts of its columns; the last column extends to the end.
fn columns<'a>(line: &'a str, starts: &[usize]) -> Vec<&'a str> {
    let offset = |at: &usize| line.char_indices().nth(*at).map_or(line.len(), |(offset, _)| offset);
    let offsets: Vec<usize> = starts.iter().map(offset).chain([line.len()]).collect();
    offsets.windows(2).filter_map(|pair| line.get(*pair.first()?..*pair.last()?)).collect()
}

fn append(row: &mut Vec<String>, at: usize, part: &str) {
    if row.len() <= at {
        row.resize(at + 1, String::new());
    }
    if let Some(cell) = row.get_mut(at).filter(|_| !part.is_empty()) {
        if !cell.is_empty() {
            cell.push('\n');
        }
        cell.push_str(part);
    }
}

fn cells(row: &[String]) -> Vec<String> {
    row.iter().map(|cell| inline::plain(cell)).collect()
}
