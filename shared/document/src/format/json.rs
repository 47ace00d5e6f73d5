//! JSON, a record a line (NDJSON, JSON Lines) too, as lines that a search finds: each value with its keys before it.
//!
//! An object or array of up to [`SMALL_BYTES`] is one block, a line a value: `address > city: Paris`. A larger one is
//! read value by value, its key as a heading, so that every passage of it says where it belongs. Texts in a large array
//! are a list; short values in a small one share a line. Numbers stay as written; null, empty texts and empty
//! arrays say nothing and are not shown. Jupyter notebooks are read as their cells. What only looks like JSON (comments, a cut
//! end) is read as text.

mod notebook;
mod scan;
mod writer;

use serde::de::IgnoredAny;

use self::writer::Writer;
use super::{Format, Source, has_extension, text};
use crate::{BlockKind, Extracted, Refusal, encoding};

/// An object or array of so many bytes is one block.
const SMALL_BYTES: usize = 1_500;

/// JSON, known by being it.
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let is_record = |line: Option<&[u8]>| line.is_some_and(is_container);
        // most files are told by their first byte, most of the rest by their first line
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

/// Reads a record a line; a line that is none is kept as it stands.
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

/// Whether a text is JSON; without recursion, however deep it is.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn is_container(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests;
