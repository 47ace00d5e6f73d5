//! Bytes to passages: an extractor reads the document, wherever it does so, and what it gives is split here.

use std::sync::Arc;

use bytes::Bytes;
use document::{Extracted, Split, Splitter, Tokens, shortened};
use message::{DocumentId, LeftOut, Part, Status};
use sandbox::{Extractor, Unread};
use stream::Trouble;

/// What a document says.
#[derive(Debug)]
pub struct DocumentReading {
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

impl DocumentReading {
    /// A document that cannot be read. Of a long cause the beginning is kept: it may hold a name as long as the file.
    #[must_use]
    pub fn refused(cause: &str) -> Self {
        Self {
            status: Status::Refused,
            cause: Some(shortened(cause).into_owned()),
            title: None,
            format: None,
            language: None,
            splits: Vec::new(),
            parts: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// Reads documents and splits them.
pub struct DocumentReader<E> {
    extractor: E,
    splitter: Arc<Splitter<Arc<dyn Tokens>>>,
}

impl<E: Extractor> DocumentReader<E> {
    /// A reader that lets `extractor` read and splits with `splitter`.
    pub fn new(extractor: E, splitter: Splitter<Arc<dyn Tokens>>) -> Self {
        Self { extractor, splitter: Arc::new(splitter) }
    }

    /// Reads and splits a document; what cannot be read is refused with its cause.
    ///
    /// # Errors
    /// When nothing can be read now, which is no document's fault.
    pub async fn read(&self, document: DocumentId, bytes: Bytes) -> Result<DocumentReading, Trouble> {
        let extracted = match self.extractor.extract(document.key(), bytes).await {
            Ok(extracted) => extracted,
            Err(Unread::Refused(cause)) => return Ok(DocumentReading::refused(&cause)),
            Err(Unread::Trouble(cause)) => return Err(Trouble::wait(cause)),
        };
        let splitter = Arc::clone(&self.splitter);
        let splitting = tokio::task::spawn_blocking(move || split(&splitter, &document, extracted)).await;
        // A panic is a bug of ours in splitting this file; the file is at fault as far as its stream is concerned.
        Ok(splitting.unwrap_or_else(|error| {
            DocumentReading::refused(&format!(
                "splitting the document failed inside ({error}): please report this file"
            ))
        }))
    }
}

/// Splits what was read: as heavy as the document is long.
fn split(
    splitter: &Splitter<Arc<dyn Tokens>>,
    document: &DocumentId,
    extracted: Extracted,
) -> DocumentReading {
    let splits = match splitter.split(document, &extracted) {
        Ok(splits) => splits,
        Err(unsplittable) => return DocumentReading::refused(&unsplittable.to_string()),
    };
    let status = if splits.is_empty() { Status::Empty } else { Status::Live };
    DocumentReading {
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
