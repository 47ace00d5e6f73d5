//! Reads the body of a document, or another story (notes, comments, headers).

use std::collections::BTreeMap;

use super::math::Math;
use super::numbering::Numbering;
use super::styles::{Properties, Styles};
use crate::composer::Composer;
use crate::format::flow::{Flow, Kind, describes};
use crate::format::xml::{Node, Tag, Xml};
use crate::{Extracted, Refusal};

/// Content of other parts of the package, inserted where the body refers to it.
#[derive(Default)]
pub(super) struct Elsewhere {
    pub(super) footnotes: BTreeMap<String, String>,
    pub(super) endnotes: BTreeMap<String, String>,
    pub(super) comments: BTreeMap<String, String>,
    /// Charts and diagrams, by relationship.
    pub(super) drawings: BTreeMap<String, Vec<String>>,
    /// Embedded documents, by relationship.
    pub(super) imports: BTreeMap<String, Extracted>,
}

/// Reads one story.
pub(super) struct Body<'a> {
    styles: &'a Styles,
    numbering: &'a mut Numbering,
    elsewhere: &'a Elsewhere,
    flow: Flow,
    /// The open paragraphs: a text box has paragraphs within a paragraph.
    paragraphs: Vec<Paragraph>,
    /// The open fields, and whether their result has begun; what precedes it is code.
    fields: Vec<bool>,
    /// Number of open fields whose result has not begun.
    codes: usize,
    in_run: bool,
    hidden: bool,
    reading: bool,
    notes: usize,
    /// The open note or comment, and all that have been read.
    note: Option<(String, String)>,
    found: BTreeMap<String, String>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    properties: Properties,
    math: Math,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        composer: Composer,
        styles: &'a Styles,
        numbering: &'a mut Numbering,
        elsewhere: &'a Elsewhere,
    ) -> Self {
        Self {
            styles,
            numbering,
            elsewhere,
            flow: Flow::new(composer),
            paragraphs: Vec::new(),
            fields: Vec::new(),
            codes: 0,
            in_run: false,
            hidden: false,
            reading: false,
            notes: 0,
            note: None,
            found: BTreeMap::new(),
        }
    }

    /// Reads a story to its end.
    pub(super) fn read(&mut self, format: &'static str, text: &str) -> Result<(), Refusal> {
        let mut xml = Xml::new(format, text);
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) => self.open(&tag, &mut xml)?,
                Node::Text(text) if self.reading => self.push(&text.replace(['\n', '\r'], " ")),
                Node::Text(_) => {}
                Node::Close(end) => self.close(end.name(), end.prefix()),
            }
        }
        Ok(())
    }

    /// The composer, with the whole story in it.
    pub(super) fn finish(self) -> Composer {
        self.flow.finish()
    }

    /// The notes or comments that were read, by id.
    pub(super) fn notes(self) -> BTreeMap<String, String> {
        self.found
    }

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), Refusal> {
        match tag.name() {
            // deleted or moved text, text before a change, duplicates for older readers, and tab stops (which have
            // the same name as tabs)
            "del" | "moveFrom" | "Fallback" | "instrText" | "delInstrText" | "tabs" | "sectPr"
            | "binData" => {
                xml.skip()?;
            }
            name if name.ends_with("PrChange") => xml.skip()?,
            "checkBox" if tag.prefix() != "w14" => self.form_box(xml)?,
            "p" => self.paragraphs.push(Paragraph::default()),
            "pStyle" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.style = tag.attribute("val");
                }
            }
            "outlineLvl" | "numId" | "ilvl" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.properties.take(tag);
                }
            }
            "tbl" => self.flow.open_table(),
            "tr" => self.flow.open_row(),
            "tc" => self.flow.open_cell(),
            "tblHeader" if on(tag) => self.flow.mark_header(),
            "gridSpan" => self.flow.widen_cell(tag.number("val").unwrap_or(1)),
            "vMerge" | "hMerge" if tag.attribute("val").is_none_or(|value| value == "continue") => {
                self.flow.continue_cell();
            }
            "footnote" | "endnote" | "comment" => self.open_note(tag),
            "altChunk" => {
                if let Some(import) = tag.attribute("id").and_then(|id| self.elsewhere.imports.get(&id)) {
                    self.flow.composer().embed("", import);
                }
            }
            _ if tag.prefix() == "m" && tag.name() != "t" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.math.open(tag, &mut paragraph.text);
                }
            }
            _ => self.open_in_run(tag),
        }
        Ok(())
    }

    fn open_in_run(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "r" => (self.in_run, self.hidden) = (true, false),
            "vanish" if self.in_run => self.hidden = on(tag),
            "t" => self.reading = true,
            "tab" | "ptab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "sym" => {
                let sign = tag.attribute("char").and_then(|code| symbol(&code));
                self.push(sign.map(String::from).unwrap_or_default().as_str());
            }
            "fldChar" => match tag.attribute("fldCharType").as_deref() {
                Some("begin") => {
                    self.fields.push(false);
                    self.codes += 1;
                }
                Some("separate") => {
                    if let Some(result @ false) = self.fields.last_mut() {
                        *result = true;
                        self.codes -= 1;
                    }
                }
                Some("end") if self.fields.pop() == Some(false) => self.codes -= 1,
                _ => {}
            },
            "footnoteReference" => self.refer(&self.elsewhere.footnotes, tag),
            "endnoteReference" => self.refer(&self.elsewhere.endnotes, tag),
            "commentReference" => {
                if let Some(comment) = tag.attribute("id").and_then(|id| self.elsewhere.comments.get(&id)) {
                    self.flow.aside(comment.clone());
                }
            }
            "docPr" => {
                let words = tag.attribute("descr").filter(|words| describes(words));
                self.push(&words.map(|words| format!(" {words} ")).unwrap_or_default());
            }
            "chart" | "relIds" => {
                let id = tag.attribute(if tag.name() == "chart" { "id" } else { "dm" });
                if let Some(lines) = id.and_then(|id| self.elsewhere.drawings.get(&id)) {
                    self.flow.aside(lines.join("\n"));
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str, prefix: &str) {
        match name {
            "p" => self.end_paragraph(),
            "tbl" => self.flow.close_table(),
            "t" => self.reading = false,
            "r" => (self.in_run, self.hidden) = (false, false),
            "footnote" | "endnote" | "comment" => {
                if let Some((id, author)) = self.note.take() {
                    let flow = std::mem::replace(&mut self.flow, Flow::new(Composer::new()));
                    let text = flow.finish().finish("").text.replace("\n\n", "\n");
                    if !text.is_empty() {
                        self.found.insert(id, format!("{author}{text}"));
                    }
                }
            }
            _ if prefix == "m" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.math.close(name, &mut paragraph.text);
                }
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let Some(Paragraph { mut text, style, properties, .. }) = self.paragraphs.pop() else { return };
        let (mut kind, properties) = self.styles.resolve(style.as_deref(), &properties);
        let level = properties.level.unwrap_or_default();
        let list = properties.list.filter(|list| list != "0" && !text.trim().is_empty());
        if let Some(marker) = list.and_then(|list| self.numbering.next(&list, level)) {
            if kind == Kind::Text {
                kind = Kind::Item(level);
            }
            if !(matches!(kind, Kind::Title | Kind::Heading(_)) && marker == "-") {
                text.insert_str(0, &format!("{marker} "));
            }
        }
        self.flow.paragraph(kind, &text);
    }

    fn push(&mut self, text: &str) {
        if self.codes == 0
            && !self.hidden
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.text.push_str(text);
        }
    }

    /// Shows a note as its number; its text follows the block.
    fn refer(&mut self, notes: &BTreeMap<String, String>, tag: &Tag<'_>) {
        if let Some(note) = tag.attribute("id").and_then(|id| notes.get(&id)) {
            self.notes += 1;
            self.push(&format!("[{}]", self.notes));
            self.flow.aside(format!("[{}] {note}", self.notes));
        }
    }

    fn open_note(&mut self, tag: &Tag<'_>) {
        let shown = tag.attribute("type").is_none_or(|kind| kind == "normal");
        let author = match (tag.name(), tag.attribute("author")) {
            ("comment", Some(author)) if !author.trim().is_empty() => format!("Comment by {author}: "),
            ("comment", _) => "Comment: ".to_owned(),
            _ => String::new(),
        };
        self.note = tag.attribute("id").filter(|_| shown).map(|id| (id, author));
    }

    /// A checkbox of a form, ticked or not.
    fn form_box(&mut self, xml: &mut Xml<'_>) -> Result<(), Refusal> {
        let mut ticked = false;
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) if matches!(tag.name(), "checked" | "default") => ticked = on(&tag),
                Node::Close(end) if end.name() == "checkBox" => break,
                Node::Open(_) | Node::Text(_) | Node::Close(_) => {}
            }
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(if ticked { "☒" } else { "☐" });
        }
        Ok(())
    }
}

/// Whether a property that is present is on: it is unless it says otherwise.
fn on(tag: &Tag<'_>) -> bool {
    !matches!(tag.attribute("val").as_deref(), Some("0" | "false" | "off"))
}

/// A character of a symbol font as text; none when it has no meaning of its own.
fn symbol(code: &str) -> Option<char> {
    match u32::from_str_radix(code, 16).ok()? {
        0xf0fe | 0xf052 | 0xf0fd => Some('☒'),
        0xf0a8 | 0xf06f | 0xf071 => Some('☐'),
        0xf0fc => Some('✓'),
        0xf0e0 => Some('→'),
        0xf0b7 | 0xf0a7 => Some('•'),
        0xf000..=0xf0ff => None,
        code => char::from_u32(code),
    }
}
