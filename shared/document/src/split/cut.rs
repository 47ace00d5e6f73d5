//! Decides where a chunk ends.
//!
//! From a chunk's start, the token budget reaches to some byte. The best boundary in the second half of that distance
//! is chosen; if the block, list, sentence … at the end began before the half but fits a chunk of its own, the chunk
//! ends before it. A choice of half a chunk is what lets two versions of a text agree again after an edit.
//!
//! Only small blocks share a chunk. A larger block begins and ends its own chunks: the vector of a chunk with two
//! topics is far from questions about either (`loadtest/quality` measures it), and an edit moves no cut beyond such a
//! block.

use std::ops::Range;

use super::boundary::{self, LINES, Level, PROSE, chosen, grapheme_end, is_grapheme_boundary};
use super::index::TokenIndex;
use super::section::{Piece, Section};
use crate::BlockKind;

/// A final remainder smaller than this share of a chunk is avoided.
const SMALL_REST: usize = 8;

/// A block or list of at most this share of a chunk is small and may share a chunk with its neighbours.
const SMALL_BLOCK: usize = 4;

/// Blocks that together take at most this share of a chunk join a large one that follows, such as the line that
/// introduces a table, or the last chunk before the end.
const LEAD: usize = 8;

/// A prose block that fits this many chunks is cut into full ones: they rank best, and an edit moves no cut beyond
/// the block.
const FEW: usize = 3;

/// A table's header rows are repeated if they take at most this share of the room for text.
const HEADER_SHARE: usize = 3;

/// The capacity of a chunk.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Tokens available for text, at least 1.
    pub(super) budget: usize,
    /// Maximum number of tokens that a chunk shares with the next one; at most half of the budget.
    pub(super) overlap: usize,
    /// Maximum size of a chunk in bytes.
    pub(super) most_bytes: usize,
}

/// Proposes ends of chunks in one section.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a str,
    pub(super) section: &'a Section,
    index: &'a TokenIndex,
    room: Room,
    /// Positions at which a chunk must end, ascending.
    stops: Vec<usize>,
}

/// One attempt to find the end of a chunk.
pub(super) struct Attempt {
    start: usize,
    /// The end must be beyond this, where the previous chunk's text ends.
    fresh: usize,
    /// The end must not be beyond this, except for the first grapheme if it ends before `failed`.
    ceiling: usize,
    /// The nearest end found to exceed the limit.
    failed: usize,
}

/// The range in which an end is searched.
struct Window {
    start: usize,
    /// The end must be beyond this.
    fresh: usize,
    /// From here on the chunk is full enough.
    half: usize,
    /// Beyond this the chunk is too long.
    reach: usize,
    /// Whether to take the last of equal cuts instead of the one chosen by content.
    fullest: bool,
}

/// The levels at which a block is cut, best first.
fn levels(kind: BlockKind) -> &'static [Level] {
    match kind {
        BlockKind::Code | BlockKind::Table => LINES,
        BlockKind::Paragraph | BlockKind::Heading | BlockKind::ListItem => PROSE,
    }
}

impl Attempt {
    /// The first attempt from a start that is not white space, for an end beyond `fresh`.
    pub(super) fn first(start: usize, fresh: usize) -> Self {
        Self { start, fresh, ceiling: usize::MAX, failed: usize::MAX }
    }

    /// The next attempt, after an end at which the chunk had `tokens` instead of `limit`. Each ceiling is at least a
    /// tenth nearer, so that the attempts terminate.
    pub(super) fn nearer(&self, text: &str, failed: usize, limit: usize, tokens: usize) -> Self {
        let length = failed - self.start;
        let wanted = length.saturating_mul(limit) / tokens.max(1);
        let ceiling = text.floor_char_boundary(self.start + wanted.min(length.saturating_mul(9) / 10));
        Self { start: self.start, fresh: self.fresh, ceiling, failed }
    }
}

impl<'a> Cutter<'a> {
    /// Analyses the section once.
    pub(super) fn new(text: &'a str, section: &'a Section, index: &'a TokenIndex, room: Room) -> Self {
        let stops = stops(section, index, room.budget);
        Self { text, section, index, room, stops }
    }

