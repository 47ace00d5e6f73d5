//! Document formats: a small trait, one line per format, and [`extract`], which chooses primarily by content.
//!
//! A new format is a file under `format/` and a line in [`formats`].

mod archive;
mod asciidoc;
mod csv;
mod docx;
mod eml;
mod emphasis;
mod epub;
mod flow;
mod grid;
mod html;
mod jats;
mod json;
mod markdown;
mod odf;
mod ole;
mod ooxml;
mod org;
mod package;
mod pdf;
mod pptx;
mod rst;
mod rtf;
mod signature;
mod text;
mod xlsx;
mod xml;
mod xml_document;

use crate::source::Spent;
use crate::{Bounds, Extracted, Refusal, Source, language};

/// Reads one kind of document.
///
/// Every implementation guarantees: the same bytes give the same result; memory and time grow at most linearly with
/// the size; text that a reader would see is not dropped; a document without text gives an [`Extracted`] without
/// text, not a refusal.
pub trait Format: Send + Sync {
    /// The name in document records, e.g. `markdown`.
    fn name(&self) -> &'static str;

    /// Whether the content identifies this format. Cheap: looks only at the start, or at an archive's directory.
    fn by_content(&self, _bytes: &[u8]) -> bool {
        false
    }

    /// Whether the key's extension identifies it; used only when no format recognises the content.
    fn by_name(&self, _key: &str) -> bool {
        false
    }

    /// Reads the document.
    ///
    /// # Errors
    /// The cause, for a person, when it cannot be read.
    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal>;
}

/// The formats in order of recognition: first all by content, then all by name. A document that no format claims and
/// no known signature rejects is read as text.
#[must_use]
pub fn formats() -> &'static [&'static dyn Format] {
    &[
        &pdf::Pdf,
        &docx::Docx,
        &pptx::Pptx,
        &xlsx::Xlsx,
        &odf::TEXT,
        &odf::PRESENTATION,
        &odf::SPREADSHEET,
        &ole::Doc,
        &ole::Ppt,
        &ole::Xls,
        &ole::Msg,
        &ole::Locked,
        &epub::Epub,
        // after all other formats packed as ZIP
        &archive::Zip,
        &archive::Gzip,
        &archive::BZIP2,
        &archive::XZ,
        &archive::ZSTD,
        &archive::Tar,
        &html::Html,
        &rtf::Rtf,
        // a mailbox begins like its first message
        &archive::Mbox,
        &eml::Eml,
        &jats::Jats,
        &xml_document::XmlDocument,
        &json::Json,
        &csv::Csv,
        &markdown::Markdown,
        &rst::Rst,
        &org::Org,
        &asciidoc::AsciiDoc,
        &text::Text,
    ]
}

/// Reads a document within the default [`Bounds`]: see [`extract_within`].
///
/// # Errors
/// As [`extract_within`].
pub fn extract(key: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
    extract_within(&Bounds::default(), key, bytes)
}

/// Reads a document. `key` is the object's key or a file name; only its extension is used, and only as a hint.
///
/// # Errors
/// When there is no extractor for the format, the bytes are not text or cannot be decoded, or reading exceeds
/// `bounds`.
pub fn extract_within(bounds: &Bounds, key: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
    let mut extracted = read(&Source::new(key, bytes, bounds, &Spent::default()))?;
    extracted.language = language::believed(&extracted);
    Ok(extracted)
}

/// Reads a document, or a document within another one.
pub(crate) fn read(source: &Source<'_>) -> Result<Extracted, Refusal> {
    let limit = source.bounds().text;
    let by_content = formats().iter().find(|format| format.by_content(source.bytes));
    let extracted = match (by_content, signature::unsupported(source.bytes)) {
        (Some(format), _) => format.extract(source)?,
        (None, Some(format)) => return Err(Refusal::Unsupported { format }),
        (None, None) => {
            let by_name = formats().iter().find(|format| format.by_name(source.key));
            by_name.map_or_else(|| text::Text.extract(source), |format| format.extract(source))?
        }
    };
    if extracted.text.len() > limit {
        return Err(Refusal::TooMuchText { limit });
    }
    Ok(extracted)
}

/// Whether a key ends in one of the extensions (in lower case, without the dot).
fn has_extension(key: &str, extensions: &[&str]) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.rsplit_once('.')
        .is_some_and(|(_, found)| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Reads a document in a given format, whatever it looks like.
#[cfg(test)]
fn extract_as(format: &dyn Format, bytes: &[u8]) -> Result<Extracted, Refusal> {
    format.extract(&Source::new("", bytes, &Bounds::default(), &Spent::default()))
}

#[cfg(test)]
mod tests;
