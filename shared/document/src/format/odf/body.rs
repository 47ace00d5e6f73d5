//! Reads the text of a document, or the pages of a presentation.

use message::PartKind;

use super::styles::Styles;
use crate::Refusal;
use crate::composer::Composer;
use crate::format::flow::{Flow, Kind, describes};
use crate::format::xml::{Node, Tag, Xml};

/// Maximum number of spaces that one element may stand for.
const MOST_SPACES: usize = 1_000;
/// Maximum number of empty cells that one element may stand for.
const MOST_CELLS: usize = 64;

/// Reads the body.
pub(super) struct Body<'a> {
    styles: &'a mut Styles,
    /// The completed pages before the open one.
    composer: Composer,
    flow: Flow,
    /// The open paragraphs: a text box has paragraphs within a paragraph.
    paragraphs: Vec<(Kind, String)>,
    lists: Vec<List>,
    notes: usize,
    page: Option<Page>,
    pages: u32,
    /// Whether the following rows name the columns.
    header: bool,
}

struct List {
    style: String,
    /// Whether an open item has no paragraph yet.
    fresh: bool,
    /// The number that this item requests.
    start: Option<u64>,
}

#[derive(Default)]
struct Page {
    title: String,
    /// Whether its title is open; its notes.
    in_title: bool,
    in_notes: bool,
    notes: Vec<String>,
}

impl<'a> Body<'a> {
    pub(super) fn new(composer: Composer, styles: &'a mut Styles) -> Self {
        Self {
            styles,
            composer: Composer::new(),
            flow: Flow::new(composer),
            paragraphs: Vec::new(),
            lists: Vec::new(),
            notes: 0,
            page: None,
            pages: 0,
            header: false,
        }
    }

