//! What pairs are made of.

use message::{ChunkId, DocumentId, Version};

/// A live document, with its passages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDocument {
    /// Its id.
    pub document: DocumentId,
    /// Its version.
    pub version: Version,
    /// The title found in it, if any.
    pub title: Option<String>,
    /// Its passages, in reading order.
    pub passages: Vec<SourcePassage>,
}

/// A passage of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePassage {
    /// Its id.
    pub id: ChunkId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// Its text, without the headings.
    pub text: String,
}

/// A passage of a corpus, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PassageAt {
    /// Which document of the corpus.
    pub(crate) document: usize,
    /// Which passage of the document.
    pub(crate) passage: usize,
}

/// Every passage of a corpus, in its order.
pub(crate) fn passages(corpus: &[SourceDocument]) -> impl Iterator<Item = (PassageAt, &SourcePassage)> {
    corpus.iter().enumerate().flat_map(|(document, one)| {
        let numbered = one.passages.iter().enumerate();
        numbered.map(move |(passage, text)| (PassageAt { document, passage }, text))
    })
}
