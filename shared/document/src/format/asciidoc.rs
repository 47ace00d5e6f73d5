//! `AsciiDoc`, as the text that a reader sees: headings, lists, tables, code and quotes.
//!
//! Dropped: comments, attributes (their values stand where they are named), conditions, includes, anchors, styles and
//! link targets. What a search needs is line-based (FORMATS.md).

mod inline;
mod table;

use std::collections::HashMap;

use self::inline::plain;
use self::table::Table;
use super::{Format, Source, has_extension, html};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// `AsciiDoc`, recognised by the file extension.
pub(super) struct AsciiDoc;

impl Format for AsciiDoc {
    fn name(&self) -> &'static str {
        "asciidoc"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["adoc", "asciidoc"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let text = encoding::decode(source.bytes, None)?;
        let mut reader = Reader::default();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = line.trim_end();
            match Fence::of(line) {
                Some(Fence::Around) => reader.end(),
                Some(fence) => {
                    let inner =
                        lines.by_ref().map(str::trim_end).take_while(|inner| *inner != Fence::end(line));
                    reader.fenced(&fence, &inner.collect::<Vec<_>>())?;
                }
                None => reader.line(line),
            }
        }
        reader.end();
        Ok(reader.composer.finish(self.name()))
    }
}

/// What a line of delimiters opens.
enum Fence {
    Code,
    Comment,
    /// Markup of HTML.
    Passed,
    Table,
    /// Examples, sidebars and quotes: read as the rest, without their delimiters.
    Around,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        let first = line.chars().next()?;
        let is_row = line.len() >= 4 && line.chars().all(|next| next == first);
        match first {
            '`' if line.starts_with("```") && !line.get(3..)?.contains('`') => Some(Self::Code),
            '-' | '.' if is_row => Some(Self::Code),
            '/' if is_row => Some(Self::Comment),
            '+' if is_row => Some(Self::Passed),
            '=' | '*' | '_' if is_row => Some(Self::Around),
            '-' if line == "--" => Some(Self::Around),
            '|' | ',' | '!' if line.get(1..) == Some("===") => Some(Self::Table),
            _ => None,
        }
    }

    /// The line that closes what `line` opens.
    fn end(line: &str) -> &str {
        if line.starts_with("```") { "```" } else { line }
    }
}