    /// Reads a body in `text`, from its first element on.
    pub(super) fn read(mut self, format: &'static str, text: &str) -> Result<Composer, Refusal> {
        let mut xml = Xml::new(format, text);
        let mut inside = false;
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) if tag.name() == "body" => inside = true,
                Node::Open(_) | Node::Close(_) if !inside => {}
                Node::Open(tag) => self.open(&tag, &mut xml)?,
                Node::Text(text) => self.push(&text.replace(['\n', '\r'], " ")),
                Node::Close(end) => self.close(end.name()),
            }
        }
        Ok(self.flow.finish())
    }

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), Refusal> {
        match tag.name() {
            // deletions, declarations, text that another element shows, pronunciation hints
            "tracked-changes"
            | "sequence-decls"
            | "variable-decls"
            | "user-field-decls"
            | "forms"
            | "scripts"
            | "ruby-text"
            | "table-of-content-source"
            | "note-citation"
            | "animations"
            | "binary-data" => xml.skip()?,
            name if name.ends_with("-index-source") || name == "bibliography-source" => xml.skip()?,
            "title" if tag.prefix() == "svg" => xml.skip()?,
            "desc" => {
                let words = xml.text()?;
                if describes(&words) {
                    self.push(&format!(" {words} "));
                }
            }
            "h" => {
                let level = tag.number("outline-level").unwrap_or(1_u8).clamp(1, 10);
                self.paragraphs.push((Kind::Heading(level), String::new()));
            }
            "p" => {
                let kind = self.styles.kind(tag.attribute("style-name").as_deref());
                self.paragraphs.push((kind, String::new()));
            }
            "s" => self.push(&" ".repeat(tag.number("c").unwrap_or(1).min(MOST_SPACES))),
            "tab" => self.push("\t"),
            "line-break" => self.push("\n"),
            "list" => self.open_list(tag),
            "list-item" => self.open_item(tag),
            "note-body" => {
                let note = gather(xml, "note-body")?;
                self.notes += 1;
                self.push(&format!("[{}]", self.notes));
                self.flow.aside(format!("[{}] {note}", self.notes));
            }
            "annotation" => {
                let comment = read_annotation(xml)?;
                self.flow.aside(comment);
            }
            "page" => self.open_page(),
            "notes" | "frame" => self.enter(tag),
            // page numbers mean nothing in a text without pages
            "page-number" if self.page.is_some() => xml.skip()?,
            _ => self.open_table(tag),
        }
        Ok(())
    }

    fn open_table(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "table" => self.flow.open_table(),
            "table-header-rows" => self.header = true,
            "table-row" => {
                self.flow.open_row();
                if self.header {
                    self.flow.mark_header();
                }
            }
            "table-cell" => {
                self.flow.open_cell();
                let repeated = tag.number("number-columns-repeated").unwrap_or(1).min(MOST_CELLS);
                for _ in 1..repeated {
                    self.flow.open_cell();
                }
            }
            "covered-table-cell" => {
                self.flow.open_cell();
                self.flow.continue_cell();
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => self.end_paragraph(),
            "list" => drop(self.lists.pop()),
            "table" => self.flow.close_table(),
            "table-header-rows" => self.header = false,
            "frame" => {
                if let Some(page) = &mut self.page {
                    page.in_title = false;
                }
            }
            "notes" => {
                if let Some(page) = &mut self.page {
                    page.in_notes = false;
                }
            }
            "page" => self.end_page(),
            _ => {}
        }
    }

    fn open_list(&mut self, tag: &Tag<'_>) {
        let own = tag.attribute("style-name");
        let style = own.or_else(|| self.lists.last().map(|list| list.style.clone())).unwrap_or_default();
        let goes_on = tag.attribute("continue-numbering").as_deref() == Some("true")
            || tag.attribute("continue-list").is_some();
        if self.lists.is_empty() && !goes_on {
            self.styles.restart(&style);
        }
        self.lists.push(List { style, fresh: false, start: None });
    }

    fn open_item(&mut self, tag: &Tag<'_>) {
        if let Some(list) = self.lists.last_mut() {
            // counted at its first paragraph: an item that only contains a list has no number
            list.fresh = true;
            list.start = tag.number("start-value");
        }
    }

    fn end_paragraph(&mut self) {
        let Some((mut kind, mut text)) = self.paragraphs.pop() else { return };
        if let Some(page) = &mut self.page {
            if page.in_title {
                page.title = [page.title.as_str(), text.as_str()].join(" ").trim().into();
                return;
            }
            if page.in_notes {
                page.notes.push(text);
                return;
            }
        }
        let level = self.lists.len().saturating_sub(1);
        if let Some(list) = self.lists.last_mut()
            && !text.trim().is_empty()
        {
            if kind == Kind::Text {
                kind = Kind::Item(level);
            }
            if std::mem::take(&mut list.fresh) {
                let marker = self.styles.next(&list.style, level, list.start);
                if !(marker.is_empty() || marker == "-" && matches!(kind, Kind::Heading(_) | Kind::Title)) {
                    text.insert_str(0, &format!("{marker} "));
                }
            }
        }
        self.flow.paragraph(kind, &text);
    }

    fn push(&mut self, text: &str) {
        if let Some((_, paragraph)) = self.paragraphs.last_mut() {
            paragraph.push_str(text);
        }
    }

    fn open_page(&mut self) {
        self.pages += 1;
        let composer = self.flow.composer();
        composer.begin_part(PartKind::Slide, self.pages, None);
        // what follows does not belong to the previous page's title
        composer.heading(1, "");
        self.page = Some(Page::default());
        std::mem::swap(&mut self.composer, composer);
    }

    fn enter(&mut self, tag: &Tag<'_>) {
        if let Some(page) = &mut self.page {
            match (tag.name(), tag.attribute("class").as_deref()) {
                ("notes", _) => page.in_notes = true,
                ("frame", Some("title")) if !page.in_notes => page.in_title = true,
                _ => {}
            }
        }
    }

    /// Assembles the page: its title may come after other text in the file.
    fn end_page(&mut self) {
        let Some(page) = self.page.take() else { return };
        let all = std::mem::take(&mut self.composer);
        let flow = std::mem::replace(&mut self.flow, Flow::new(all));
        let content = flow.finish().finish("");
        self.flow.composer().heading(1, &page.title);
        self.flow.composer().embed("", &content);
        let notes: Vec<String> = page.notes.into_iter().filter(|note| !note.trim().is_empty()).collect();
        if !notes.is_empty() {
            self.flow.paragraph(Kind::Text, &format!("Notes: {}", notes.join("\n")));
        }
    }
}

/// The text up to the end of an element, a line per paragraph.
pub(super) fn gather(xml: &mut Xml<'_>, end: &str) -> Result<String, Refusal> {
    let mut found = String::new();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) if matches!(tag.name(), "s" | "tab") => found.push(' '),
            Node::Text(text) => found.push_str(&text.replace(['\n', '\r'], " ")),
            Node::Close(tag) if tag.name() == end => break,
            Node::Close(tag) if matches!(tag.name(), "p" | "h") => found.push('\n'),
            Node::Open(_) | Node::Close(_) => {}
        }
    }
    Ok(found.trim().to_owned())
}

/// A comment with its author.
pub(super) fn read_annotation(xml: &mut Xml<'_>) -> Result<String, Refusal> {
    let (mut author, mut found) = (String::new(), String::new());
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) if tag.name() == "creator" => author = format!(" by {}", xml.text()?.trim()),
            Node::Open(tag) if matches!(tag.name(), "date" | "date-string" | "creator-initials") => {
                xml.skip()?;
            }
            Node::Text(text) => found.push_str(&text.replace(['\n', '\r'], " ")),
            Node::Close(end) if end.name() == "annotation" => break,
            Node::Close(end) if end.name() == "p" => found.push('\n'),
            Node::Open(_) | Node::Close(_) => {}
        }
    }
    Ok(format!("Comment{author}: {}", found.trim()))
}
