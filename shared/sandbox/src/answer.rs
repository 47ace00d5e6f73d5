//! What parent and child say to one another. Pure.
//!
//! The text of a document is the body of its frame. The rest is the [`Outline`]: names and paths of headings are said
//! once, as a million blocks may stand under one of them, and a block is five small numbers.

use std::collections::HashMap;
use std::sync::Arc;

use document::{Block, BlockKind, Bounds, Extracted, HeadingPath};
use message::{LeftOut, Part};
use serde::{Deserialize, Serialize};

/// The head of what the parent asks; the body is the document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The document's key.
    pub(crate) key: String,
    /// Seconds of a processor that it may take.
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

/// The head of what the child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The answer.
    pub(crate) answer: Answer,
    /// Most bytes of memory that the child has taken since it was ready.
    pub(crate) peak: u64,
    /// The child says nothing after this: it has taken much memory, or something failed inside.
    pub(crate) last: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The limits are set; the child waits for documents.
    Ready,
    /// The document was read; the body is its text.
    Read(Outline),
    /// The document is refused with this cause.
    Refused(String),
}

/// What was read, without the text.
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

/// A block: bytes since the end of the one before, its length, its kind, the length of its header, its path.
type Span = (usize, usize, u8, usize, usize);

const KINDS: [BlockKind; 5] =
    [BlockKind::Paragraph, BlockKind::Heading, BlockKind::ListItem, BlockKind::Code, BlockKind::Table];

/// Numbers for what is shared, by where it lies.
#[derive(Default)]
struct Interned(HashMap<(usize, usize), usize>);

impl Interned {
    /// The number of what lies at `place`, and whether it is a new one.
    fn number(&mut self, place: (usize, usize)) -> (usize, bool) {
        let next = self.0.len();
        let number = *self.0.entry(place).or_insert(next);
        (number, number == next)
    }
}

impl Outline {
    /// Takes what was read apart: the outline and the text.
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

    /// Puts it together again. Nothing when the outline does not fit the text: no child that is sound says so.
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
