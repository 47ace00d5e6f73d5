//! Why a document cannot be read. Each cause is one a person agrees with, and ends as the cause of a dead letter.

/// A document that this version does not read. The caller refuses it; trying again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are of a known format without an extractor.
    #[error(
        "this is {format}, which is not supported yet; store its text as plain text, markdown or html, or exclude its prefix"
    )]
    Unsupported {
        /// The format with its article, e.g. `a PDF document`.
        format: &'static str,
    },
    /// The bytes are not text in any encoding.
    #[error(
        "this is binary data, not text ({sign}); store text, or exclude its prefix from what is ingested"
    )]
    NotText {
        /// What gave it away.
        sign: &'static str,
    },
    /// The bytes look like text, but no encoding reads them.
    #[error(
        "the text cannot be decoded: {encoding} fits best, and {damaged} of {characters} characters are damaged in it; store it as utf-8"
    )]
    Undecodable {
        /// The best guess, by its WHATWG name.
        encoding: &'static str,
        /// Characters that the guess cannot read.
        damaged: usize,
        /// All characters read with the guess.
        characters: usize,
    },
    /// The markup is built to exhaust its reader.
    #[error("the markup has {what}, more than the {limit} that are read; simplify it, or store its text")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// The largest number that is read.
        limit: usize,
    },
}