#[derive(Default)]
struct Reader {
    composer: Composer,
    attributes: HashMap<String, String>,
    /// What the line in square brackets above a block says of it.
    style: String,
    /// The open item's depth and marker.
    item: Option<(usize, String)>,
    /// The numbers of the open ordered lists, by depth.
    numbers: Vec<u64>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed == "+" || matches!(trimmed, "'''" | "<<<" | "---" | "***") {
            return self.end();
        }
        if trimmed.starts_with("//") || is_directive(trimmed) {
            return;
        }
        if let Some((name, value)) = attribute(line) {
            self.end();
            self.attributes.insert(name.to_lowercase(), value.to_owned());
            return;
        }
        if let Some(style) = style(line) {
            self.end();
            style.clone_into(&mut self.style);
            return;
        }
        if let Some((level, heading)) = heading(line) {
            self.end();
            self.style.clear();
            return self.heading(level, heading);
        }
        if let Some((depth, marker, text)) = self.marked(trimmed) {
            self.end();
            self.item = Some((depth, marker));
            return self.inline(text);
        }
        if let Some(title) = line.strip_prefix('.').filter(|title| !title.starts_with([' ', '.'])) {
            self.end();
            self.inline(title);
            return self.end();
        }
        self.composer.inline("\n");
        self.inline(trimmed);
        if trimmed.ends_with(" +") {
            self.composer.line_break();
        }
    }

    fn inline(&mut self, text: &str) {
        let text = plain(text, &self.attributes);
        self.composer.inline(&text);
    }

    fn heading(&mut self, level: u8, heading: &str) {
        let heading = plain(heading, &self.attributes);
        self.numbers.clear();
        if level == 1 && self.composer.is_empty() {
            self.composer.declare_title(&heading);
            return self.composer.show_title();
        }
        self.composer.heading(level, &heading);
    }

    /// The depth, the marker as shown, and the text of a line that begins an item.
    fn marked<'a>(&mut self, line: &'a str) -> Option<(usize, String, &'a str)> {
        if let Some((term, text)) = described(line) {
            return Some((0, format!("- {}: ", plain(term, &self.attributes)), text));
        }
        let (mark, text) = line.split_once(' ')?;
        let first = mark.chars().next()?;
        let depth = mark.len() - 1;
        let is_row = mark.len() <= 6 && mark.chars().all(|next| next == first);
        if is_row && matches!(first, '*' | '-') {
            return Some((depth, "- ".to_owned(), text));
        }
        let number = mark.strip_suffix('.').or_else(|| mark.strip_prefix('<')?.strip_suffix('>'));
        if let Some(number) = number.filter(|number| number.parse::<u32>().is_ok()) {
            return Some((0, format!("{number}. "), text));
        }
        if !is_row || first != '.' {
            return None;
        }
        self.numbers.resize(depth + 1, 0);
        let number = self.numbers.last_mut()?;
        *number = number.saturating_add(1);
        Some((depth, format!("{number}. "), text))
    }

    /// A block between delimiters.
    fn fenced(&mut self, fence: &Fence, lines: &[&str]) -> Result<(), Refusal> {
        self.end();
        let style = std::mem::take(&mut self.style);
        match fence {
            Fence::Code => self.composer.block(BlockKind::Code, &lines.join("\n")),
            Fence::Table => {
                let table = Table::of(&style, lines, &self.attributes);
                self.composer.table(&table.rows, table.header);
            }
            Fence::Passed => html::read_fragment(&mut self.composer, &lines.join("\n"))?,
            Fence::Comment | Fence::Around => {}
        }
        Ok(())
    }

    /// Ends the open block.
    fn end(&mut self) {
        let Some((depth, marker)) = self.item.take() else { return self.composer.flush() };
        let text = self.composer.take_line();
        self.composer.item(depth, &format!("{marker}{}", text.trim()));
    }
}

/// The level of a heading, and its text.
fn heading(line: &str) -> Option<(u8, &str)> {
    let mark = line.chars().next().filter(|mark| matches!(mark, '=' | '#'))?;
    let text = line.trim_start_matches(mark);
    let level = u8::try_from(line.len() - text.len()).ok().filter(|level| *level <= 6)?;
    text.starts_with(' ').then(|| (level, text.trim()))
}

/// What a line in square brackets says of the block below it; brackets at both ends of a text say nothing.
fn style(line: &str) -> Option<&str> {
    let style = line.strip_prefix('[')?.strip_suffix(']')?;
    (!style.trim_matches(['[', ']']).contains(']')).then_some(style)
}

/// An entry of an attribute: `:name: value`.
fn attribute(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix(':')?.split_once(':')?;
    let is_name =
        |name: &str| name.chars().all(|next| next.is_alphanumeric() || matches!(next, '-' | '_' | '!'));
    (!name.is_empty() && is_name(name)).then(|| (name, value.trim()))
}

/// The term and the text of an entry of a description list.
fn described(line: &str) -> Option<(&str, &str)> {
    let (term, text) = line.split_once(":: ").or_else(|| Some((line.strip_suffix("::")?, "")))?;
    (!term.is_empty() && !term.contains("::")).then(|| (term, text.trim()))
}

/// Whether a line says what is done with others: includes, conditions, the place of the table of contents.
fn is_directive(line: &str) -> bool {
    ["include::", "ifdef::", "ifndef::", "ifeval::", "endif::", "toc::"]
        .iter()
        .any(|name| line.starts_with(name))
}

#[cfg(test)]
mod tests;
