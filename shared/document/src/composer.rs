//! Assembles the reading text: block after block, each with the headings above it.
//!
//! Formats describe what a page is made of (inline text, a heading, a list item, code, a table). Separators, list
//! markers, offsets and heading paths are decided here, so that all formats agree on them. Guarantees: blocks are in
//! order, never empty, and never overlap; only white space lies between them.

use std::sync::Arc;

use message::{Part, PartKind};

use crate::bounded::{LONGEST_WORDS, LeftOuts, Parts, shortened};
use crate::line::Line;
use crate::{Block, BlockKind, Extracted, HeadingPath};

/// Deeper lists are not indented further; otherwise indentation could grow with the square of the depth.
const DEEPEST_INDENT: usize = 8;
/// The level of a title, above the document's own headings.
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
    parts: Parts,
    left_out: LeftOuts,
}

impl Default for Composer {
    fn default() -> Self {
        Self::new()
    }
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
            parts: Parts::default(),
            left_out: LeftOuts::default(),
        }
    }

    /// Whether there is no text yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds inline text to the current line.
    pub(crate) fn inline(&mut self, text: &str) {
        self.line.push(text);
    }

    /// Adds a line break within the block.
    pub(crate) fn line_break(&mut self) {
        self.line.line_break();
    }

    /// Takes the collected inline text, to be used for something other than a block.
    pub(crate) fn take_line(&mut self) -> String {
        self.line.take()
    }

    /// Edits the collected inline text.
    pub(crate) fn edit_line(&mut self, edit: impl Fn(&str) -> String) {
        self.line.edit(edit);
    }

    /// Ends the block: the collected text becomes a paragraph, or a list item within a list.
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

    /// Adds a complete block; blank text adds nothing.
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
        self.blocks.push(Block { range, heading_path: Arc::clone(&self.path), kind, header: 0 });
    }

    /// Adds a table: one line per row, cells separated by ` | `. Missing cells at the end of a row are not shown, and
    /// rows without text are left out. The first `header_rows` rows name the columns.
    pub(crate) fn table(&mut self, rows: &[Vec<String>], header_rows: usize) {
        let line = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| one_line(cell)).collect();
            let last = cells.iter().rposition(|cell| !cell.is_empty())?;
            cells.get(..=last).map(|cells| cells.join(" | ").trim().to_owned())
        };
        let (header, body) = rows.split_at(header_rows.min(rows.len()));
        let header: Vec<String> = header.iter().filter_map(line).collect();
        let body: Vec<String> = body.iter().filter_map(line).collect();
        let (before, header) = (self.blocks.len(), header.join("\n"));
        if header.is_empty() || body.is_empty() {
            return self.block(BlockKind::Table, &format!("{header}{}", body.join("\n")));
        }
        self.block(BlockKind::Table, &format!("{header}\n{}", body.join("\n")));
        if let Some(block) = self.blocks.get_mut(before) {
            block.header = header.len();
        }
    }

    /// Begins a page, slide, sheet or archive member; everything added from here on belongs to it.
    pub(crate) fn begin_part(&mut self, kind: PartKind, number: u32, name: Option<&str>) {
        self.flush();
        let name = name.map(|name| shortened(name).into_owned());
        self.parts.push(Part { kind, number, name, start: self.text.len() as u64 });
    }

    /// Records that a part of the document could not be read, and why.
    pub(crate) fn leave_out(&mut self, name: &str, cause: &str) {
        self.left_out.push(name, cause);
    }

    /// Adds a document contained in this one, under the current headings. Its parts become parts of this one, and
    /// what it left out is recorded here under `name`.
    pub(crate) fn embed(&mut self, name: &str, inner: &Extracted) {
        self.flush();
        let mut last: Option<(&HeadingPath, HeadingPath)> = None;
        let (shift, mut parts) = (self.text.len(), inner.parts.iter().peekable());
        let mut end = 0;
        for block in &inner.blocks {
            let start = self.text.len();
            while let Some(part) = parts.next_if(|part| part.start <= block.range.start as u64) {
                self.parts.push(Part { start: start as u64, ..part.clone() });
            }
            let path = match &last {
                Some((of, path)) if **of == block.heading_path => Arc::clone(path),
                _ => self.path.iter().chain(block.heading_path.iter()).map(Arc::clone).collect(),
            };
            last = Some((&block.heading_path, Arc::clone(&path)));
            if start > 0 {
                let item = |kind| kind == BlockKind::ListItem;
                let joined =
                    item(block.kind) && start > shift && self.blocks.last().is_some_and(|b| item(b.kind));
                self.text.push_str(if joined { "\n" } else { "\n\n" });
            }
            // an item's indentation is before its range
            let before = inner.text.get(end..block.range.start).unwrap_or_default();
            self.text.push_str(before.get(before.trim_end_matches(' ').len()..).unwrap_or_default());
            end = block.range.end;
            let start = self.text.len();
            self.text.push_str(inner.text.get(block.range.clone()).unwrap_or_default());
            let range = start..self.text.len();
            self.blocks.push(Block { range, heading_path: path, ..block.clone() });
        }
        let end = self.text.len() as u64;
        for part in parts {
            self.parts.push(Part { start: end, ..part.clone() });
        }
        // Shortened first, because it is combined with the name of every part within.
        let name = shortened(name);
        for out in &inner.left_out {
            self.left_out.push(&format!("{name}/{}", out.name), &out.cause);
        }
    }

    /// Adds a heading (levels start at 1); what follows belongs to it.
    pub(crate) fn heading(&mut self, level: u8, content: &str) {
        let content = content.split_whitespace().collect::<Vec<_>>().join(" ");
        // A "heading" this long is running text that was marked up as one.
        if content.len() > LONGEST_WORDS {
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

    /// Sets the title that the document declares.
    pub(crate) fn declare_title(&mut self, title: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.declared_title.is_none() && !title.is_empty() {
            self.declared_title = Some(title);
        }
    }

    /// Whether a title has been declared.
    pub(crate) fn has_title(&self) -> bool {
        self.declared_title.is_some()
    }

    /// Shows the declared title as a heading above all others, because where renderers show it, readers search for
    /// it.
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

    /// Closes an item; the marker of an empty item is not written.
    pub(crate) fn close_item(&mut self) {
        self.flush();
        self.marker = None;
    }

    /// Adds an item with its marker to a list that is known only by its depth (0 is the outermost), as in office
    /// files.
    pub(crate) fn item(&mut self, depth: usize, content: &str) {
        self.flush();
        let lists = std::mem::replace(&mut self.lists, vec![None; depth.min(DEEPEST_INDENT) + 1]);
        self.block(BlockKind::ListItem, content);
        self.lists = lists;
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
        // Only shortened now, because a format may have shown the whole title as text.
        let title = self.declared_title.or(self.first_of_level_one).or(opening);
        Extracted {
            format: format.to_owned(),
            title: title.map(|title| shortened(&title).into_owned()),
            language: None,
            text: self.text,
            blocks: self.blocks,
            parts: self.parts.finish(),
            left_out: self.left_out.finish(),
        }
    }
}

/// A cell as one line, with white space collapsed.
fn one_line(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}
