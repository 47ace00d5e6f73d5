//! Writes JSON as lines of keys and values.

use super::SMALL_BYTES;
use super::scan::{Token, large, plain, tokens};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal};

/// Deeper keys are written before their values instead of as headings.
const DEEPEST_HEADING: u8 = 6;
/// Longer values of an array get a line each.
const SHORT_BYTES: usize = 60;
/// Separator between the keys that lead to a value, as between headings above a passage.
const BETWEEN_KEYS: &str = " > ";

/// An open object or array.
struct Open {
    is_array: bool,
    is_large: bool,
    /// Whether its key is a heading.
    is_heading: bool,
    /// Number of keys that lead to it.
    keys: usize,
}

/// Writes values one after another.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) composer: Composer,
    open: Vec<Open>,
    level: u8,
    keys: Vec<String>,
    /// The block being written.
    block: String,
    /// The position after the last value, where its neighbour in an array may continue the line.
    continues: bool,
    has_title: bool,
}

impl Writer {
    /// Writes one JSON text.
    pub(super) fn value(&mut self, json: &str) -> Result<(), Refusal> {
        let large = large(json)?;
        let mut key = None;
        self.composer.heading(1, "");
        for token in tokens(json) {
            match token {
                Token::Key(text) => key = Some(plain(text)),
                Token::Open { is_array, start } => {
                    let is_large = large.binary_search(&start).is_ok();
                    self.open(is_array, is_large, key.take());
                }
                Token::Close { .. } => self.close(),
                Token::Text(text) => self.text(key.take().as_deref(), plain(text).trim()),
                Token::Word("null") => key = None,
                Token::Word(word) => self.line(key.take().as_deref(), word),
            }
        }
        self.flush();
        Ok(())
    }

    /// Ends the document; its title is the value named so.
    pub(super) fn finish(self, format: &'static str) -> Extracted {
        let has_title = self.has_title;
        let mut extracted = self.composer.finish(format);
        extracted.title = extracted.title.filter(|_| has_title);
        extracted
    }

    fn open(&mut self, is_array: bool, is_large: bool, key: Option<String>) {
        self.continues = false;
        let keys = self.keys.len();
        if self.parent_is_large() {
            self.flush();
        }
        let level = self.level + 1;
        let mut is_heading = false;
        match key {
            Some(key) if is_large && level <= DEEPEST_HEADING && keys == 0 => {
                self.composer.heading(level, &key);
                self.level = level;
                is_heading = true;
            }
            Some(key) => self.keys.push(key),
            // its neighbour's headings do not apply
            None if is_large => self.composer.heading(level, ""),
            None => {}
        }
        self.open.push(Open { is_array, is_large, is_heading, keys });
    }

    fn close(&mut self) {
        self.continues = false;
        let Some(open) = self.open.pop() else { return };
        if open.is_large || self.parent_is_large() {
            self.flush();
        }
        if open.is_heading {
            self.composer.heading(self.level, "");
            self.level -= 1;
        }
        self.keys.truncate(open.keys);
    }

    fn text(&mut self, key: Option<&str>, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.open.len() <= 1 && !self.has_title && matches!(key, Some("title" | "name")) {
            self.composer.declare_title(text);
            self.has_title = true;
        }
        if self.open.last().is_some_and(|open| open.is_array && open.is_large) {
            self.flush();
            let label = self.label(None);
            return self.composer.block(BlockKind::ListItem, &format!("- {label}{text}"));
        }
        self.line(key, text);
    }

    /// Writes a value after its keys; a short value in an array continues its neighbour's line.
    fn line(&mut self, key: Option<&str>, value: &str) {
        let short = value.len() <= SHORT_BYTES && !value.contains('\n');
        let in_array = self.open.last().is_some_and(|open| open.is_array);
        if self.parent_is_large() && self.block.len() > SMALL_BYTES {
            self.flush();
        }
        if in_array && short && self.continues && !self.block.is_empty() {
            self.block.push_str(", ");
        } else {
            if !self.block.is_empty() {
                self.block.push('\n');
            }
            let label = self.label(key);
            self.block.push_str(&label);
        }
        self.block.push_str(value);
        self.continues = in_array && short;
    }

    /// The keys that lead to a value.
    fn label(&self, key: Option<&str>) -> String {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).chain(key).collect();
        if keys.is_empty() { String::new() } else { format!("{}: ", keys.join(BETWEEN_KEYS)) }
    }

    fn parent_is_large(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_large)
    }

    fn flush(&mut self) {
        self.composer.block(BlockKind::Paragraph, &std::mem::take(&mut self.block));
    }
}
