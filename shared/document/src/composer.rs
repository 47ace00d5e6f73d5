//! Puts reading text together: block after block, each with the headings above it.
//!
//! The formats speak in what a page is made of (inline text, a heading, a list item, code, a table); separators,
//! list markers, offsets and heading paths are decided here, so that all formats agree on them. Guarantees: blocks
//! are in order, never empty, never overlap; only white space lies between them.

use std::sync::Arc;

use crate::line::Line;
use crate::{Block, BlockKind, Extracted, HeadingPath};

/// A "heading" longer than this is running text that was marked up as a heading.
const LONGEST_HEADING_BYTES: usize = 1_000;
/// Deeper lists are not indented further: indentation would grow by the square of the depth.
const DEEPEST_INDENT: usize = 8;
/// The level of a title that stands above the document's own headings.
const TITLE_LEVEL: u8 = 0;

/// Collects the text of one document.
pub(crate) struct Composer {
    text: String,
    blocks: Vec<Block>,
    outline: Vec<(u8, Arc<str>)>,
    path: HeadingPath,
    declared_title: Option<String>,
    first_of_level_one: Option<String>,
    line: Line,
    lists: Vec<Option<u64>>,
    marker: Option<String>,
}

impl Composer {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            blocks: Vec::new(),
            outline: Vec::new(),
            path: Arc::from([]),
            declared_title: None,
            first_of_level_one: None,
            line: Line::new(),
            lists: Vec::new(),
            marker: None,
        }
    }

    /// Adds inline text.
    pub(crate) fn inline(&mut self, text: &str) {
        self.line.push(text);
    }

    /// Adds a line break within the block.
    pub(crate) fn line_break(&mut self) {
        self.line.line_break();
    }

    /// Takes the inline text that was collected, for a use other than a block.
    pub(crate) fn take_line(&mut self) -> String {
        self.line.take()
    }

    /// Replaces the inline text that was collected.
    pub(crate) fn edit_line(&mut self, edit: impl Fn(&str) -> String) {
        self.line.edit(edit);
    }

    /// Ends the block: what was collected becomes a paragraph, or within a list an item.
    pub(crate) fn flush(&mut self) {
        let line = self.line.take();
        if line.trim().is_empty() {
            return;
        }
        if self.lists.is_empty() {
            return self.block(BlockKind::Paragraph, &line);
        }
        let marker = self.marker.take().unwrap_or_default();
        self.block(BlockKind::ListItem, &format!("{marker}{}", line.trim()));
    }

    /// Adds a block of which the text is complete; blank text adds nothing.
    pub(crate) fn block(&mut self, kind: BlockKind, content: &str) {
        let content = match kind {
            // indentation of the first line is part of the code
            BlockKind::Code => content.trim_start_matches(['\n', '\r']).trim_end(),
            BlockKind::Paragraph | BlockKind::Heading | BlockKind::ListItem | BlockKind::Table => {
                content.trim()
            }
        };
        if content.trim().is_empty() {
            return;
        }
        let follows_item = self.blocks.last().is_some_and(|block| block.kind == BlockKind::ListItem);
        if !self.text.is_empty() {
            self.text.push_str(if kind == BlockKind::ListItem && follows_item { "\n" } else { "\n\n" });
        }
        if kind == BlockKind::ListItem {
            let depth = self.lists.len().saturating_sub(1).min(DEEPEST_INDENT);
            self.text.push_str(&"  ".repeat(depth));
        }
        let start = self.text.len();
        self.text.push_str(content);
        let range = start..self.text.len();
        self.blocks.push(Block { range, heading_path: Arc::clone(&self.path), kind });
    }

    /// Adds a heading of a level from 1, and puts what follows under it.
    pub(crate) fn heading(&mut self, level: u8, content: &str) {
        let content = content.split_whitespace().collect::<Vec<_>>().join(" ");
        if content.len() > LONGEST_HEADING_BYTES {
            return self.block(BlockKind::Paragraph, &content);
        }
        let repeats_title = self.blocks.len() == 1
            && matches!(self.outline.as_slice(), [(TITLE_LEVEL, title)] if **title == *content);
        if repeats_title {
            return;
        }
        self.outline.retain(|(above, _)| *above < level);
        self.path = self.outline.iter().map(|(_, text)| Arc::clone(text)).collect();
        if content.is_empty() {
            return;
        }
        self.block(BlockKind::Heading, &content);
        self.outline.push((level, Arc::from(content.as_str())));
        self.path = self.outline.iter().map(|(_, text)| Arc::clone(text)).collect();
        if level == 1 && self.first_of_level_one.is_none() {
            self.first_of_level_one = Some(content);
        }
    }

    /// Notes the title that the document declares.
    pub(crate) fn declare_title(&mut self, title: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.declared_title.is_none() && !title.is_empty() {
            self.declared_title = Some(title);
        }
    }

    /// Adds the declared title as a heading above all others: where a renderer shows it as one, readers search for it.
    pub(crate) fn show_title(&mut self) {
        if let Some(title) = self.declared_title.clone() {
            self.heading(TITLE_LEVEL, &title);
        }
    }

    /// Opens a list; `start` is the first number of an ordered one.
    pub(crate) fn open_list(&mut self, start: Option<u64>) {
        self.flush();
        self.lists.push(start);
    }

    /// Closes the innermost list.
    pub(crate) fn close_list(&mut self) {
        self.flush();
        self.lists.pop();
    }

    /// Opens an item of the innermost list; outside a list, a paragraph.
    pub(crate) fn open_item(&mut self) {
        self.flush();
        self.marker = self.lists.last_mut().map(|list| match list {
            None => "- ".to_owned(),
            Some(number) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
        });
    }

    /// Closes an item; the marker of an empty one is not written.
    pub(crate) fn close_item(&mut self) {
        self.flush();
        self.marker = None;
    }

    /// Ends the document.
    pub(crate) fn finish(mut self, format: &'static str) -> Extracted {
        self.flush();
        let opening = self
            .blocks
            .first()
            .filter(|block| block.kind == BlockKind::Heading)
            .and_then(|block| self.text.get(block.range.clone()))
            .map(str::to_owned);
        let title = self.declared_title.or(self.first_of_level_one).or(opening);
        Extracted { format, title, text: self.text, blocks: self.blocks }
    }
}
