//! Paragraph styles: which are headings, titles or code, and which belong to a list.

use std::collections::BTreeMap;

use crate::Refusal;
use crate::format::flow::Kind;
use crate::format::xml::{Node, Tag, Xml};

/// Maximum length of a chain of styles based on each other.
const LONGEST_CHAIN: usize = 32;
/// Common names of styles for code, in lower case.
const CODE: &[&str] = &[
    "code",
    "code block",
    "codeblock",
    "source code",
    "sourcecode",
    "html preformatted",
    "preformatted text",
    "preformatted",
    "verbatim",
    "macro text",
    "listing",
    "program listing",
    "command",
];

/// The styles of a document by their ids.
#[derive(Default)]
pub(super) struct Styles(BTreeMap<String, Style>);

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    properties: Properties,
}

/// The properties of a paragraph or style that decide its role.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    /// Outline level from 0; 9 is running text.
    pub(super) outline: Option<u8>,
    /// Id of its list; `0` removes it from any list.
    pub(super) list: Option<String>,
    /// Level within the list.
    pub(super) level: Option<usize>,
}

impl Properties {
    /// Reads one element of a paragraph's properties.
    pub(super) fn take(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "outlineLvl" => self.outline = tag.number("val"),
            "numId" => self.list = tag.attribute("val"),
            "ilvl" => self.level = tag.number("val"),
            _ => {}
        }
    }
}

impl Styles {
    pub(super) fn read(format: &'static str, text: &str) -> Result<Self, Refusal> {
        let (mut xml, mut styles, mut open) = (Xml::new(format, text), Self::default(), None);
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            let style = open.as_ref().and_then(|id| styles.0.get_mut(id));
            match (tag.name(), style) {
                ("style", _) => {
                    let id = tag.attribute("styleId").unwrap_or_default();
                    styles.0.insert(id.clone(), Style::default());
                    open = Some(id);
                }
                ("docDefaults" | "latentStyles" | "tblStylePr" | "pPrChange", _) => xml.skip()?,
                ("name", Some(style)) => {
                    style.name = tag.attribute("val").unwrap_or_default().to_lowercase();
                }
                ("basedOn", Some(style)) => style.based_on = tag.attribute("val"),
                (_, Some(style)) => style.properties.take(&tag),
                (_, None) => {}
            }
        }
        Ok(styles)
    }

    /// The role of a paragraph: by its own properties, or else by its style, or else by the styles that is based on.
    pub(super) fn resolve(&self, id: Option<&str>, own: &Properties) -> (Kind, Properties) {
        let (mut found, mut kind) = (own.clone(), None);
        for (distance, style) in self.chain(id).enumerate() {
            found.outline = found.outline.or(style.properties.outline);
            found.list = found.list.or_else(|| style.properties.list.clone());
            found.level = found.level.or(style.properties.level);
            kind = kind.or_else(|| style.kind(distance));
        }
        let heading = found.outline.filter(|level| *level < 9).map(|level| Kind::Heading(level + 1));
        let kind = match (kind, found.outline) {
            (Some(Kind::Title), _) => Kind::Title,
            // a heading removed from the outline is running text
            (Some(Kind::Heading(_)), Some(9..)) => Kind::Text,
            (found, _) => heading.or(found).unwrap_or(Kind::Text),
        };
        (kind, found)
    }

    fn chain<'a>(&'a self, id: Option<&str>) -> impl Iterator<Item = &'a Style> {
        let first = id.and_then(|id| self.0.get(id));
        let next = |style: &&'a Style| style.based_on.as_ref().and_then(|id| self.0.get(id));
        std::iter::successors(first, next).take(LONGEST_CHAIN)
    }
}

impl Style {
    /// The role implied by the style's name; built-in styles have the same name in every language.
    fn kind(&self, distance: usize) -> Option<Kind> {
        if self.name == "title" && distance == 0 {
            return Some(Kind::Title);
        }
        if CODE.contains(&self.name.as_str()) {
            return Some(Kind::Code);
        }
        let level = self.name.strip_prefix("heading")?.trim().parse().ok()?;
        (1..=9).contains(&level).then_some(Kind::Heading(level))
    }
}
