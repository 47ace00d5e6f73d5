//! XML as a sequence of tags and texts: what the formats that are written in it have in common.
//!
//! Names are compared without their namespace prefix. No entity is expanded but the five of XML and characters by
//! number, nothing outside the document is read, and the depth is bounded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::html;
use crate::{Refusal, encoding};

/// Elements within one another.
const DEEPEST: usize = 512;

/// One piece of a document. An empty element is opened and closed.
pub(super) enum Piece<'a> {
    Open(Tag<'a>),
    Text(&'a str),
    Close,
}

/// The opening tag of an element.
pub(super) struct Tag<'a>(&'a BytesStart<'a>);

impl Tag<'_> {
    /// The name without prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute, by its name without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        // whether one is there twice takes a comparison of each with each
        let found = attributes
            .with_checks(false)
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.local_name().into_inner() == name)?;
        Some(
            found
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned),
        )
    }
}

/// Decodes a document by its byte order mark, what it declares, or detection.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    encoding::decode(bytes, html::declared_encoding(bytes))
}

/// Gives the pieces of a document to `visit`, in order; `format` names what it is, with its article.
///
/// # Errors
/// When it is not well-formed or nests too deep, or `visit` says so.
pub(super) fn read(
    source: &str,
    format: &'static str,
    visit: &mut dyn FnMut(Piece<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let damaged = |cause: String| Refusal::Damaged { format, cause };
    let mut reader = Reader::from_str(source);
    reader.config_mut().allow_dangling_amp = true;
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|error| damaged(error.to_string()))? {
            Event::Start(tag) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Refusal::TooComplex { what: "elements nested too deep", limit: DEEPEST });
                }
                visit(Piece::Open(Tag(&tag)))?;
            }
            Event::Empty(tag) => {
                visit(Piece::Open(Tag(&tag)))?;
                visit(Piece::Close)?;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                visit(Piece::Close)?;
            }
            Event::Text(text) => visit(Piece::Text(&text.xml10_content()))?,
            Event::CData(text) => visit(Piece::Text(&text.xml10_content()))?,
            Event::GeneralRef(reference) => visit(Piece::Text(&resolved(&reference)))?,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof if depth > 0 => return Err(damaged("it ends within an element".to_owned())),
            Event::Eof => return Ok(()),
        }
    }
}

/// What an entity stands for; one that only the document's own definitions explain stands for itself.
fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> String {
    let name = reference.xml10_content();
    let character = reference.resolve_char_ref().ok().flatten().map(String::from);
    character
        .or_else(|| quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned))
        .unwrap_or_else(|| format!("&{name};"))
}
