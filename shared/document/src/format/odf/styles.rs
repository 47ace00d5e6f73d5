//! Paragraph and list styles.

use std::collections::BTreeMap;

use crate::Refusal;
use crate::format::docx::numbering::number;
use crate::format::flow::Kind;
use crate::format::xml::{Node, Xml};

/// Maximum length of a chain of styles based on each other.
const LONGEST_CHAIN: usize = 32;
/// Number of levels of a list.
const LEVELS: usize = 10;

/// The styles of a document by name, and the counters of its lists.
#[derive(Default)]
pub(super) struct Styles {
    /// The parent of each paragraph style.
    parents: BTreeMap<String, String>,
    lists: BTreeMap<String, [Level; LEVELS]>,
    counts: BTreeMap<String, [u64; LEVELS]>,
}

#[derive(Clone, Default)]
struct Level {
    /// None for a bullet.
    format: Option<String>,
    prefix: String,
    suffix: String,
    start: u64,
    /// Number of levels shown in the marker.
    shown: usize,
}

impl Styles {
    /// Reads the styles of one file.
    pub(super) fn read(&mut self, format: &'static str, text: &str) -> Result<(), Refusal> {
        let (mut xml, mut list) = (Xml::new(format, text), String::new());
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            match tag.name() {
                "body" => xml.skip()?,
                "style" => {
                    if let (Some(name), Some(parent)) =
                        (tag.attribute("name"), tag.attribute("parent-style-name"))
                    {
                        self.parents.insert(name, parent);
                    }
                }
                "list-style" => list = tag.attribute("name").unwrap_or_default(),
                name @ ("list-level-style-bullet" | "list-level-style-number" | "list-level-style-image") => {
                    let number = name == "list-level-style-number";
                    let level = Level {
                        format: number.then(|| tag.attribute("num-format").unwrap_or_default()),
                        prefix: tag.attribute("num-prefix").unwrap_or_default(),
                        suffix: tag.attribute("num-suffix").unwrap_or_default(),
                        start: tag.number("start-value").unwrap_or(1),
                        shown: tag.number("display-levels").unwrap_or(1),
                    };
                    let at = tag.number("level").unwrap_or(1_usize).saturating_sub(1);
                    if let Some(slot) = self.lists.entry(list.clone()).or_default().get_mut(at) {
                        *slot = level;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The role of a paragraph with this style.
    pub(super) fn kind(&self, style: Option<&str>) -> Kind {
        for name in self.chain(style) {
            match name {
                "Title" => return Kind::Title,
                "Preformatted_20_Text" | "Preformatted Text" | "Source_20_Code" | "Code" => {
                    return Kind::Code;
                }
                _ => {}
            }
        }
        Kind::Text
    }

    fn chain<'a>(&'a self, style: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        let parent = |name: &&'a str| self.parents.get(*name).map(String::as_str);
        std::iter::successors(style, parent).take(LONGEST_CHAIN)
    }

    /// Restarts a list.
    pub(super) fn restart(&mut self, list: &str) {
        self.counts.remove(list);
    }

    /// The marker of the next item of a list at a level from 0; empty when the list has none.
    pub(super) fn next(&mut self, list: &str, level: usize, start: Option<u64>) -> String {
        let level = level.min(LEVELS - 1);
        let Some(levels) = self.lists.get(list) else { return "-".to_owned() };
        let counts = self.counts.entry(list.to_owned()).or_default();
        for (at, count) in counts.iter_mut().enumerate() {
            let first = levels.get(at).map_or(1, |level| level.start);
            // Outer levels start if they have not, this level counts on, and inner levels start again.
            match at.cmp(&level) {
                std::cmp::Ordering::Less => *count = if *count == 0 { first } else { *count },
                std::cmp::Ordering::Equal => {
                    let next = if *count == 0 { first } else { count.saturating_add(1) };
                    *count = start.unwrap_or(next);
                }
                std::cmp::Ordering::Greater => *count = 0,
            }
        }
        let Some(look) = levels.get(level) else { return String::new() };
        if look.format.is_none() {
            return "-".to_owned();
        }
        let from = (level + 1).saturating_sub(look.shown.max(1));
        let numbers: Vec<String> = (from..=level)
            .map(|at| {
                let format = levels.get(at).and_then(|level| level.format.as_deref()).unwrap_or("1");
                let name = match format {
                    "a" => "lowerLetter",
                    "A" => "upperLetter",
                    "i" => "lowerRoman",
                    "I" => "upperRoman",
                    "" => "none",
                    _ => "decimal",
                };
                number(counts.get(at).copied().unwrap_or(1), name)
            })
            .filter(|number| !number.is_empty())
            .collect();
        if numbers.is_empty() {
            return String::new();
        }
        format!("{}{}{}", look.prefix, numbers.join("."), look.suffix)
    }
}
