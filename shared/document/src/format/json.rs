//! JSON, including one record per line (NDJSON, JSON Lines), as lines that a search can find: each value with its
//! keys before it.
//!
//! An object or array of up to [`SMALL_BYTES`] is one block with a line per value: `address > city: Paris`. A larger
//! one is read value by value with its key as a heading, so that each passage says where it belongs. Strings in a
//! large array form a list; short values in a small one share a line. Numbers stay as written; null, empty strings
//! and empty arrays are not shown. Jupyter notebooks are read as their cells. Text that only resembles JSON
//! (comments, a truncated end) is read as text.

mod notebook;
mod scan;
mod writer;

use serde::de::IgnoredAny;

use self::writer::Writer;
use super::{Format, Source, has_extension, text};
use crate::{BlockKind, Extracted, Refusal, encoding};

/// An object or array of up to this many bytes is one block.
const SMALL_BYTES: usize = 1_500;

/// JSON, recognised by being valid JSON.
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let is_record = |line: Option<&[u8]>| line.is_some_and(is_container);
        // cheap checks first: the first byte rules out most files, the first line most others
        bytes.starts_with(b"{")
            && bytes.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'"')
            && (is_record(lines.next()) && is_record(lines.next()) || is_container(bytes))
            || bytes.starts_with(b"[") && is_container(bytes)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["json", "jsonl", "ndjson", "geojson", "jsonld", "ipynb"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let json = encoding::decode(source.bytes, None)?;
        if is_json(&json) {
            if let Some(notebook) = notebook::read(&json)? {
                return Ok(notebook);
            }
            let mut writer = Writer::default();
            writer.value(&json)?;
            return Ok(writer.finish(self.name()));
        }
        let mut lines = json.lines().filter(|line| !line.trim().is_empty());
        let is_record = |line: Option<&str>| line.is_some_and(|line| is_container(line.as_bytes()));
        if is_record(lines.next()) && is_record(lines.next()) {
            return records(&json);
        }
        text::Text.extract(source)
    }
}

/// Reads one record per line; a line that is not JSON is kept as it is.
fn records(lines: &str) -> Result<Extracted, Refusal> {
    let mut writer = Writer::default();
    for line in lines.lines() {
        if is_json(line) {
            writer.value(line)?;
        } else {
            writer.composer.block(BlockKind::Paragraph, line);
        }
    }
    let mut extracted = writer.finish("ndjson");
    extracted.title = None;
    Ok(extracted)
}

/// Whether a text is valid JSON; without recursion, whatever its depth.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn is_container(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests;
