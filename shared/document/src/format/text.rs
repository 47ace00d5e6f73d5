//! Plain text, verbatim; paragraphs end at blank lines. There are no headings and no title.

use std::sync::Arc;

use super::{Format, Source, has_extension};
use crate::{Block, BlockKind, Extracted, Refusal, encoding};

/// Any text.
pub(super) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["txt", "text", "log"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        encoding::decode(source.bytes, None).map(read_text)
    }
}

/// Reads decoded text.
pub(super) fn read_text(mut text: String) -> Extracted {
    if text.trim().is_empty() {
        text.clear();
    }
    Extracted {
        format: Text.name().to_owned(),
        title: None,
        language: None,
        blocks: paragraphs(&text),
        text,
        parts: Vec::new(),
        left_out: Vec::new(),
    }
}

fn paragraphs(text: &str) -> Vec<Block> {
    let heading_path = Arc::from([]);
    let mut blocks = Vec::new();
    let mut open: Option<std::ops::Range<usize>> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        match (&mut open, line.trim().is_empty()) {
            (None, false) => open = Some(at..end),
            (Some(range), false) => range.end = end,
            (_, true) => blocks.extend(open.take()),
        }
        at += line.len();
    }
    blocks.extend(open);
    blocks
        .into_iter()
        .map(|range| Block {
            range,
            heading_path: Arc::clone(&heading_path),
            kind: BlockKind::Paragraph,
            header: 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_paragraphs_and_nothing_else_changes() {
        let source = "\n  one\nstill one  \n \t\ntwo\r\n\r\n\r\nthree";
        let Extracted { text, blocks, title, .. } = crate::extract("a.txt", source.as_bytes()).unwrap();
        assert_eq!(text, source.replace("\r\n", "\n"));
        let found: Vec<_> = blocks.iter().map(|block| &text[block.range.clone()]).collect();
        assert_eq!(found, ["  one\nstill one", "two", "three"]);
        assert_eq!(title, None);
    }
}
