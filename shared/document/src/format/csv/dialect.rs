//! How a table is written: its delimiter, and whether quotes have a meaning.

use csv::ReaderBuilder;

/// Size of the sample in bytes.
const SAMPLE_BYTES: usize = 64 * 1_024;
/// In order of preference.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Minimum percentage of rows with the same number of cells.
const ALIKE_PERCENT: usize = 50;
/// A delimiter that separates nothing: a control character that does not occur in text.
const NONE: u8 = 0x1f;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The delimiter.
    pub(super) delimiter: u8,
    /// Whether a cell in quotes may hold delimiters and line breaks.
    pub(super) quoting: bool,
}

impl Dialect {
    /// Detects the dialect. `declared` wins; if the file name promises tabs, any tab is enough.
    pub(super) fn of(text: &str, declared: Option<u8>, tabs: bool) -> Self {
        // with an odd number of quotes, one would swallow everything after it
        let quoting = text.bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2);
        let sample = sample(text);
        let delimiter = match declared {
            Some(delimiter) => delimiter,
            None if tabs && sample.contains('\t') => b'\t',
            None => likely(sample, quoting).unwrap_or(NONE),
        };
        Self { delimiter, quoting }
    }
}

/// The delimiter declared by Excel's first line (`sep=;`), and the text after that line.
pub(super) fn declared(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end_matches('"').trim_start_matches('"').as_bytes() {
        [b's', b'e', b'p', b'=', delimiter] if delimiter.is_ascii() => (Some(*delimiter), rest),
        _ => (None, text),
    }
}

/// The start of a text, whole lines if there are any.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let head = text.get(..text.floor_char_boundary(SAMPLE_BYTES)).unwrap_or_default();
    head.rfind('\n').and_then(|end| head.get(..end)).unwrap_or(head)
}

/// The delimiter for which the most rows have the same number of cells; among equals the one with more cells.
fn likely(sample: &str, quoting: bool) -> Option<u8> {
    let mut best: Option<((usize, usize), u8)> = None;
    for delimiter in DELIMITERS {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .quoting(quoting)
            .from_reader(sample.as_bytes());
        let mut widths: Vec<usize> = reader.byte_records().flatten().map(|record| record.len()).collect();
        widths.sort_unstable();
        let commonest = widths.chunk_by(|a, b| a == b).max_by_key(|alike| (alike.len(), alike.first()));
        let Some((count, width)) = commonest.and_then(|alike| Some((alike.len(), *alike.first()?))) else {
            continue;
        };
        let percent = count * 100 / widths.len().max(1);
        if width > 1 && percent >= ALIKE_PERCENT && best.is_none_or(|(score, _)| (percent, width) > score) {
            best = Some(((percent, width), delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}
