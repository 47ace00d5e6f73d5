//! The result of an extractor: the reading text, and the positions of its blocks.

use std::ops::Range;
use std::sync::Arc;

use message::{LeftOut, Part};

/// The headings above a block, outermost first. Shared, because a document may have a million blocks under one
/// heading.
pub type HeadingPath = Arc<[Arc<str>]>;

/// The text of a document as a person reads it, with its structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    /// The recognised format, e.g. `markdown`.
    pub format: String,
    /// The title: declared (front matter, `<title>`), or else the first heading of level 1, or else a heading at the
    /// start. At most [`LONGEST_WORDS`](crate::LONGEST_WORDS) bytes, like all names and causes below; longer ones are
    /// cut and end in an ellipsis.
    pub title: Option<String>,
    /// The main language of the text, as ISO 639-1; none when it cannot be determined.
    pub language: Option<String>,
    /// The reading text: UTF-8 without byte order mark, line breaks are `
    /// `. Empty when the document contains none.
    pub text: String,
    /// The blocks in reading order, without overlaps; they cover all text except white space.
    pub blocks: Vec<Block>,
    /// Pages, slides, sheets and archive members, in order of their start. When there are too many for a record, the
    /// last of a kind stands for all that follow, and its name counts them.
    pub parts: Vec<Part>,
    /// The parts that could not be read; when there are too many, the last entry counts the rest.
    pub left_out: Vec<LeftOut>,
}

/// One block of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Byte offsets in [`Extracted::text`].
    pub range: Range<usize>,
    /// The headings above it; for a heading, without the heading itself.
    pub heading_path: HeadingPath,
    /// The kind of block.
    pub kind: BlockKind,
    /// Number of bytes at its start that name the columns of a table (the header rows, without the following line
    /// break), to be repeated wherever the table continues; 0 for none.
    pub header: usize,
}

/// The kind of a block; it influences where the splitter cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading: one line, equal to its entry in the heading paths below it.
    Heading,
    /// An item of a list with its marker (`- `, `1. `), or a further paragraph of an item.
    ListItem,
    /// Source code or other pre-formatted text, kept verbatim.
    Code,
    /// A table: one line per row, cells separated by ` | `.
    Table,
}
