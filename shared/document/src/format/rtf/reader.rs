//! Interprets the groups of a document.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::charset;
use super::destination::{self, Destination};
use super::layout::{Layout, Shape};
use super::token::Token;
use crate::{Extracted, Refusal};

/// Maximum nesting of groups.
const DEEPEST: usize = 1_000;
/// The outline level of running text.
const BODY_LEVEL: i32 = 9;

/// The state that is local to a group.
#[derive(Clone, Copy)]
struct Group {
    destination: Destination,
    hidden: bool,
    font: Option<i32>,
    /// Bytes after a Unicode character to be skipped, meant for older readers.
    fallback: usize,
    shape: Shape,
}

/// Reads a document.
pub(super) struct Reader {
    layout: Layout,
    groups: Vec<Group>,
    group: Group,
    /// Whether the group was just opened, and whether it is marked as ignorable.
    at_head: bool,
    ignorable: bool,
    code_page: &'static Encoding,
    default_font: Option<i32>,
    fonts: HashMap<i32, &'static Encoding>,
    /// Heading levels of the styles that have one.
    styles: HashMap<i32, u8>,
    style: i32,
    style_name: String,
    /// Bytes not decoded yet, because a character may take several.
    bytes: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// Bytes still to be skipped.
    skip: usize,
    paragraph: String,
    /// The role of the paragraph at its last text.
    shape: Shape,
    marker: String,
    title: String,
    page_edges: String,
    /// The paragraph's notes, and its text while a note is read.
    notes: Vec<String>,
    before_note: Option<String>,
    over: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        let (destination, shape) = (Destination::Body, Shape::default());
        Self {
            layout: Layout::new(),
            groups: Vec::new(),
            group: Group { destination, hidden: false, font: None, fallback: 1, shape },
            at_head: false,
            ignorable: false,
            code_page: WINDOWS_1252,
            default_font: None,
            fonts: HashMap::new(),
            styles: HashMap::new(),
            style: 0,
            style_name: String::new(),
            bytes: Vec::new(),
            high: None,
            skip: 0,
            paragraph: String::new(),
            shape,
            marker: String::new(),
            title: String::new(),
            page_edges: String::new(),
            notes: Vec::new(),
            before_note: None,
            over: false,
        }
    }

    /// Whether the document has ended; anything after it is ignored.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn finish(mut self, format: &'static str) -> Extracted {
        self.decode();
        if !self.paragraph.trim().is_empty() {
            self.end_paragraph();
        }
        if self.layout.is_empty() {
            for line in self.page_edges.lines() {
                self.layout.paragraph(line, "", Shape::default());
            }
        }
        self.layout.title(&self.title);
        self.layout.finish(format)
    }

    /// Processes one token.
    ///
    /// # Errors
    /// When groups are nested too deep.
    pub(super) fn take(&mut self, token: &Token<'_>) -> Result<(), Refusal> {
        match token {
            // a brace or backslash may be the second byte of a character
            Token::Hex(byte) | Token::Symbol(byte @ (b'{' | b'}' | b'\\')) => self.add_bytes(&[*byte]),
            Token::Text(bytes) => self.add_bytes(bytes),
            Token::Open => {
                self.decode();
                if self.groups.len() >= DEEPEST {
                    return Err(Refusal::TooComplex { what: "groups nested too deep", limit: DEEPEST });
                }
                self.groups.push(self.group);
                (self.at_head, self.ignorable, self.skip) = (true, false, 0);
                return Ok(());
            }
            Token::Close => {
                self.decode();
                self.close();
            }
            Token::Symbol(b'*') => {
                self.ignorable = self.at_head;
                return Ok(());
            }
            Token::Symbol(symbol) => {
                self.decode();
                self.symbol(*symbol);
            }
            Token::Word(word, number) => {
                self.decode();
                self.skip = 0;
                self.word(word, *number);
            }
        }
        (self.at_head, self.ignorable) = (false, false);
        Ok(())
    }

    fn close(&mut self) {
        self.skip = 0;
        let inner = self.group.destination;
        let Some(outer) = self.groups.pop() else { return };
        if inner == Destination::Note && outer.destination != Destination::Note {
            if let Some(before) = self.before_note.take() {
                self.notes.push(std::mem::replace(&mut self.paragraph, before));
            }
        } else if inner == Destination::Styles {
            self.end_style();
        }
        self.group = outer;
        self.over = self.groups.is_empty();
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        if self.at_head {
            let known = destination::of_word(word, self.group.destination);
            match known {
                Some(Destination::Note) if self.before_note.is_none() => {
                    self.before_note = Some(std::mem::take(&mut self.paragraph));
                }
                None if self.ignorable && self.group.destination != Destination::Never => {
                    self.group.destination = Destination::Skipped;
                }
                _ => {}
            }
            if let Some(destination) = known {
                self.group.destination = destination;
                return;
            }
        }
        if self.group.destination == Destination::Fonts {
            self.font_word(word, number);
        } else if self.group.destination == Destination::Styles {
            self.style_word(word, number);
        } else if !self.shape_word(word, number) {
            self.text_word(word, number);
        }
    }

    /// Control words about the document and about characters.
    fn text_word(&mut self, word: &str, number: Option<i32>) {
        let on = number != Some(0);
        match word {
            "ansicpg" => self.code_page = charset::code_page(number.unwrap_or_default()),
            "mac" => self.code_page = charset::code_page(10_000),
            "deff" => self.default_font = number,
            "f" => self.group.font = number,
            "plain" => (self.group.font, self.group.hidden) = (None, false),
            "v" | "deleted" => self.group.hidden = on,
            "uc" => self.group.fallback = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
            "u" => number.into_iter().for_each(|number| self.character(number)),
            "par" | "sect" | "page" | "column" if self.is_shown() => self.end_paragraph(),
            "par" if self.group.destination == Destination::PageEdge => self.add("\n"),
            "cell" if self.is_shown() => self.end_cell(),
            "row" if self.is_shown() => {
                if !self.paragraph.trim().is_empty() {
                    self.end_cell();
                }
                self.layout.end_row();
            }
            _ => {
                if let Some(text) = destination::character(word) {
                    self.add(text);
                }
            }
        }
    }

    /// Control words about paragraphs and rows.
    fn shape_word(&mut self, word: &str, number: Option<i32>) -> bool {
        let shape = &mut self.group.shape;
        match word {
            "pard" => *shape = Shape::default(),
            "intbl" => shape.in_table = true,
            "s" => shape.heading = number.and_then(|style| self.styles.get(&style)).copied(),
            "outlinelevel" => shape.heading = heading_level(number),
            "ls" => shape.listed = number != Some(0),
            "ilvl" => {
                shape.level = number.and_then(|level| usize::try_from(level).ok()).unwrap_or_default();
            }
            "trowd" => self.layout.begin_row(),
            "trhdr" => self.layout.row_names_columns(),
            _ => return false,
        }
        true
    }

    fn font_word(&mut self, word: &str, number: Option<i32>) {
        match word {
            "f" => self.group.font = number,
            "fcharset" | "cpg" => {
                let number = number.unwrap_or_default();
                let known =
                    if word == "cpg" { Some(charset::code_page(number)) } else { charset::of_font(number) };
                if let (Some(font), Some(encoding)) = (self.group.font, known) {
                    self.fonts.insert(font, encoding);
                }
            }
            _ => {}
        }
    }

    fn style_word(&mut self, word: &str, number: Option<i32>) {
        match word {
            "s" => self.style = number.unwrap_or_default(),
            "outlinelevel" => {
                if let Some(level) = heading_level(number) {
                    self.styles.insert(self.style, level);
                }
            }
            _ => {}
        }
    }

    /// A style may be recognisable as a heading only by its name.
    fn end_style(&mut self) {
        let name = std::mem::take(&mut self.style_name).trim().trim_end_matches(';').to_ascii_lowercase();
        let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
        if let Some(level @ 1..=9) = level.or((name == "title").then_some(1)) {
            self.styles.entry(self.style).or_insert(level);
        }
        self.style = 0;
    }

    fn symbol(&mut self, symbol: u8) {
        if std::mem::take(&mut self.skip) > 0 && matches!(symbol, b'~' | b'_' | b'-') {
            return;
        }
        match symbol {
            b'~' => self.add("\u{a0}"),
            b'_' => self.add("\u{2011}"),
            b'\t' => self.add("\t"),
            b'\r' | b'\n' if self.is_shown() => self.end_paragraph(),
            _ => {}
        }
    }

    /// A UTF-16 code unit; a character may take two.
    fn character(&mut self, number: i32) {
        self.skip = self.group.fallback;
        // numbers are written as if signed
        let Ok(unit) = u16::try_from(number & 0xffff) else { return };
        let units = [self.high.take().unwrap_or(unit), unit];
        let whole = if units[0] == unit { &units[1..] } else { &units[..] };
        if whole.len() == 1 && matches!(unit, 0xd800..=0xdbff) {
            self.high = Some(unit);
            return;
        }
        let text: String = char::decode_utf16(whole.iter().copied()).filter_map(Result::ok).collect();
        self.add(&text);
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.bytes.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
    }

    /// Decodes the collected bytes in the font's encoding.
    fn decode(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let font = self.group.font.or(self.default_font);
        let encoding = font.and_then(|font| self.fonts.get(&font)).copied().unwrap_or(self.code_page);
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        self.add(&text);
    }

    fn add(&mut self, text: &str) {
        // a byte order mark is not text
        let text = text.trim_matches('\u{feff}');
        match self.group.destination {
            _ if self.group.hidden => {}
            Destination::Body | Destination::Note => {
                self.paragraph.push_str(text);
                self.shape = self.group.shape;
            }
            Destination::Marker => self.marker.push_str(text),
            Destination::Title => self.title.push_str(text),
            Destination::PageEdge => self.page_edges.push_str(text),
            Destination::Styles => self.style_name.push_str(text),
            Destination::Fonts | Destination::Skipped | Destination::Never => {}
        }
    }

    fn is_shown(&self) -> bool {
        matches!(self.group.destination, Destination::Body | Destination::Note)
    }

    fn end_paragraph(&mut self) {
        if self.before_note.is_some() {
            // a note is a single paragraph below the one it belongs to
            return self.paragraph.push('\n');
        }
        let text = std::mem::take(&mut self.paragraph);
        let marker = std::mem::take(&mut self.marker);
        let shape = if text.is_empty() { self.group.shape } else { self.shape };
        self.layout.paragraph(&text, &marker, shape);
        self.end_notes(shape.in_table);
    }

    fn end_cell(&mut self) {
        let (text, marker) = (std::mem::take(&mut self.paragraph), std::mem::take(&mut self.marker));
        self.layout.end_cell(&format!("{} {text}", marker.trim()));
        self.end_notes(true);
    }

    fn end_notes(&mut self, in_table: bool) {
        for note in std::mem::take(&mut self.notes) {
            self.layout.paragraph(&note, "", Shape { in_table, ..Shape::default() });
        }
    }
}

fn heading_level(number: Option<i32>) -> Option<u8> {
    let level = number.filter(|level| (0..BODY_LEVEL).contains(level))?;
    u8::try_from(level + 1).ok()
}
