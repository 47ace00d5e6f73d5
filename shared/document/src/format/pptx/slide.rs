//! Reads a slide: shapes in order, tables, and the text of charts and diagrams.

use std::collections::BTreeMap;

use crate::Refusal;
use crate::composer::Composer;
use crate::format::docx::math::Math;
use crate::format::docx::numbering::number;
use crate::format::flow::{Flow, Kind, collapse, describes};
use crate::format::xml::{Node, Tag, Xml};

/// Number of list levels in a shape.
const LEVELS: usize = 9;

/// Reads a slide, or its page of notes.
pub(super) struct Slide<'a> {
    /// The text of its title.
    pub(super) title: String,
    /// Its footers, which are the same on many slides.
    pub(super) footers: Vec<String>,
    /// Charts and diagrams, by relationship.
    drawings: &'a BTreeMap<String, Vec<String>>,
    flow: Flow,
    shape: Shape,
    paragraph: Option<Paragraph>,
    in_table: bool,
    reading: bool,
}

/// The open text shape.
#[derive(Default)]
struct Shape {
    /// The type of its placeholder; empty for the main one.
    place: Option<String>,
    paragraphs: Vec<(Kind, String)>,
    counts: [u64; LEVELS],
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: usize,
    bullet: Bullet,
    math: Math,
}

#[derive(Default)]
enum Bullet {
    /// As the layout has it.
    #[default]
    Inherited,
    None,
    Sign,
    Number {
        format: String,
        start: u64,
    },
}

impl<'a> Slide<'a> {
    pub(super) fn new(drawings: &'a BTreeMap<String, Vec<String>>) -> Self {
        Self {
            title: String::new(),
            footers: Vec::new(),
            drawings,
            flow: Flow::new(Composer::new()),
            shape: Shape::default(),
            paragraph: None,
            in_table: false,
            reading: false,
        }
    }

    /// Reads the slide to its end.
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

    /// Everything but the title.
    pub(super) fn finish(self) -> Composer {
        self.flow.finish()
    }

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), Refusal> {
        match tag.name() {
            "Fallback" | "extLst" | "lstStyle" => xml.skip()?,
            "ph" => self.shape.place = Some(tag.attribute("type").unwrap_or_default()),
            "cNvPr" => {
                if let Some(words) = tag.attribute("descr").filter(|words| describes(words)) {
                    self.flow.aside(words);
                }
            }
            "tbl" => {
                self.in_table = true;
                self.flow.open_table();
            }
            "tr" => self.flow.open_row(),
            "tc" => {
                self.flow.open_cell();
                if ["hMerge", "vMerge"].iter().any(|name| tag.attribute(name).is_some_and(|set| set != "0")) {
                    self.flow.continue_cell();
                }
            }
            "p" if tag.prefix() != "p" => self.paragraph = Some(Paragraph::default()),
            "t" => self.reading = true,
            "br" | "tab" => self.push("\n"),
            "chart" | "relIds" => {
                let id = tag.prefixed(if tag.name() == "chart" { "id" } else { "dm" });
                if let Some(lines) = id.and_then(|id| self.drawings.get(&id)) {
                    self.flow.paragraph(Kind::Text, &lines.join("\n"));
                }
            }
            _ => self.open_in_paragraph(tag),
        }
        Ok(())
    }

    fn open_in_paragraph(&mut self, tag: &Tag<'_>) {
        let Some(paragraph) = self.paragraph.as_mut() else { return };
        match tag.name() {
            "pPr" => paragraph.level = tag.number("lvl").unwrap_or_default(),
            "buNone" => paragraph.bullet = Bullet::None,
            "buChar" | "buBlip" => paragraph.bullet = Bullet::Sign,
            "buAutoNum" => {
                paragraph.bullet = Bullet::Number {
                    format: tag.attribute("type").unwrap_or_default(),
                    start: tag.number("startAt").unwrap_or(1),
                };
            }
            _ if tag.prefix() == "m" => paragraph.math.open(tag, &mut paragraph.text),
            _ => {}
        }
    }

    fn close(&mut self, name: &str, prefix: &str) {
        match name {
            "t" => self.reading = false,
            "tbl" => {
                self.in_table = false;
                self.flow.close_table();
            }
            "p" if prefix != "p" => self.end_paragraph(),
            "sp" => self.end_shape(),
            _ if prefix == "m" => {
                if let Some(paragraph) = self.paragraph.as_mut() {
                    paragraph.math.close(name, &mut paragraph.text);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraph.as_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraph.take() else { return };
        if self.in_table {
            return self.flow.paragraph(Kind::Text, &paragraph.text);
        }
        if !paragraph.text.trim().is_empty() {
            let shown = self.shape.marked(paragraph);
            self.shape.paragraphs.push(shown);
        }
    }

    fn end_shape(&mut self) {
        let Shape { place, paragraphs, .. } = std::mem::take(&mut self.shape);
        let all = || paragraphs.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        match place.as_deref() {
            Some("title" | "ctrTitle") => self.title = all().replace('\n', " "),
            // the slide number, and on a notes page the picture of the slide
            Some("sldNum" | "sldImg") => {}
            Some("ftr" | "hdr" | "dt") => self.footers.push(collapse(&all())),
            _ => {
                for (kind, text) in &paragraphs {
                    self.flow.paragraph(*kind, text);
                }
            }
        }
        // a shape's description comes beside it
        self.flow.composer();
    }
}

impl Shape {
    /// A paragraph with its marker. The main placeholder is a list unless the paragraph says otherwise.
    fn marked(&mut self, paragraph: Paragraph) -> (Kind, String) {
        let Paragraph { text, level, bullet, .. } = paragraph;
        let level = level.min(LEVELS - 1);
        for deeper in self.counts.iter_mut().skip(level + 1) {
            *deeper = 0;
        }
        let in_list = matches!(self.place.as_deref(), Some("" | "obj" | "body"));
        let count = self.counts.get_mut(level);
        match (bullet, count) {
            (Bullet::Number { format, start }, Some(count)) => {
                *count = if *count == 0 { start } else { count.saturating_add(1) };
                (Kind::Item(level), format!("{} {text}", marker(*count, &format)))
            }
            (bullet, count) => {
                if let Some(count) = count {
                    *count = 0;
                }
                match bullet {
                    Bullet::Sign => (Kind::Item(level), format!("- {text}")),
                    Bullet::Inherited if in_list => (Kind::Item(level), format!("- {text}")),
                    Bullet::Inherited | Bullet::None | Bullet::Number { .. } => (Kind::Text, text),
                }
            }
        }
    }
}

/// A number in a format such as `alphaLcParenR`.
fn marker(count: u64, format: &str) -> String {
    const NUMBERS: [(&str, &str); 4] = [
        ("alphaLc", "lowerLetter"),
        ("alphaUc", "upperLetter"),
        ("romanLc", "lowerRoman"),
        ("romanUc", "upperRoman"),
    ];
    let known = NUMBERS.iter().find(|(prefix, _)| format.starts_with(prefix));
    let number = number(count, known.map_or("decimal", |(_, format)| *format));
    match format {
        _ if format.ends_with("ParenBoth") => format!("({number})"),
        _ if format.ends_with("ParenR") => format!("{number})"),
        _ if format.ends_with("Plain") => number,
        _ => format!("{number}."),
    }
}
