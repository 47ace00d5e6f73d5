//! Sections: the stretches of text that are split independently, so that an edit moves no cut beyond its section.

use std::ops::Range;
use std::sync::Arc;

use super::heading::shortened;
use crate::{BlockKind, Extracted, HeadingPath};

/// Text under one heading path.
pub(super) struct Section {
    /// Shortened to leave room for text.
    pub(super) heading_path: Vec<String>,
    /// The blocks, in order; never empty.
    pub(super) pieces: Vec<Piece>,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte: the start of the next section, or the end of the text.
    pub(super) end: usize,
}

/// One block of a section. It extends to the next one, so that the white space between belongs to some piece.
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) kind: BlockKind,
    /// Whether it continues a list: a cut before it is worse than one between other blocks.
    pub(super) continues_list: bool,
    /// The range of a table's header rows; empty when there are none.
    pub(super) header: Range<usize>,
}

/// Divides a document into sections. A heading that is fully shown in some chunk's heading path is not part of a
/// section's text; any other (of an empty section, or too long for a path) is, so that it can be found.
pub(super) fn sections(extracted: &Extracted, fits: impl Fn(&str) -> bool) -> Vec<Section> {
    let paths = shortened_paths(extracted, &fits);
    let carried = carried_headings(extracted, &paths);
    let mut sections: Vec<Section> = Vec::new();
    let mut joins = false;
    for (index, block) in extracted.blocks.iter().enumerate() {
        if carried.get(index).copied().unwrap_or_default() {
            joins = false;
            continue;
        }
        // text before the first block belongs to it; there is only white space
        let start = if index == 0 { 0 } else { block.range.start };
        let end = extracted.blocks.get(index + 1).map_or(extracted.text.len(), |next| next.range.start);
        let header = block.range.start..(block.range.start + block.header).min(block.range.end);
        let empty = Vec::new();
        let heading_path: &Vec<String> = paths.get(index).map_or(&empty, |path| path);
        match sections.last_mut() {
            Some(section) if joins && section.heading_path == *heading_path => {
                let follows_item = section.pieces.last().is_some_and(|last| last.kind == BlockKind::ListItem);
                let continues_list = follows_item && block.kind == BlockKind::ListItem;
                section.pieces.push(Piece { start, kind: block.kind, continues_list, header });
                section.end = end;
            }
            _ => sections.push(Section {
                heading_path: heading_path.clone(),
                pieces: vec![Piece { start, kind: block.kind, continues_list: false, header }],
                start,
                end,
            }),
        }
        joins = true;
    }
    sections
}

/// The shortened path of each block; neighbours with the same path share the value. Text without a heading above it is
/// under the document's title: a page of a report or a reply says less alone than with its name.
fn shortened_paths(extracted: &Extracted, fits: &impl Fn(&str) -> bool) -> Vec<Arc<Vec<String>>> {
    let title: HeadingPath = extracted.title.iter().map(|title| Arc::from(title.as_str())).collect();
    let mut last: Option<(&HeadingPath, Arc<Vec<String>>)> = None;
    let mut paths = Vec::with_capacity(extracted.blocks.len());
    for block in &extracted.blocks {
        let is_bare = block.heading_path.is_empty() && block.kind != BlockKind::Heading;
        let full = if is_bare { &title } else { &block.heading_path };
        let path = match &last {
            Some((before, short)) if *before == full => Arc::clone(short),
            _ => Arc::new(shortened(full, fits)),
        };
        last = Some((full, Arc::clone(&path)));
        paths.push(path);
    }
    paths
}

/// For each block, whether it is a heading that is shown in some chunk's path.
fn carried_headings(extracted: &Extracted, paths: &[Arc<Vec<String>>]) -> Vec<bool> {
    let above = headings_above(extracted);
    let mut carried = vec![false; extracted.blocks.len()];
    // backwards, because a heading that becomes text itself shows the headings above it
    for (index, block) in extracted.blocks.iter().enumerate().rev() {
        if carried.get(index).copied().unwrap_or_default() && block.kind == BlockKind::Heading {
            continue;
        }
        let mut heading = above.get(index).copied().flatten();
        for shown in paths.get(index).into_iter().flat_map(|path| path.iter().rev()) {
            let Some(at) = heading else { break };
            let text = extracted.blocks.get(at).and_then(|block| extracted.text.get(block.range.clone()));
            if text == Some(shown.as_str())
                && let Some(mark) = carried.get_mut(at)
            {
                *mark = true;
            }
            heading = above.get(at).copied().flatten();
        }
    }
    carried
}

/// For each block, the index of the innermost heading above it.
fn headings_above(extracted: &Extracted) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut above = Vec::with_capacity(extracted.blocks.len());
    for (index, block) in extracted.blocks.iter().enumerate() {
        open.truncate(block.heading_path.len());
        above.push(open.last().copied());
        if block.kind == BlockKind::Heading {
            open.push(index);
        }
    }
    above
}
