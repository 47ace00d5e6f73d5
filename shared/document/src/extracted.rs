//! What an extractor gives: the reading text, and where its blocks stand in it.

use std::ops::Range;
use std::sync::Arc;

use message::{LeftOut, Part};

/// The headings above a block, outermost first. Shared, because a document may hold a million blocks under one
/// heading, and memory may not grow by their product.
pub type HeadingPath = Arc<[Arc<str>]>;

/// The text of a document as a person reads it, with its structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    /// The format that was recognised, e.g. `markdown`.
    pub format: String,
    /// The title: a declared one (front matter, `<title>`), else the first heading of level 1, else a heading that
    /// opens the document. At most [`LONGEST_WORDS`](crate::LONGEST_WORDS) bytes, like all names and causes below: a longer
    /// one is cut and ends in an ellipsis.
    pub title: Option<String>,
    /// The language that most of the text is in, as ISO 639-1; nothing when it cannot be told.
    pub language: Option<String>,
    /// The reading text: UTF-8 without byte order mark, line breaks are `\n`. Empty when the document holds none.
    pub text: String,
    /// The blocks in reading order; they do not overlap, and all text that is not white space lies in one.
    pub blocks: Vec<Block>,
    /// Pages, slides, sheets and members, ascending by where they start. When they are too many for a record, the last of
    /// its kind stands for all that follow, and its name says how many.
    pub parts: Vec<Part>,
    /// What within the document could not be read; the last entry says how many more, when they are too many.
    pub left_out: Vec<LeftOut>,
}

/// One block of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Byte offsets in [`Extracted::text`].
    pub range: Range<usize>,
    /// The headings above it; those of a heading do not hold the heading itself.
    pub heading_path: HeadingPath,
    /// What it is.
    pub kind: BlockKind,
    /// Bytes at its start that name the columns of a table (the header rows, without the line break after them), to be
    /// repeated wherever the table is continued; 0 when there are none.
    pub header: usize,
}

/// What a block is; it decides where the splitter would rather cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading: one line, equal to the entry it makes in the heading paths below it.
    Heading,
    /// One item of a list, with its marker (`- `, `1. `); also a further paragraph of an item.
    ListItem,
    /// Source code or other pre-formatted text, kept verbatim.
    Code,
    /// A table: one line a row, cells separated by ` | `.
    Table,
}
