//! XML as a flat sequence of start tags, text and end tags.
//!
//! Names come without their prefix, text comes unescaped, and the declared encoding is used. Entities defined by the
//! document are not expanded (they are shown as written), so they cannot explode; nothing here recurses.

use std::borrow::Cow;

use encoding_rs::Encoding;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};

use crate::{Refusal, encoding};

/// Bytes in which the encoding must be declared.
const HEAD_BYTES: usize = 200;

/// Decodes an XML file; `format` is the document's description with an article.
///
/// # Errors
/// When it is not text.
pub(super) fn decode(format: &'static str, bytes: &[u8]) -> Result<String, Refusal> {
    encoding::decode(bytes, declared_encoding(bytes))
        .map_err(|refusal| Refusal::Damaged { format, cause: refusal.to_string() })
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let head: String = head.iter().filter(|byte| byte.is_ascii()).map(|byte| char::from(*byte)).collect();
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next()?;
    let label = value.strip_prefix(quote)?.split(quote).next()?;
    // a declaration readable as ASCII is not in UTF-16
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

/// Reads one XML file.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    format: &'static str,
    depth: usize,
}

/// The next item in a file.
pub(super) enum Node<'a> {
    /// A start tag; an empty element is closed right after.
    Open(Tag<'a>),
    /// Text between two tags, in pieces: a reference such as `&amp;` is a piece of its own.
    Text(Cow<'a, str>),
    /// An end tag.
    Close(End<'a>),
}

/// The start of an element.
pub(super) struct Tag<'a>(BytesStart<'a>);

/// The end of an element.
pub(super) struct End<'a>(BytesEnd<'a>);

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().0)
    }

    /// The prefix; empty when there is none.
    pub(super) fn prefix(&self) -> &str {
        prefix(self.0.name().0)
    }

    /// The value of an attribute, by its name without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        // not checked for duplicates, which takes quadratic time
        let found = attributes.with_checks(false).flatten().find(|found| local(found.key.0) == name)?;
        let unescaped = quick_xml::escape::unescape(&found.value).map(Cow::into_owned);
        Some(unescaped.unwrap_or_else(|_| found.value.into_owned()))
    }

    /// The value of a prefixed attribute, as links to other files have it beside a plain one (`r:id`).
    pub(super) fn prefixed(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes
            .with_checks(false)
            .flatten()
            .find(|found| local(found.key.0) == name && !prefix(found.key.0).is_empty())?;
        Some(found.value.into_owned())
    }

    /// The value of an attribute as a number.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.attribute(name)?.trim().parse().ok()
    }
}

impl End<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().0)
    }

    /// The prefix; empty when there is none.
    pub(super) fn prefix(&self) -> &str {
        prefix(self.0.name().0)
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn prefix(name: &str) -> &str {
    name.rsplit_once(':').map_or("", |(prefix, _)| prefix)
}

impl<'a> Xml<'a> {
    /// Reads `text`, part of a document of a `format` (its description with an article).
    pub(super) fn new(format: &'static str, text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, format, depth: 0 }
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(super) fn next(&mut self) -> Result<Option<Node<'a>>, Refusal> {
        loop {
            let event = self.reader.read_event().map_err(|error| self.damaged(&error.to_string()))?;
            return Ok(Some(match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    self.depth += 1;
                    Node::Open(Tag(tag))
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Node::Close(End(end))
                }
                Event::Text(text) => Node::Text(text.into_inner()),
                Event::CData(text) => Node::Text(text.into_inner()),
                Event::GeneralRef(reference) => Node::Text(resolve(&reference)),
                Event::Eof if self.depth > 0 => return Err(self.damaged("its XML ends too early")),
                Event::Eof => return Ok(None),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            }));
        }
    }

    /// Skips the content of the element opened last, and its end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(super) fn skip(&mut self) -> Result<(), Refusal> {
        let inside = self.depth;
        while self.depth >= inside && self.next()?.is_some() {}
        Ok(())
    }

    /// All text in the element opened last, including nested elements; consumes its end.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(super) fn text(&mut self) -> Result<String, Refusal> {
        let (inside, mut found) = (self.depth, String::new());
        while self.depth >= inside {
            match self.next()? {
                Some(Node::Text(text)) => found.push_str(&text),
                Some(Node::Open(_) | Node::Close(_)) => {}
                None => break,
            }
        }
        Ok(found)
    }

    fn damaged(&self, cause: &str) -> Refusal {
        Refusal::Damaged { format: self.format, cause: cause.to_owned() }
    }
}

/// Resolves a character reference; one unknown to XML itself stays as written.
fn resolve<'a>(reference: &BytesRef<'a>) -> Cow<'a, str> {
    if let Some(text) = resolve_predefined_entity(reference) {
        return Cow::Borrowed(text);
    }
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Cow::Owned(character.to_string()),
        Ok(None) | Err(_) => Cow::Owned(format!("&{};", &**reference)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> Result<String, Refusal> {
        let mut xml = Xml::new("a test", source);
        let mut found = String::new();
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) if tag.name() == "skip" => xml.skip()?,
                Node::Open(tag) => {
                    let value = tag.attribute("v");
                    found.extend([format!("<{}|{}|{value:?}>", tag.prefix(), tag.name())]);
                }
                Node::Text(text) => found.push_str(&text),
                Node::Close(end) => found.extend(["</", end.name(), ">"]),
            }
        }
        Ok(found)
    }

    #[test]
    fn names_lose_their_prefix_and_text_is_unescaped() {
        let source = "<?xml version='1.0'?><w:p w:v='a&amp;b'>x &lt; y&#x4e2d;<![CDATA[<&>]]><br/><skip>a<b/></skip>z</w:p>";
        assert_eq!(told(source).unwrap(), "<w|p|Some(\"a&b\")>x < y中<&><|br|None></br>z</p>");
    }

    #[test]
    fn entities_of_the_document_are_not_expanded() {
        let mut bomb = "<!DOCTYPE x [<!ENTITY a0 'ha'>".to_owned();
        for depth in 1..100 {
            bomb.extend([format!("<!ENTITY a{depth} '&a{0};&a{0};'>", depth - 1)]);
        }
        bomb.push_str("]><x v='&a99;'>&a99; &amp;</x>");
        assert_eq!(told(&bomb).unwrap(), "<|x|Some(\"&a99;\")>&a99; &</x>");
    }

    #[test]
    fn damage_is_told_and_depth_costs_nothing() {
        for source in ["<a><b></a>", "<a>", "<a", "</a>", "<a><skip>"] {
            assert!(matches!(told(source), Err(Refusal::Damaged { .. })), "{source}");
        }
        let deep = 200_000;
        let source = format!("<a><skip>{}{}</skip>x</a>", "<b>".repeat(deep), "</b>".repeat(deep));
        assert_eq!(told(&source).unwrap(), "<|a|None>x</a>");
    }

    #[test]
    fn the_declared_encoding_counts() {
        let source = b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\xe9</a>";
        assert!(decode("a test", source).unwrap().ends_with("<a>\u{e9}</a>"));
        let utf16: Vec<u8> = "\u{feff}<a>中</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode("a test", &utf16).unwrap(), "<a>中</a>");
    }
}
