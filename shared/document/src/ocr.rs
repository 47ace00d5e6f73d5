//! The seam for text recognition: pictures and scanned pages hold text that no extractor sees.
//!
//! Nothing is built in. A recogniser is a file under `ocr/` and a line in [`recognisers`].

use crate::{Extracted, Refusal};

/// Reads the text in pictures.
pub trait Recogniser: Send + Sync {
    /// The name that refusals and logs give it.
    fn name(&self) -> &'static str;

    /// Reads a picture, or a document that is made of pictures.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, bytes: &[u8]) -> Result<Extracted, Refusal>;
}

/// The recognisers, in the order in which they are asked.
fn recognisers() -> &'static [&'static dyn Recogniser] {
    &[]
}

/// Reads what has no text of its own; `what` says, with its article, what it is and what it holds instead.
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
