//! Turns bytes into passages: an extractor reads the document, in whatever process, and its text is split here.

use std::sync::Arc;

use bytes::Bytes;
use document::{Extracted, Split, Splitter, Tokens, shortened};
use message::{DocumentId, LeftOut, Part, Status};
use sandbox::{Extractor, Unread};
use stream::Trouble;

/// A document's content, read and split.
#[derive(Debug)]
pub struct DocumentReading {
    /// Live, empty or refused.
    pub status: Status,
    /// Why it was refused.
    pub cause: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its format.
    pub format: Option<String>,
    /// The main language of its text.
    pub language: Option<String>,
    /// Its passages in reading order.
    pub splits: Vec<Split>,
    /// Its pages, slides, sheets and archive members.
    pub parts: Vec<Part>,
    /// The parts that could not be read.
    pub left_out: Vec<LeftOut>,
}

impl DocumentReading {
    /// A document that cannot be read. Long causes are shortened, because they may contain a name of any length.
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
    /// A reader that parses with `extractor` and splits with `splitter`.
    pub fn new(extractor: E, splitter: Splitter<Arc<dyn Tokens>>) -> Self {
        Self { extractor, splitter: Arc::new(splitter) }
    }

    /// Reads and splits a document; an unreadable one comes back as refused, with its cause.
    ///
    /// # Errors
    /// When reading is impossible at the moment, through no fault of the document.
    pub async fn read(&self, document: DocumentId, bytes: Bytes) -> Result<DocumentReading, Trouble> {
        let extracted = match self.extractor.extract(document.key(), bytes).await {
            Ok(extracted) => extracted,
            Err(Unread::Refused(cause)) => return Ok(DocumentReading::refused(&cause)),
            Err(Unread::Trouble(cause)) => return Err(Trouble::wait(cause)),
        };
        let splitter = Arc::clone(&self.splitter);
        let splitting = tokio::task::spawn_blocking(move || split(&splitter, &document, extracted)).await;
        // A panic is our bug, but to the stream this file is the cause: refusing it lets the partition go on.
        Ok(splitting.unwrap_or_else(|error| {
            DocumentReading::refused(&format!(
                "splitting the document failed inside ({error}): please report this file"
            ))
        }))
    }
}

/// Splits the text. CPU-bound, in proportion to the document's length.
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
