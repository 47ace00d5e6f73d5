//! Bytes to passages. Pure, and as heavy as the document is long: called on a blocking thread.

use std::sync::Arc;

use document::{Split, Splitter, Tokens, extract};
use message::{DocumentId, LeftOut, Part, Status};

/// What a document says.
#[derive(Debug)]
pub struct Reading {
    /// Live, empty or refused.
    pub status: Status,
    /// Why it is refused.
    pub cause: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its format.
    pub format: Option<String>,
    /// The language of most of its text.
    pub language: Option<String>,
    /// Its passages in reading order.
    pub splits: Vec<Split>,
    /// Its pages, slides, sheets and members.
    pub parts: Vec<Part>,
    /// What within it could not be read.
    pub left_out: Vec<LeftOut>,
}

impl Reading {
    /// A document that cannot be read.
    #[must_use]
    pub fn refused(cause: String) -> Self {
        Self {
            status: Status::Refused,
            cause: Some(cause),
            title: None,
            format: None,
            language: None,
            splits: Vec::new(),
            parts: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// Reads and splits a document; never fails: what cannot be read is refused with its cause.
#[must_use]
pub fn read(splitter: &Splitter<Arc<dyn Tokens>>, document: &DocumentId, bytes: &[u8]) -> Reading {
    let extracted = match extract(document.key(), bytes) {
        Ok(extracted) => extracted,
        Err(refusal) => return Reading::refused(refusal.to_string()),
    };
    let splits = match splitter.split(document, &extracted) {
        Ok(splits) => splits,
        Err(unsplittable) => return Reading::refused(unsplittable.to_string()),
    };
    let status = if splits.is_empty() { Status::Empty } else { Status::Live };
    Reading {
        status,
        cause: None,
        title: extracted.title,
        format: Some(extracted.format),
        language: extracted.language,
        splits,
        parts: extracted.parts,
        left_out: extracted.left_out,
    }
}
