//! Common code of the fuzz targets for the crate `document`.

use std::ops::Range;

use document::{Extracted, Limits, Splitter, Tokens, extract};
use message::{DocumentId, embedded_text};

/// One token per word of at most eight characters, and per eight characters of a longer one.
pub struct Words;

const WORD: usize = 8;

impl Tokens for Words {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let mut tokens = Vec::new();
        for word in text.split_whitespace() {
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            let mut ends = word.char_indices().map(|(at, _)| start + at).step_by(WORD).peekable();
            while let Some(at) = ends.next() {
                tokens.push(at..ends.peek().copied().unwrap_or(start + word.len()));
            }
        }
        tokens
    }

    fn count(&self, text: &str) -> usize {
        2 + self.offsets(text).len()
    }
}

/// Reads `bytes` as a file of that name, checks the guarantees of extraction, and splits the result.
pub fn read(key: &str, bytes: &[u8]) {
    let Ok(extracted) = extract(key, bytes) else { return };
    let mut at = 0;
    for block in &extracted.blocks {
        let between = extracted.text.get(at..block.range.start).expect("blocks are in order");
        assert!(between.trim().is_empty(), "all text lies in a block");
        let text = extracted.text.get(block.range.clone()).expect("a block is a part of the text");
        assert!(!text.trim().is_empty(), "no block is empty");
        assert!(text.is_char_boundary(block.header), "a header is a part of its block");
        at = block.range.end;
    }
    assert!(extracted.text[at..].trim().is_empty(), "all text lies in a block");
    assert_eq!(extract(key, bytes).ok().as_ref(), Some(&extracted), "the same each time");
    cut(&extracted, Limits { max_tokens: 64, ..Limits::default() });
}

/// Splits a document and checks the guarantees of chunks.
pub fn cut(extracted: &Extracted, limits: Limits) {
    let max_tokens = limits.max_tokens;
    let Ok(splitter) = Splitter::new(Words, limits) else { return };
    let document = DocumentId::new("fuzz", "key").expect("a name");
    let Ok(splits) = splitter.split(&document, extracted) else { return };
    let mut at = 0;
    for split in &splits {
        let embedded = format!("{}{}", splitter.limits().passage_prefix, embedded_text(&split.heading_path, &split.text));
        assert_eq!(Words.count(&embedded), split.tokens as usize, "tokens are those of what is embedded");
        assert!(split.tokens as usize <= max_tokens, "no chunk is over the limit");
        assert_eq!(split.text[split.repeated..], extracted.text[split.start..split.end], "offsets reproduce the text");
        assert!(split.end > at, "each chunk has something of its own");
        at = split.end;
    }
    for block in extracted.blocks.iter().filter(|block| block.kind != document::BlockKind::Heading) {
        let mut at = block.range.start;
        for split in splits.iter().filter(|split| split.end > block.range.start && split.start < block.range.end) {
            let gap = extracted.text.get(at..split.start).unwrap_or_default();
            assert!(gap.trim().is_empty(), "all text lies in a chunk");
            at = split.end;
        }
        let rest = extracted.text.get(at..block.range.end).unwrap_or_default();
        assert!(rest.trim().is_empty(), "all text lies in a chunk");
    }
}
