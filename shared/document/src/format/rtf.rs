//! RTF as a reader sees it: paragraphs, headings by outline level or style, lists with their markers, tables, notes.
//!
//! Own reader, because none that is kept reads the code pages of fonts or tells what is shown from what is not (see
//! FORMATS.md). Dropped: pictures, fields' instructions (their results are shown), page headers and footers, hidden
//! and deleted text, and each destination that is marked as one to be ignored. Time and memory grow with the size.

mod charset;
mod destination;
mod layout;
mod reader;
mod token;

use self::reader::Reader;
use super::{Format, Source, has_extension, text};
use crate::{Extracted, Refusal};

/// RTF, known by its first bytes.
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

/// What follows a byte order mark and white space.
fn start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

#[cfg(test)]
mod tests;
