//! Document formats: one small trait, one line per kind, and [`extract`], which chooses by content first.
//!
//! A new format is a file under `format/` and a line in [`formats`].

mod archive;
mod csv;
mod docx;
mod eml;
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
/// Guarantees asked of each: the same bytes give the same result; memory and time grow with the size of the bytes,
/// never faster; text that a reader would see is not dropped; a document without text is an [`Extracted`] without
/// text, not a refusal.
pub trait Format: Send + Sync {
    /// The name that document records carry, e.g. `markdown`.
    fn name(&self) -> &'static str;

    /// Whether the bytes say that they are of this kind. Cheap: it looks at a head, or at an archive's directory.
    fn by_content(&self, _bytes: &[u8]) -> bool {
        false
    }

    /// Whether the key's ending says so; it counts only where no format knows the bytes.
    fn by_name(&self, _key: &str) -> bool {
        false
    }

    /// Reads the document.
    ///
    /// # Errors
    /// When it cannot be read; the cause is for a person.
    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal>;
}

/// The formats in the order they are asked, first all of them by content, then all by name. What none claims and no
/// known signature refuses is read as text.
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
        &ole::Locked,
        &epub::Epub,
        // behind all formats that are packed as ZIP
        &archive::Zip,
        &archive::Gzip,
        &archive::Tar,
        &html::Html,
        &rtf::Rtf,
        &eml::Eml,
        &jats::Jats,
        &xml_document::XmlDocument,
        &json::Json,
        &csv::Csv,
        &markdown::Markdown,
        &rst::Rst,
        &org::Org,
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

/// Reads a document. `key` is the object's key or a file name; only its ending counts, and only as a hint.
///
/// # Errors
/// When the bytes are of a format without an extractor, are not text, cannot be decoded, or cost more than `bounds`.
pub fn extract_within(bounds: &Bounds, key: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
    let mut extracted = read(&Source::new(key, bytes, bounds, &Spent::default()))?;
    if extracted.language.is_none() {
        extracted.language = language::of(&extracted).map(str::to_owned);
    }
    Ok(extracted)
}

/// Reads a document or a member of one.
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

/// Whether a key ends in one of the extensions (given in lower case, without the dot).
fn has_extension(key: &str, extensions: &[&str]) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.rsplit_once('.')
        .is_some_and(|(_, found)| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Reads a document as one format, whatever it looks like.
#[cfg(test)]
fn extract_as(format: &dyn Format, bytes: &[u8]) -> Result<Extracted, Refusal> {
    format.extract(&Source::new("", bytes, &Bounds::default(), &Spent::default()))
}

#[cfg(test)]
mod tests;
