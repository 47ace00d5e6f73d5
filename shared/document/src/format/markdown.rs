//! Markdown (`CommonMark` with tables, footnotes, strike-through, task lists and heading attributes), as the text
//! that a reader sees.
//!
//! The result is cleaned reading text, not the source: markers, link targets, reference definitions, HTML tags and
//! comments, anchors (`<a name=…>`, `{#id}`) and front matter do not help a search and cost tokens. Kept: link and
//! image texts, code verbatim without its fence, list markers, tables as lines with cells separated by ` | `, HTML
//! blocks as [`super::html`] reads them, and inline "tags" unknown to HTML, because in prose `<bucket-name>` is a
//! word. Malformed links (with spaces in the target, or in a code span) lose their targets too. The `title:` in front
//! matter becomes a heading above all others, as site generators show it.

mod front_matter;
mod inline_html;
mod link;
mod nesting;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Format, Source, has_extension, html};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// Markdown, recognised by the file extension, because its content cannot be told from plain text.
pub(super) struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["md", "markdown", "mdown", "mkd", "mdx"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let source = encoding::decode(source.bytes, None)?;
        let (title, body) = front_matter::split(&source);
        let mut composer = Composer::new();
        if let Some(title) = title {
            composer.declare_title(&title);
            composer.show_title();
        }
        Ok(read(composer, body)?.finish(self.name()))
    }
}

/// Reads Markdown within a document into its text.
///
/// # Errors
/// When HTML in it is built to exhaust its reader.
pub(super) fn read(composer: Composer, source: &str) -> Result<Composer, Refusal> {
    let mut reader = Reader { composer, verbatim: None, rows: Vec::new(), cells: Vec::new() };
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    for event in Parser::new_ext(&nesting::bounded(source), options) {
        reader.event(event)?;
    }
    reader.composer.flush();
    Ok(reader.composer)
}

/// Handles the parser's events.
struct Reader {
    composer: Composer,
    /// Text of the open code or HTML block.
    verbatim: Option<String>,
    rows: Vec<Vec<String>>,
    cells: Vec<String>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), Refusal> {
        match event {
            Event::Start(tag) => {
                self.drop_targets(tag.to_end());
                self.start(&tag);
            }
            Event::End(tag) => {
                self.drop_targets(tag);
                return self.end(tag);
            }
            Event::Text(text) | Event::Code(text) | Event::Html(text) => match &mut self.verbatim {
                Some(verbatim) => verbatim.push_str(&text),
                None => self.composer.inline(&text),
            },
            Event::InlineMath(text) | Event::DisplayMath(text) => self.composer.inline(&text),
            Event::InlineHtml(tag) => self.inline_html(&tag),
            Event::SoftBreak => self.composer.inline("\n"),
            Event::HardBreak => self.composer.line_break(),
            Event::Rule => self.composer.flush(),
            Event::TaskListMarker(done) => self.composer.inline(if done { "[x] " } else { "[ ] " }),
            Event::FootnoteReference(_) => {}
        }
        Ok(())
    }

    /// At the end of a block the line is complete, so malformed links in it are found.
    fn drop_targets(&mut self, border: TagEnd) {
        let inline = matches!(
            border,
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Superscript
                | TagEnd::Subscript
                | TagEnd::Link
                | TagEnd::Image
        );
        if !inline {
            self.composer.edit_line(link::without_targets);
        }
    }

    fn inline_html(&mut self, tag: &str) {
        match inline_html::meaning(tag) {
            inline_html::Meaning::Nothing => {}
            inline_html::Meaning::LineBreak => self.composer.line_break(),
            inline_html::Meaning::Word => self.composer.inline(tag),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_) => {
                self.composer.flush();
                self.verbatim = Some(String::new());
            }
            Tag::List(start) => self.composer.open_list(*start),
            Tag::Item => self.composer.open_item(),
            Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_) => self.composer.flush(),
            Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. } => {}
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), Refusal> {
        match tag {
            TagEnd::Heading(level) => {
                let text = self.composer.take_line();
                self.composer.heading(level as u8, &text);
            }
            TagEnd::CodeBlock => {
                let code = self.verbatim.take().unwrap_or_default();
                self.composer.block(BlockKind::Code, &code);
            }
            TagEnd::HtmlBlock => {
                let markup = self.verbatim.take().unwrap_or_default();
                html::read_fragment(&mut self.composer, &markup)?;
            }
            TagEnd::MetadataBlock(_) => self.verbatim = None,
            TagEnd::List(_) => self.composer.close_list(),
            TagEnd::Item => self.composer.close_item(),
            TagEnd::TableCell => self.cells.push(self.composer.take_line()),
            TagEnd::TableHead | TagEnd::TableRow => {
                self.rows.push(std::mem::take(&mut self.cells));
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.composer.table(&rows, 1);
            }
            TagEnd::Paragraph
            | TagEnd::BlockQuote(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition => self.composer.flush(),
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
