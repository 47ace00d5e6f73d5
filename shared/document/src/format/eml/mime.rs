//! The tree of entities in a message.
//!
//! Read in one pass: each line is compared with the open boundaries, whose number is bounded. An attached message is
//! not looked into here, because it is a document of its own.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::decoders::base64::base64_decode;

use super::head::{self, Head, Transfer};
use crate::Refusal;

/// Maximum nesting of multiparts.
const DEEPEST: usize = 32;
/// Maximum number of entities in a message.
const MOST_ENTITIES: usize = 10_000;

/// One entity: a header and a body.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) head: Head,
    body: Range<usize>,
    /// Its child entities, by number.
    pub(super) children: Vec<usize>,
}

/// All entities of a message in order; the first is the message itself.
#[derive(Debug)]
pub(super) struct MimeTree {
    entities: Vec<Entity>,
}

impl MimeTree {
    pub(super) fn root(&self) -> Option<&Entity> {
        self.entities.first()
    }

    pub(super) fn entity(&self, index: usize) -> Option<&Entity> {
        self.entities.get(index)
    }
}

impl Entity {
    /// The body with its transfer encoding removed; none when that is damaged.
    pub(super) fn decoded<'a>(&self, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let body = self.raw(message);
        match self.head.transfer {
            Transfer::Plain => Some(Cow::Borrowed(body)),
            Transfer::Base64 => base64_decode(body).map(Cow::Owned),
            Transfer::QuotedPrintable => Some(Cow::Owned(unquote(body))),
        }
    }

    /// The body as it is in the message.
    pub(super) fn raw<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.clone()).unwrap_or_default()
    }
}

/// Parses the tree.
///
/// # Errors
/// When there are too many entities, or they are nested too deep.
pub(super) fn parse(message: &[u8]) -> Result<MimeTree, Refusal> {
    let mut reader = Reader { message, entities: Vec::new(), open: Vec::new(), state: State::Between };
    let (mut at, mut begun) = (0, false);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let (start, text) = (at, line.trim_ascii_end());
        at += line.len();
        if !begun {
            // blank lines, or the line that mailbox files put before a message
            if text.trim_ascii().is_empty() || text.starts_with(b"From ") {
                continue;
            }
            begun = true;
            reader.begin(start, None)?;
        }
        reader.line(start..at, text)?;
    }
    reader.end(message.len());
    Ok(MimeTree { entities: reader.entities })
}

/// The parser's position.
enum State {
    /// Outside of any entity: before the first boundary or after the last.
    Between,
    /// In the header of the last entity, which starts at this offset.
    Head(usize),
    /// In the body of a leaf entity.
    Body,
}

/// An open multipart.
struct Open {
    boundary: String,
    entity: usize,
}

struct Reader<'a> {
    message: &'a [u8],
    entities: Vec<Entity>,
    open: Vec<Open>,
    state: State,
}

impl Reader<'_> {
    fn line(&mut self, line: Range<usize>, text: &[u8]) -> Result<(), Refusal> {
        if let Some((level, last)) = self.boundary(text) {
            self.end(line.start);
            self.open.truncate(level + 1);
            let parent = self.open.last().map(|open| open.entity);
            if last {
                self.open.truncate(level);
                return Ok(());
            }
            return self.begin(line.end, parent);
        }
        let State::Head(start) = self.state else { return Ok(()) };
        let continues = text.is_empty() || head::field_name(text).is_some() || start != line.start;
        match (text.is_empty(), continues) {
            (true, _) => self.end_head(start..line.start, line.end),
            // a body without a header
            (false, false) => self.end_head(start..start, start),
            (false, true) => Ok(()),
        }
    }

    /// Which open multipart a line is a boundary of, and whether it is the last boundary.
    fn boundary(&self, text: &[u8]) -> Option<(usize, bool)> {
        let text = text.strip_prefix(b"--")?;
        self.open.iter().enumerate().rev().find_map(|(level, open)| {
            match text.strip_prefix(open.boundary.as_bytes()) {
                Some(b"") => Some((level, false)),
                Some(b"--") => Some((level, true)),
                _ => None,
            }
        })
    }

    fn begin(&mut self, at: usize, parent: Option<usize>) -> Result<(), Refusal> {
        if self.entities.len() >= MOST_ENTITIES {
            return Err(Refusal::TooComplex { what: "too many parts", limit: MOST_ENTITIES });
        }
        let index = self.entities.len();
        if let Some(parent) = parent.and_then(|parent| self.entities.get_mut(parent)) {
            parent.children.push(index);
        }
        self.entities.push(Entity { head: Head::default(), body: at..at, children: Vec::new() });
        self.state = State::Head(at);
        Ok(())
    }

    fn end_head(&mut self, head: Range<usize>, body: usize) -> Result<(), Refusal> {
        let index = self.entities.len().saturating_sub(1);
        let Some(entity) = self.entities.last_mut() else { return Ok(()) };
        entity.head = head::parse(self.message.get(head).unwrap_or_default());
        entity.body = body..body;
        self.state = State::Body;
        if entity.head.kind.starts_with("multipart/")
            && let Some(boundary) = &entity.head.boundary
        {
            if self.open.len() >= DEEPEST {
                return Err(Refusal::TooComplex { what: "multiparts nested too deep", limit: DEEPEST });
            }
            self.open.push(Open { boundary: boundary.trim_end().to_owned(), entity: index });
        }
        Ok(())
    }

    /// Ends the current entity; the line break before a boundary belongs to the boundary.
    fn end(&mut self, at: usize) {
        let last = self.entities.len().saturating_sub(1);
        match self.state {
            State::Between => return,
            // a header without a body
            State::Head(start) => {
                if let Some(entity) = self.entities.get_mut(last) {
                    entity.head = head::parse(self.message.get(start..at).unwrap_or_default());
                    entity.body = at..at;
                }
            }
            State::Body => {
                if let Some(entity) = self.entities.get_mut(last) {
                    entity.body.end = at.max(entity.body.start);
                }
            }
        }
        self.state = State::Between;
    }
}

/// Decodes quoted-printable leniently, as its standard asks: invalid escapes stand for themselves.
fn unquote(body: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut text = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii_end();
        let soft = content.ends_with(b"=");
        let mut rest = if soft { content.get(..content.len() - 1).unwrap_or_default() } else { content };
        while let [first, tail @ ..] = rest {
            let escape = match (first, tail) {
                (b'=', [high, low, ..]) => hex(*high).zip(hex(*low)),
                _ => None,
            };
            text.push(escape.map_or(*first, |(high, low)| high << 4 | low));
            rest = tail.get(if escape.is_some() { 2 } else { 0 }..).unwrap_or_default();
        }
        if !soft && line.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    text
}
