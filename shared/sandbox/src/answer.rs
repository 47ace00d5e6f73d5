//! What parent and child say to each other. Pure.
//!
//! The text of a document is the body of its frame; the rest is the [`Outline`]. Because a million blocks may share
//! one heading path, names and paths of headings are sent once, and a block is five small numbers.

use std::collections::HashMap;
use std::sync::Arc;

use document::{Block, BlockKind, Bounds, Extracted, HeadingPath};
use message::{LeftOut, Part};
use serde::{Deserialize, Serialize};

/// The head of the parent's request; the body is the document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The document's key.
    pub(crate) key: String,
    /// CPU seconds that reading may take.
    pub(crate) cpu: u64,
    text: usize,
    unpacked: u64,
    nesting: usize,
    members: usize,
}

impl Request {
    pub(crate) fn new(key: &str, cpu: u64, bounds: &Bounds) -> Self {
        let Bounds { text, unpacked, nesting, members } = *bounds;
        Self { key: key.to_owned(), cpu, text, unpacked, nesting, members }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let Self { text, unpacked, nesting, members, .. } = *self;
        Bounds { text, unpacked, nesting, members }
    }
}

/// The head of the child's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The answer.
    pub(crate) answer: Answer,
    /// The child's peak memory in bytes since it became ready.
    pub(crate) peak: u64,
    /// Whether this is the child's last answer, because it has used much memory or failed internally.
    pub(crate) last: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The limits are set, the walls stand, and the child waits for documents.
    Ready {
        /// The walls that this system does not give, with the cause.
        missing: Vec<String>,
    },
    /// The document was read; the body is its text.
    Read(Outline),
    /// The document is refused, with this cause.
    Refused(String),
}

/// The result of reading, without the text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outline {
    format: String,
    title: Option<String>,
    language: Option<String>,
    names: Vec<String>,
    paths: Vec<Vec<usize>>,
    blocks: Vec<Span>,
    parts: Vec<Part>,
    left_out: Vec<LeftOut>,
}

/// A block: bytes since the end of the previous one, its length, kind (index in [`KINDS`]), length of its header, and
/// path (index in `paths`). A tuple, so that its JSON is short.
type Span = (usize, usize, u8, usize, usize);

const KINDS: [BlockKind; 5] =
    [BlockKind::Paragraph, BlockKind::Heading, BlockKind::ListItem, BlockKind::Code, BlockKind::Table];

/// Numbers shared values in order of appearance, identified by address and length.
#[derive(Default)]
struct Interned(HashMap<(usize, usize), usize>);

impl Interned {
    /// The number of the value at `place`, and whether it is new.
    fn number(&mut self, place: (usize, usize)) -> (usize, bool) {
        let next = self.0.len();
        let number = *self.0.entry(place).or_insert(next);
        (number, number == next)
    }
}

impl Outline {
    /// Splits a result into its outline and its text.
    pub(crate) fn of(extracted: Extracted) -> (Self, String) {
        let Extracted { format, title, language, text, blocks, parts, left_out } = extracted;
        let (mut names, mut paths) = (Vec::new(), Vec::new());
        let (mut name_numbers, mut path_numbers) = (Interned::default(), Interned::default());
        let mut end = 0;
        let mut spans = Vec::with_capacity(blocks.len());
        for Block { range, heading_path, kind, header } in &blocks {
            let (path, is_new) = path_numbers.number((heading_path.as_ptr().addr(), heading_path.len()));
            if is_new {
                let mut path = Vec::with_capacity(heading_path.len());
                for name in heading_path.iter() {
                    let (number, is_new) = name_numbers.number((name.as_ptr().addr(), name.len()));
                    if is_new {
                        names.push(name.to_string());
                    }
                    path.push(number);
                }
                paths.push(path);
            }
            let kind = KINDS.iter().position(|known| known == kind).unwrap_or_default();
            let kind = u8::try_from(kind).unwrap_or_default();
            spans.push((range.start.saturating_sub(end), range.len(), kind, *header, path));
            end = range.end;
        }
        (Self { format, title, language, names, paths, blocks: spans, parts, left_out }, text)
    }

    /// Joins outline and text again. None when they do not fit, which no sound child sends.
    pub(crate) fn into_extracted(self, text: Vec<u8>) -> Option<Extracted> {
        let text = String::from_utf8(text).ok()?;
        let Self { format, title, language, names, paths, blocks: spans, parts, left_out } = self;
        let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
        let path = |path: Vec<usize>| path.into_iter().map(|name| names.get(name).cloned()).collect();
        let paths: Vec<HeadingPath> = paths.into_iter().map(path).collect::<Option<_>>()?;
        let (mut blocks, mut end) = (Vec::with_capacity(spans.len()), 0_usize);
        for (gap, length, kind, header, path) in spans {
            let start = end.checked_add(gap)?;
            end = start.checked_add(length)?;
            text.get(start..end)?.get(..header)?;
            let (heading_path, kind) = (Arc::clone(paths.get(path)?), *KINDS.get(usize::from(kind))?);
            blocks.push(Block { range: start..end, heading_path, kind, header });
        }
        Some(Extracted { format, title, language, text, blocks, parts, left_out })
    }
}

#[cfg(test)]
mod tests;