    /// The chunk's end: beyond `fresh`, and before any end that failed (except for a single character). Up to `fresh`
    /// if the chunk starts before it and nothing beyond fits.
    pub(super) fn end_of(&self, attempt: &Attempt) -> usize {
        let start = attempt.start;
        let reach = self.reach(start).min(attempt.ceiling);
        let stop = self.stop_after(attempt.fresh);
        if reach >= stop {
            return stop;
        }
        let half_way = self.index.reach(start, self.budget_at(start) / 2).unwrap_or(usize::MAX);
        let half = half_way.min(start + (reach - start) / 2).max(start + 1);
        let window = Window { start, fresh: attempt.fresh, half, reach, fullest: false };
        self.structural(&window, false)
            .or_else(|| self.structural(&window, true))
            .or_else(|| self.within_block(&window))
            .unwrap_or_else(|| self.smallest(attempt, reach))
    }

    /// The start of the chunk after `start..next`: up to the overlap before `next`, at the first sentence or line
    /// there, or else at a word.
    pub(super) fn restart(&self, start: usize, next: usize) -> usize {
        if self.room.overlap == 0 || next >= self.section.end {
            return next;
        }
        let earliest = self.text.ceil_char_boundary(self.index.back(next, self.room.overlap).max(start + 1));
        let Some((block, block_end)) = self.block_at(earliest) else { return next };
        if block.start == earliest {
            return earliest;
        }
        // some text before it is needed to tell whether a sentence or word begins there
        let before = self.text.floor_char_boundary(self.index.back(earliest, self.room.overlap));
        let from = before.max(block.start).max(start).min(earliest);
        let slice = self.text.get(from..block_end.min(next)).unwrap_or_default();
        let words = levels(block.kind).iter().filter(|level| **level != Level::Grapheme);
        let found = words.map(|level| boundary::boundaries(slice, *level)).find_map(|ends| {
            let mut starts = ends.into_iter().map(|end| from + end);
            starts.find(|at| (earliest..next).contains(at) && is_grapheme_boundary(self.text, *at))
        });
        found.unwrap_or(next)
    }

    /// The header rows to repeat before a chunk that starts at `at`, if it continues a table.
    pub(super) fn header_at(&self, at: usize) -> Option<Range<usize>> {
        let (block, _) = self.block_at(at)?;
        (at > block.header.end && self.is_repeated(block)).then(|| block.header.clone())
    }

    /// Whether there are header rows, and they leave most of a chunk for others.
    fn is_repeated(&self, block: &Piece) -> bool {
        let header = &block.header;
        !header.is_empty()
            && header.len() <= self.room.most_bytes / HEADER_SHARE
            && self.index.count(header.clone()) <= self.room.budget / HEADER_SHARE
    }

    /// Tokens available for text in a chunk that starts at `at`.
    fn budget_at(&self, at: usize) -> usize {
        let header = self.header_at(at).map_or(0, |header| self.index.count(header));
        self.room.budget.saturating_sub(header).max(1)
    }

    /// The block that contains a byte, and its end.
    fn block_at(&self, at: usize) -> Option<(&Piece, usize)> {
        let pieces = &self.section.pieces;
        let after = pieces.partition_point(|piece| piece.start <= at);
        let end = pieces.get(after).map_or(self.section.end, |next| next.start);
        Some((pieces.get(after.checked_sub(1)?)?, end))
    }

    /// The first position beyond `at` at which a chunk must end.
    fn stop_after(&self, at: usize) -> usize {
        self.stops.get(self.stops.partition_point(|stop| *stop <= at)).copied().unwrap_or(self.section.end)
    }

    /// The furthest end within the token and byte budgets.
    fn reach(&self, start: usize) -> usize {
        let by_tokens = self.index.reach(start, self.budget_at(start)).unwrap_or(self.section.end);
        let by_bytes = self.text.floor_char_boundary(start.saturating_add(self.room.most_bytes));
        by_tokens.min(by_bytes).min(self.section.end)
    }

    fn fits(&self, start: usize, end: usize) -> bool {
        end - start <= self.room.most_bytes && self.index.count(start..end) <= self.budget_at(start)
    }

    /// A cut before a block; with `items` before any piece, including list items.
    fn structural(&self, window: &Window, items: bool) -> Option<usize> {
        let pieces = &self.section.pieces;
        let from = pieces.partition_point(|piece| piece.start <= window.fresh);
        let mut cuts = Vec::new();
        let mut next = self.section.end;
        for piece in pieces.iter().skip(from).filter(|piece| items || !piece.continues_list) {
            if piece.start > window.reach {
                next = piece.start;
                break;
            }
            cuts.push(piece.start);
        }
        self.best(window, &cuts, next)
    }

