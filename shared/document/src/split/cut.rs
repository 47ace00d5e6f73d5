//! Where a chunk ends.
//!
//! From the start of a chunk the budget reaches to some byte. The best boundary between half of that way and its end
//! is taken; when the block, list, sentence … at the end began before the half, but fits a chunk of its own, the chunk
//! ends before it. Half a chunk of choice is what lets two versions of a text agree again after an edit.

use super::boundary::{self, LINES, Level, PROSE, chosen, grapheme_end};
use super::index::TokenIndex;
use super::section::Section;
use crate::BlockKind;

/// A rest of less than this share of a chunk is avoided.
const SMALL_REST: usize = 4;

/// Proposes ends of chunks in one section.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a str,
    pub(super) section: &'a Section,
    pub(super) index: &'a TokenIndex,
    /// Tokens left for text, at least 1.
    pub(super) budget: usize,
    /// Most bytes of a chunk.
    pub(super) most_bytes: usize,
}

/// One search for the end of a chunk.
pub(super) struct Attempt {
    start: usize,
    /// No end beyond this is proposed, but the end of a first grapheme before `failed`.
    ceiling: usize,
    /// The nearest end that was over the limit.
    failed: usize,
}

impl Attempt {
    /// The first search from a start that is not white space.
    pub(super) fn first(start: usize) -> Self {
        Self { start, ceiling: usize::MAX, failed: usize::MAX }
    }

    /// The next search after an end with which the chunk had `tokens` instead of `limit`. Each ceiling is nearer by a
    /// tenth at least, so that the searches end.
    pub(super) fn nearer(&self, text: &str, failed: usize, limit: usize, tokens: usize) -> Self {
        let length = failed - self.start;
        let wanted = length.saturating_mul(limit) / tokens.max(1);
        let ceiling = text.floor_char_boundary(self.start + wanted.min(length.saturating_mul(9) / 10));
        Self { start: self.start, ceiling, failed }
    }
}

impl Cutter<'_> {
    /// The end of the chunk: greater than its start, less than any that failed (but for a single character).
    pub(super) fn end_of(&self, attempt: &Attempt) -> usize {
        let start = attempt.start;
        let reach = self.reach(start).min(attempt.ceiling);
        if reach >= self.section.end {
            return self.section.end;
        }
        let half_way = self.index.reach(start, self.budget / 2).unwrap_or(usize::MAX);
        let half = half_way.min(start + (reach - start) / 2).max(start + 1);
        self.structural(start, half, reach, false)
            .or_else(|| self.structural(start, half, reach, true))
            .or_else(|| self.within_block(start, half, reach))
            .unwrap_or_else(|| self.smallest(attempt, reach))
    }

    /// The furthest end that the token and byte budgets allow.
    fn reach(&self, start: usize) -> usize {
        let by_tokens = self.index.reach(start, self.budget).unwrap_or(self.section.end);
        let by_bytes = self.text.floor_char_boundary(start.saturating_add(self.most_bytes));
        by_tokens.min(by_bytes).min(self.section.end)
    }

    fn fits(&self, start: usize, end: usize) -> bool {
        end - start <= self.most_bytes && self.index.count(start..end) <= self.budget
    }

    /// A cut before a block, or with `items` before any piece, an item of a list too.
    fn structural(&self, start: usize, half: usize, reach: usize, items: bool) -> Option<usize> {
        let pieces = &self.section.pieces;
        let from = pieces.partition_point(|piece| piece.start <= start);
        let mut cuts = Vec::new();
        let mut next = self.section.end;
        for piece in pieces.iter().skip(from).filter(|piece| items || !piece.continues_list) {
            if piece.start > reach {
                next = piece.start;
                break;
            }
            cuts.push(piece.start);
        }
        self.best(start, &cuts, half, next)
    }

    /// A cut within the block in which the budget ends.
    fn within_block(&self, start: usize, half: usize, reach: usize) -> Option<usize> {
        let pieces = &self.section.pieces;
        let after = pieces.partition_point(|piece| piece.start < reach);
        let block = pieces.get(after.checked_sub(1)?)?;
        let block_end = pieces.get(after).map_or(self.section.end, |next| next.start);
        let from = start.max(block.start);
        // far enough to see whether the unit at the end of the budget fits a chunk of its own
        let until = self.reach(reach).min(block_end);
        let slice = self.text.get(from..until)?;
        let levels = match block.kind {
            BlockKind::Code | BlockKind::Table => LINES,
            BlockKind::Paragraph | BlockKind::Heading | BlockKind::ListItem => PROSE,
        };
        levels.iter().find_map(|level| {
            let ends: Vec<usize> =
                boundary::boundaries(slice, *level).into_iter().map(|end| from + end).collect();
            let beyond = ends.partition_point(|end| *end <= reach);
            let (cuts, after) = ends.split_at(beyond);
            // the end of the slice is a boundary only where the block ends
            let next = after.first().copied().filter(|end| *end < until || until == block_end);
            let opening = (from > start).then_some(from);
            let cuts: Vec<usize> = opening.into_iter().chain(cuts.iter().copied()).collect();
            match level {
                // any grapheme may start a chunk
                Level::Grapheme => self.best(start, &cuts, half, usize::MAX).or_else(|| cuts.last().copied()),
                Level::Line | Level::Sentence | Level::Space | Level::Word => {
                    self.best(start, &cuts, half, next.unwrap_or(usize::MAX))
                }
            }
        })
    }

    /// Chooses between cuts of one level: among those from `half` on by content, with a rest that is not small if
    /// there is a choice; else the last one before a unit (up to `next`) that fits a chunk of its own.
    fn best(&self, start: usize, cuts: &[usize], half: usize, next: usize) -> Option<usize> {
        let cuts = cuts.get(cuts.partition_point(|cut| *cut <= start)..).unwrap_or_default();
        let window = cuts.get(cuts.partition_point(|cut| *cut < half)..).unwrap_or_default();
        let leaves_enough =
            |cut: &&usize| self.index.count(**cut..self.section.end) >= self.budget / SMALL_REST;
        let enough = window.iter().take_while(leaves_enough).count();
        chosen(self.text, window.get(..enough).unwrap_or_default())
            .or_else(|| chosen(self.text, window))
            .or_else(|| {
                let last = *cuts.last()?;
                (next != usize::MAX && self.fits(last, next)).then_some(last)
            })
    }

    /// The first grapheme, if it is not known to be over; else as many characters as the budget reaches, at least one.
    fn smallest(&self, attempt: &Attempt, reach: usize) -> usize {
        let start = attempt.start;
        let most = start.saturating_add(self.most_bytes);
        let grapheme = grapheme_end(self.text, start, most).min(self.section.end);
        let first = self.text.ceil_char_boundary(start + 1);
        if grapheme < attempt.failed && grapheme <= most {
            return grapheme;
        }
        self.text.floor_char_boundary(reach).max(first)
    }
}
