//! Running headers and footers, and page numbers: what stands at the same place of most pages is no text of any.

use std::collections::BTreeMap;

use super::ReadPage;
use super::layout::Block;

/// Fewest pages on which something can be told to repeat.
const FEWEST_PAGES: usize = 4;
/// Blocks at the start and at the end of a page that are looked at.
const EDGE: usize = 2;
/// How far apart (in hundredths of a point) the same place may be.
const SAME_PLACE: i64 = 300;
/// A block of more characters is text.
const LONGEST: usize = 120;

/// What a block says, with all numbers alike, and where it stands.
type Mark = (String, i64);

/// Removes what repeats on more than half of the pages.
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
