//! Removes running headers, footers and page numbers: text at the same place of most pages.

use std::collections::BTreeMap;

use super::ReadPage;
use super::layout::Block;

/// Minimum number of pages to detect repetition.
const FEWEST_PAGES: usize = 4;
/// Number of blocks considered at the start and at the end of a page.
const EDGE: usize = 2;
/// Tolerance for the same place, in hundredths of a point.
const SAME_PLACE: i64 = 300;
/// Maximum number of characters; longer blocks are text.
const LONGEST: usize = 120;

/// The text of a block with all numbers made equal, and its position.
type Mark = (String, i64);

/// Removes blocks that repeat on more than half of the pages.
pub(super) fn remove(pages: &mut [ReadPage]) {
    if pages.len() < FEWEST_PAGES {
        return;
    }
    let mut counts: BTreeMap<Mark, usize> = BTreeMap::new();
    for page in pages.iter() {
        let mut marks: Vec<Mark> = page
            .blocks
            .iter()
            .enumerate()
            .filter_map(|(at, block)| mark(at, page.blocks.len(), block))
            .collect();
        marks.sort();
        marks.dedup();
        for mark in marks {
            *counts.entry(mark).or_default() += 1;
        }
    }
    let half = pages.len() / 2;
    for page in pages {
        let length = page.blocks.len();
        let mut at = 0;
        page.blocks.retain(|block| {
            let repeats = mark(at, length, block)
                .is_some_and(|mark| counts.get(&mark).is_some_and(|count| *count > half));
            at += 1;
            !repeats
        });
    }
}

fn mark(at: usize, length: usize, block: &Block) -> Option<Mark> {
    let Block::Paragraph(paragraph) = block else { return None };
    let is_at_edge = at < EDGE || at + EDGE >= length;
    if !is_at_edge || paragraph.lines > 2 || paragraph.text.len() > LONGEST {
        return None;
    }
    let mut text = String::new();
    for character in paragraph.text.chars() {
        if !character.is_numeric() {
            text.push(character);
        } else if !text.ends_with('#') {
            text.push('#');
        }
    }
    Some((text, paragraph.base / SAME_PLACE))
}
