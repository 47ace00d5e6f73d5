//! RTF, as a reader sees it: paragraphs, headings by outline level or style, lists with their markers, tables, notes.
//!
//! No maintained library handles the fonts' code pages or tells shown text from hidden (see FORMATS.md), hence this
//! reader. Dropped: pictures, field instructions (their results are shown), page headers and footers, hidden and
//! deleted text, and every destination marked as ignorable. Time and memory grow linearly.

pub(super) mod charset;
mod destination;
mod layout;
mod reader;
mod token;

use self::reader::Reader;
use super::{Format, Source, has_extension, text};
use crate::{Extracted, Refusal};

/// RTF, recognised by its first bytes.
pub(super) struct Rtf;

impl Format for Rtf {
    fn name(&self) -> &'static str {
        "rtf"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        start(bytes).starts_with(b"{\\rtf")
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["rtf"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        if !self.by_content(source.bytes) {
            return text::Text.extract(source);
        }
        let mut reader = Reader::new();
        for token in token::tokens(start(source.bytes)) {
            reader.take(&token)?;
            if reader.is_over() {
                break;
            }
        }
        Ok(reader.finish(self.name()))
    }
}

/// The bytes after a byte order mark and white space.
fn start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

#[cfg(test)]
mod tests;
