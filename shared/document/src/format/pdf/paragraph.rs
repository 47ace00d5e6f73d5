//! Joins lines to paragraphs.

use super::row::Piece;
use crate::line::Line;

/// Marks that begin a list item.
const BULLETS: &[char] = &['•', '‣', '▪', '◦', '●', '○', '■', '–', '-', '*'];
/// The soft hyphen, at which a word may be broken.
const SOFT_HYPHEN: char = '\u{ad}';

/// A paragraph, and the position of its first line.
#[derive(Clone, Debug)]
pub(super) struct Paragraph {
    pub(super) text: String,
    pub(super) base: i64,
    pub(super) lines: usize,
}

/// Joins the lines of a column, given in order.
pub(super) fn join(lines: Vec<Piece>) -> Vec<Paragraph> {
    let pitch = pitch(&lines);
    let right = lines.iter().map(|line| line.end).max().unwrap_or_default();
    let mut paragraphs = Vec::new();
    let mut open: Option<(Vec<String>, i64)> = None;
    let mut last: Option<Piece> = None;
    for line in lines {
        let starts = last.as_ref().is_none_or(|last| begins(last, &line, pitch, right));
        if starts {
            paragraphs.extend(open.take().map(close));
        }
        let (texts, _) = open.get_or_insert_with(|| (Vec::new(), line.base));
        texts.push(line.text.clone());
        last = Some(line);
    }
    paragraphs.extend(open.take().map(close));
    paragraphs
}

/// The most common distance between lines.
fn pitch(lines: &[Piece]) -> i64 {
    let mut distances: Vec<i64> = lines
        .iter()
        .zip(lines.iter().skip(1))
        .map(|(above, below)| below.base - above.base)
        .filter(|distance| *distance > 0)
        .collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or_default()
}

/// Whether a line starts a new paragraph.
fn begins(above: &Piece, line: &Piece, pitch: i64, right: i64) -> bool {
    let size = line.size.min(above.size).max(1);
    let distance = line.base - above.base;
    let is_apart = distance < 0 || distance > size * 23 / 10 || distance > (pitch * 13 / 10).max(size);
    let is_other_size = (line.size - above.size).abs() * 100 > size * 12;
    let is_indented = line.start - above.start > size * 8 / 10;
    let ends_short =
        right - above.end > size * 6 && above.text.ends_with(['.', '!', '?', ':', '。', '！', '？']);
    let is_item = line.text.starts_with(BULLETS) && line.text.chars().nth(1).is_none_or(|next| next == ' ');
    is_apart || is_other_size || (is_indented && ends_sentence(above)) || ends_short || is_item
}

fn ends_sentence(line: &Piece) -> bool {
    line.text.ends_with(|last: char| !last.is_alphanumeric() && last != '-' && last != ',')
}

fn close((lines, base): (Vec<String>, i64)) -> Paragraph {
    let count = lines.len();
    let mut joined = Line::new();
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().and_then(|next| next.chars().next());
        match (broken_word(line), next) {
            (Some(start), Some(next)) if next.is_lowercase() => joined.push(start),
            _ => {
                joined.push(line);
                joined.push("\n");
            }
        }
    }
    let text = joined.take().replace(SOFT_HYPHEN, "");
    Paragraph { text, base, lines: count }
}

/// The line without its final hyphen, if that breaks a word.
fn broken_word(line: &str) -> Option<&str> {
    let start = line.strip_suffix(['-', '\u{2010}', SOFT_HYPHEN])?;
    start.ends_with(char::is_alphabetic).then_some(start)
}