    /// A cut within the block in which the budget ends.
    fn within_block(&self, window: &Window) -> Option<usize> {
        let &Window { start, fresh, reach, .. } = window;
        let (block, block_end) = self.block_at(reach.checked_sub(1)?)?;
        let from = start.max(block.start);
        // far enough to see whether the unit at the end of the budget fits a chunk of its own
        let until = self.reach(reach).min(block_end);
        let slice = self.text.get(from..until)?;
        let prose = !matches!(block.kind, BlockKind::Code | BlockKind::Table);
        let fullest = prose && self.index.count(from..block_end) <= FEW * self.room.budget;
        let window = &Window { fullest, ..*window };
        // a table's header is not left alone at the end of a chunk if the next one repeats it
        let least = if self.is_repeated(block) { block.header.end + 1 } else { from };
        levels(block.kind).iter().find_map(|level| {
            let ends = boundary::boundaries(slice, *level).into_iter().map(|end| from + end);
            let ends: Vec<usize> = ends.filter(|end| *end > least).collect();
            let beyond = ends.partition_point(|end| *end <= reach);
            let (cuts, after) = ends.split_at(beyond);
            // the end of the slice is a boundary only at the end of the block
            let next = after.first().copied().filter(|end| *end < until || until == block_end);
            let opening = (from > start).then_some(from);
            let cuts: Vec<usize> = opening.into_iter().chain(cuts.iter().copied()).collect();
            match level {
                // a chunk may start at any grapheme
                Level::Grapheme => self
                    .best(window, &cuts, usize::MAX)
                    .or_else(|| cuts.last().copied().filter(|cut| *cut > fresh)),
                Level::Line | Level::Sentence | Level::Space | Level::Word => {
                    self.best(window, &cuts, next.unwrap_or(usize::MAX))
                }
            }
        })
    }

    /// Chooses among cuts of one level: by content among those in the second half, if possible without a small
    /// remainder; otherwise the last one before a unit (up to `next`) that fits a chunk of its own.
    fn best(&self, window: &Window, cuts: &[usize], next: usize) -> Option<usize> {
        let cuts = cuts.get(cuts.partition_point(|cut| *cut <= window.fresh)..).unwrap_or_default();
        let late = cuts.get(cuts.partition_point(|cut| *cut < window.half)..).unwrap_or_default();
        let stop = self.stop_after(window.fresh);
        let leaves_enough = |cut: &&usize| self.index.count(**cut..stop) >= self.room.budget / SMALL_REST;
        let enough = late.get(..late.iter().take_while(leaves_enough).count()).unwrap_or_default();
        let one_of =
            |cuts: &[usize]| if window.fullest { cuts.last().copied() } else { chosen(self.text, cuts) };
        one_of(enough).or_else(|| one_of(late)).or_else(|| {
            let last = *cuts.last()?;
            (next != usize::MAX && self.fits(last, next)).then_some(last)
        })
    }

    /// The first grapheme, unless it is known to be too long; otherwise as many characters as the budget allows, at
    /// least one.
    fn smallest(&self, attempt: &Attempt, reach: usize) -> usize {
        let start = attempt.start;
        if start < attempt.fresh {
            return attempt.fresh;
        }
        let most = start.saturating_add(self.room.most_bytes);
        let grapheme = grapheme_end(self.text, start, most).min(self.section.end);
        let first = self.text.ceil_char_boundary(start + 1);
        if grapheme < attempt.failed && grapheme <= most {
            return grapheme;
        }
        self.text.floor_char_boundary(reach).max(first)
    }
}

/// The positions at which a chunk must end: before and after each block or list that is not small, allowing for a
/// little text beside it.
fn stops(section: &Section, index: &TokenIndex, budget: usize) -> Vec<usize> {
    let mut stops = Vec::new();
    let starts: Vec<usize> =
        section.pieces.iter().filter(|piece| !piece.continues_list).map(|piece| piece.start).collect();
    let ends = starts.iter().skip(1).copied().chain([section.end]);
    // the start of the current run of small blocks
    let mut open = section.start;
    for (start, end) in starts.iter().copied().zip(ends) {
        if index.count(start..end) <= budget / SMALL_BLOCK {
            continue;
        }
        if index.count(open..start) > budget / LEAD {
            stops.push(start);
        }
        stops.push(end);
        open = end;
    }
    if index.count(open..section.end) <= budget / LEAD {
        stops.pop();
    }
    stops
}
