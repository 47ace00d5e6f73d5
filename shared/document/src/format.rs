//! Document formats: one small trait, one line per kind, and [`extract`], which chooses by content first.
//!
//! A new format is a file under `format/` and a line in [`formats`].

mod html;
mod markdown;
mod signature;
mod text;

use crate::{Extracted, Refusal};

/// Reads one kind of document.
///
/// Guarantees asked of each: the same bytes give the same result; memory and time grow with the size of the bytes,
/// never faster; text that a reader would see is not dropped; a document without text is an [`Extracted`] without
/// text, not a refusal.
pub trait Format: Send + Sync {
    /// The name that document records carry, e.g. `markdown`.
    fn name(&self) -> &'static str;

    /// Whether the document is of this kind, by its content or, as a hint, by its key.
    fn recognises(&self, key: &str, bytes: &[u8]) -> bool;

    /// Reads the document.
    ///
    /// # Errors
    /// When it cannot be read; the cause is for a person.
    fn extract(&self, bytes: &[u8]) -> Result<Extracted, Refusal>;
}

/// The formats in the order they are asked; the last one takes any text.
#[must_use]
pub fn formats() -> &'static [&'static dyn Format] {
    &[&html::Html, &markdown::Markdown, &text::Text]
}

/// Reads a document. `key` is the object's key or a file name; only its ending counts, and only as a hint.
///
/// # Errors
/// When the bytes are of a format without an extractor, are not text, or cannot be decoded.
pub fn extract(key: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
    if let Some(format) = signature::unsupported(bytes) {
        return Err(Refusal::Unsupported { format });
    }
    let chosen = formats().iter().find(|format| format.recognises(key, bytes));
    chosen.map_or_else(|| text::Text.extract(bytes), |format| format.extract(bytes))
}

/// Whether a key ends in one of the extensions (given in lower case, without the dot).
fn has_extension(key: &str, extensions: &[&str]) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.rsplit_once('.')
        .is_some_and(|(_, found)| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests;
