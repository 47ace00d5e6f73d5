//! The interface for text recognition (OCR): pictures and scanned pages contain text that no extractor sees.
//!
//! None is built in. To add one: a file under `ocr/` and a line in [`recognisers`].

use crate::{Extracted, Refusal};

/// Reads the text in pictures.
pub trait Recogniser: Send + Sync {
    /// The name in refusals and logs.
    fn name(&self) -> &'static str;

    /// Reads a picture, or a document made of pictures.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, bytes: &[u8]) -> Result<Extracted, Refusal>;
}

/// The recognisers, in the order in which they are tried.
fn recognisers() -> &'static [&'static dyn Recogniser] {
    &[]
}

/// Reads a document without text of its own; `what` describes, with an article, what it is and what it contains
/// instead.
///
/// # Errors
/// When there is no recogniser, or none can read it.
pub(crate) fn recognise(what: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
    let mut refusal = Refusal::NoTextLayer { what: what.to_owned() };
    for recogniser in recognisers() {
        match recogniser.read(bytes) {
            Ok(extracted) => return Ok(extracted),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
