//! Computes the markers of lists and numbered headings, as Word does.

use std::collections::{BTreeMap, BTreeSet};

use crate::Refusal;
use crate::format::xml::{Node, Tag, Xml};

/// Number of levels of a list.
const LEVELS: usize = 9;

/// The lists of a document, and their counters.
#[derive(Default)]
pub(super) struct Numbering {
    /// Definitions of lists, by id.
    designs: BTreeMap<String, Design>,
    lists: BTreeMap<String, List>,
    /// The counter of each level of a definition; none before its first item.
    counts: BTreeMap<String, [Option<u64>; LEVELS]>,
    begun: BTreeSet<(String, usize)>,
}

#[derive(Default)]
struct Design {
    levels: [Level; LEVELS],
    /// The style that links to the definition with the levels.
    link: Option<String>,
    style: Option<String>,
}

#[derive(Default)]
struct List {
    design: String,
    /// Levels that restart, with their first number.
    starts: [Option<u64>; LEVELS],
    levels: [Option<Level>; LEVELS],
}

#[derive(Clone, Default)]
struct Level {
    format: String,
    text: String,
    start: Option<u64>,
}

impl Level {
    fn take(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "start" => self.start = tag.number("val"),
            "numFmt" => self.format = tag.attribute("val").unwrap_or_default(),
            "lvlText" => self.text = tag.attribute("val").unwrap_or_default(),
            _ => {}
        }
    }
}

impl Numbering {
    pub(super) fn read(format: &'static str, text: &str) -> Result<Self, Refusal> {
        let (mut xml, mut found) = (Xml::new(format, text), Self::default());
        let (mut design, mut list, mut level) = (None::<String>, None::<String>, 0_usize);
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            match tag.name() {
                "abstractNum" => (design, list) = (tag.attribute("abstractNumId"), None),
                "num" => (design, list) = (None, tag.attribute("numId")),
                "lvl" | "lvlOverride" => level = tag.number("ilvl").unwrap_or_default(),
                "pPr" | "rPr" | "Fallback" => xml.skip()?,
                _ => {}
            }
            if let Some(id) = &design {
                found.designs.entry(id.clone()).or_default().take(level, &tag);
            } else if let Some(id) = &list {
                found.lists.entry(id.clone()).or_default().take(level, &tag);
            }
        }
        Ok(found)
    }

    /// The marker of the next paragraph of a list at a level; none when the list is unknown or has no markers.
    pub(super) fn next(&mut self, id: &str, level: usize) -> Option<String> {
        let list = self.lists.get(id)?;
        let mut design_id = &list.design;
        let mut design = self.designs.get(design_id)?;
        if let Some(link) = &design.link
            && let Some(linked) = self.designs.iter().find(|(_, other)| other.style.as_ref() == Some(link))
        {
            (design_id, design) = linked;
        }
        let level = level.min(LEVELS - 1);
        let look = |at: usize| {
            list.levels
                .get(at)
                .and_then(Option::as_ref)
                .or_else(|| design.levels.get(at))
                .cloned()
                .unwrap_or_default()
        };
        let shown = look(level);
        let counts = self.counts.entry(design_id.clone()).or_default();
        // a restarting list restarts once, at its first paragraph of the level
        let anew = list.starts.get(level).copied().flatten();
        let first = self.begun.insert((id.to_owned(), level));
        for (at, count) in counts.iter_mut().enumerate() {
            let start = list.starts.get(at).copied().flatten().or(look(at).start).unwrap_or(1);
            match at.cmp(&level) {
                std::cmp::Ordering::Less => *count = Some(count.unwrap_or(start)),
                std::cmp::Ordering::Equal => {
                    let next = count.map_or(start, |count| count.saturating_add(1));
                    *count = Some(anew.filter(|_| first).unwrap_or(next));
                }
                std::cmp::Ordering::Greater => *count = None,
            }
        }
        match shown.format.as_str() {
            "bullet" => Some("-".to_owned()),
            "none" if shown.text.is_empty() => None,
            _ => Some(fill(&shown.text, counts, |at| look(at).format)),
        }
    }
}

impl Design {
    fn take(&mut self, level: usize, tag: &Tag<'_>) {
        match tag.name() {
            "numStyleLink" => self.link = tag.attribute("val"),
            "styleLink" => self.style = tag.attribute("val"),
            _ => {
                if let Some(level) = self.levels.get_mut(level) {
                    level.take(tag);
                }
            }
        }
    }
}

impl List {
    fn take(&mut self, level: usize, tag: &Tag<'_>) {
        match tag.name() {
            "abstractNumId" => self.design = tag.attribute("val").unwrap_or_default(),
            "startOverride" => {
                if let Some(start) = self.starts.get_mut(level) {
                    *start = tag.number("val");
                }
            }
            "lvl" | "start" | "numFmt" | "lvlText" => {
                if let Some(slot) = self.levels.get_mut(level) {
                    slot.get_or_insert_default().take(tag);
                }
            }
            _ => {}
        }
    }
}

/// Replaces the placeholders of a marker text (`%1.%2`) by counters.
fn fill(text: &str, counts: &[Option<u64>; LEVELS], format: impl Fn(usize) -> String) -> String {
    let (mut found, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        found.push_str(before);
        let digit = after.chars().next().and_then(|digit| digit.to_digit(10));
        let Some(at) = digit.and_then(|digit| usize::try_from(digit).ok()?.checked_sub(1)) else {
            found.push('%');
            rest = after;
            continue;
        };
        let count = counts.get(at).copied().flatten().unwrap_or(1);
        found.push_str(&number(count, &format(at)));
        rest = after.get(1..).unwrap_or_default();
    }
    found.push_str(rest);
    found
}

/// A number in a list's number format; as digits in unknown formats.
pub(in crate::format) fn number(count: u64, format: &str) -> String {
    match format {
        "lowerLetter" => letters(count).to_lowercase(),
        "upperLetter" => letters(count),
        "lowerRoman" => roman(count).to_lowercase(),
        "upperRoman" => roman(count),
        "decimalZero" => format!("{count:02}"),
        "none" => String::new(),
        "chineseCounting"
        | "chineseCountingThousand"
        | "taiwaneseCountingThousand"
        | "japaneseCounting"
        | "ideographDigital" => chinese(count),
        _ => count.to_string(),
    }
}

/// A to Z, then AA to ZZ, as Word continues.
fn letters(count: u64) -> String {
    let Some(at) = count.checked_sub(1) else { return "0".to_owned() };
    let letter = u8::try_from(at % 26).map_or('A', |at| char::from(b'A' + at));
    let times = usize::try_from(at / 26 + 1).unwrap_or(1);
    if times > 9 { count.to_string() } else { String::from(letter).repeat(times) }
}

fn roman(count: u64) -> String {
    const STEPS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4_000).contains(&count) {
        return count.to_string();
    }
    let (mut left, mut found) = (count, String::new());
    for (value, sign) in STEPS {
        while left >= value {
            found.push_str(sign);
            left -= value;
        }
    }
    found
}

/// 一, 十二, 九十九; larger numbers as digits.
fn chinese(count: u64) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |at: u64| usize::try_from(at).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or_default();
    match count {
        1..=9 => digit(count).to_owned(),
        10..=19 => format!("十{}", digit(count % 10)),
        20..=99 => format!("{}十{}", digit(count / 10), digit(count % 10)),
        _ => count.to_string(),
    }
}
