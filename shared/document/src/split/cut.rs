//! Where a chunk ends.
//!
//! From the start of a chunk the budget reaches to some byte. The best boundary between half of that way and its end
//! is taken; when the block, list, sentence … at the end began before the half, but fits a chunk of its own, the chunk
//! ends before it. Half a chunk of choice is what lets two versions of a text agree again after an edit.
//!
//! Only small blocks share a chunk. One that is not small begins a chunk and ends one: a vector of two topics is far from
//! the questions about either (`loadtest/quality` measures it), and an edit moves no cut beyond such a block.

use std::ops::Range;

use super::boundary::{self, LINES, Level, PROSE, chosen, grapheme_end, is_grapheme_boundary};
use super::index::TokenIndex;
use super::section::{Piece, Section};
use crate::BlockKind;

/// A rest of less than this share of a chunk is avoided.
const SMALL_REST: usize = 8;

/// A block or list of at most this share of a chunk is small: it may share a chunk with its neighbours.
const SMALL_BLOCK: usize = 4;

/// Blocks of together at most this share of a chunk go with a large one that follows, as the line that leads to a table
/// does, or with the last one before the end.
const LEAD: usize = 8;

/// Prose of one block that takes no more chunks than this is cut into full ones: they rank best, and an edit moves no cut
/// beyond the block.
const FEW: usize = 3;

/// The rows that name a table's columns are repeated when they take at most this share of the room for text.
const HEADER_SHARE: usize = 3;

/// How much a chunk may hold.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Tokens left for text, at least 1.
    pub(super) budget: usize,
    /// Most tokens that a chunk has in common with the next one; at most half of the budget.
    pub(super) overlap: usize,
    /// Most bytes of a chunk.
    pub(super) most_bytes: usize,
}

/// Proposes ends of chunks in one section.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a str,
    pub(super) section: &'a Section,
    index: &'a TokenIndex,
    room: Room,
    /// Where no chunk goes on, ascending.
    stops: Vec<usize>,
}

/// One search for the end of a chunk.
pub(super) struct Attempt {
    start: usize,
    /// The end is beyond this, where the text of the chunk before it ends.
    fresh: usize,
    /// No end beyond this is proposed, but the end of a first grapheme before `failed`.
    ceiling: usize,
    /// The nearest end that was over the limit.
    failed: usize,
}

/// Where the end of a chunk is looked for.
struct Window {
    start: usize,
    /// The end is beyond this.
    fresh: usize,
    /// From here on the chunk is full enough.
    half: usize,
    /// Beyond this it is over.
    reach: usize,
    /// Whether the last of equals is taken, not the one that the content chooses.
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
    /// The first search from a start that is not white space, for an end beyond `fresh`.
    pub(super) fn first(start: usize, fresh: usize) -> Self {
        Self { start, fresh, ceiling: usize::MAX, failed: usize::MAX }
    }

    /// The next search after an end with which the chunk had `tokens` instead of `limit`. Each ceiling is nearer by a
    /// tenth at least, so that the searches end.
    pub(super) fn nearer(&self, text: &str, failed: usize, limit: usize, tokens: usize) -> Self {
        let length = failed - self.start;
        let wanted = length.saturating_mul(limit) / tokens.max(1);
        let ceiling = text.floor_char_boundary(self.start + wanted.min(length.saturating_mul(9) / 10));
        Self { start: self.start, fresh: self.fresh, ceiling, failed }
    }
}

impl<'a> Cutter<'a> {
    /// Looks at the section once.
    pub(super) fn new(text: &'a str, section: &'a Section, index: &'a TokenIndex, room: Room) -> Self {
        let stops = stops(section, index, room.budget);
        Self { text, section, index, room, stops }
    }

    /// The end of the chunk: greater than what is fresh, less than any that failed (but for a single character); up to
    /// what is fresh when the chunk starts before it and nothing beyond it fits.
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

    /// Where the chunk after one of `start..next` starts: up to the overlap before `next`, at the first sentence or
    /// line there, else at a word.
    pub(super) fn restart(&self, start: usize, next: usize) -> usize {
        if self.room.overlap == 0 || next >= self.section.end {
            return next;
        }
        let earliest = self.text.ceil_char_boundary(self.index.back(next, self.room.overlap).max(start + 1));
        let Some((block, block_end)) = self.block_at(earliest) else { return next };
        if block.start == earliest {
            return earliest;
        }
        // some text before it tells whether a sentence or a word begins there
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

    /// The rows to repeat before a chunk that starts at `at`, if it continues a table.
    pub(super) fn header_at(&self, at: usize) -> Option<Range<usize>> {
        let (block, _) = self.block_at(at)?;
        (at > block.header.end && self.is_repeated(block)).then(|| block.header.clone())
    }

    /// Whether the rows that name the columns are there, and leave most of a chunk for others.
    fn is_repeated(&self, block: &Piece) -> bool {
        let header = &block.header;
        !header.is_empty()
            && header.len() <= self.room.most_bytes / HEADER_SHARE
            && self.index.count(header.clone()) <= self.room.budget / HEADER_SHARE
    }

    /// Tokens left for text in a chunk that starts at `at`.
    fn budget_at(&self, at: usize) -> usize {
        let header = self.header_at(at).map_or(0, |header| self.index.count(header));
        self.room.budget.saturating_sub(header).max(1)
    }

    /// The block in which a byte lies, and where it ends.
    fn block_at(&self, at: usize) -> Option<(&Piece, usize)> {
        let pieces = &self.section.pieces;
        let after = pieces.partition_point(|piece| piece.start <= at);
        let end = pieces.get(after).map_or(self.section.end, |next| next.start);
        Some((pieces.get(after.checked_sub(1)?)?, end))
    }

    /// The first place beyond `at` where no chunk goes on.
    fn stop_after(&self, at: usize) -> usize {
        self.stops.get(self.stops.partition_point(|stop| *stop <= at)).copied().unwrap_or(self.section.end)
    }

    /// The furthest end that the token and byte budgets allow.
    fn reach(&self, start: usize) -> usize {
        let by_tokens = self.index.reach(start, self.budget_at(start)).unwrap_or(self.section.end);
        let by_bytes = self.text.floor_char_boundary(start.saturating_add(self.room.most_bytes));
        by_tokens.min(by_bytes).min(self.section.end)
    }

    fn fits(&self, start: usize, end: usize) -> bool {
        end - start <= self.room.most_bytes && self.index.count(start..end) <= self.budget_at(start)
    }

    /// A cut before a block, or with `items` before any piece, an item of a list too.
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
        // a table's header does not stand alone at the end of a chunk when the next one repeats it
        let least = if self.is_repeated(block) { block.header.end + 1 } else { from };
        levels(block.kind).iter().find_map(|level| {
            let ends = boundary::boundaries(slice, *level).into_iter().map(|end| from + end);
            let ends: Vec<usize> = ends.filter(|end| *end > least).collect();
            let beyond = ends.partition_point(|end| *end <= reach);
            let (cuts, after) = ends.split_at(beyond);
            // the end of the slice is a boundary only where the block ends
            let next = after.first().copied().filter(|end| *end < until || until == block_end);
            let opening = (from > start).then_some(from);
            let cuts: Vec<usize> = opening.into_iter().chain(cuts.iter().copied()).collect();
            match level {
                // any grapheme may start a chunk
                Level::Grapheme => self
                    .best(window, &cuts, usize::MAX)
                    .or_else(|| cuts.last().copied().filter(|cut| *cut > fresh)),
                Level::Line | Level::Sentence | Level::Space | Level::Word => {
                    self.best(window, &cuts, next.unwrap_or(usize::MAX))
                }
            }
        })
    }

    /// Chooses between cuts of one level: among those from half a chunk on by content, with a rest that is not small if
    /// there is a choice; else the last one before a unit (up to `next`) that fits a chunk of its own.
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

    /// The first grapheme, if it is not known to be over; else as many characters as the budget reaches, at least one.
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

/// Where no chunk goes on: before and after each block or list that is not small, but for a little text beside it.
fn stops(section: &Section, index: &TokenIndex, budget: usize) -> Vec<usize> {
    let mut stops = Vec::new();
    let starts: Vec<usize> =
        section.pieces.iter().filter(|piece| !piece.continues_list).map(|piece| piece.start).collect();
    let ends = starts.iter().skip(1).copied().chain([section.end]);
    // from here on there are only small ones
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
