//! Bounds everything a record says about a document apart from its text. Titles, names and causes come from the
//! file's author and may be as long as the file, but a record that Kafka rejects would hold up its partition forever.
//!
//! Shortened text ends in an ellipsis; omitted entries are replaced by one that counts them.

use std::borrow::Cow;

use message::{LeftOut, Part, PartKind};

/// Maximum length of a title, name or cause, in bytes.
pub const LONGEST_WORDS: usize = 1_000;
/// Maximum size in bytes of all parts together, and of everything left out: with the placements of 20,000 chunks (2
/// MB), a record stays well below 8 MiB.
const PARTS: usize = 2 << 20;
const LEFT_OUT: usize = 1 << 20;
/// Size of an entry as JSON in bytes, apart from its words.
const ENTRY: usize = 64;

const ELLIPSIS: &str = "…";

/// A text of at most [`LONGEST_WORDS`] bytes: unchanged, or its beginning and an ellipsis.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_WORDS {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(LONGEST_WORDS - ELLIPSIS.len());
    Cow::Owned(format!("{}{ELLIPSIS}", text.get(..end).unwrap_or_default()))
}

/// Pages, slides, sheets and archive members, as many as a record can hold.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    kept: Vec<Part>,
    bytes: usize,
    ends: Vec<End>,
}

/// The first part of a kind that did not fit. It is kept, because otherwise the text after it would seem to belong to
/// the last part that did.
#[derive(Debug)]
struct End {
    kind: PartKind,
    at: usize,
    more: usize,
}

impl Parts {
    pub(crate) fn push(&mut self, mut part: Part) {
        part.name = part.name.map(|name| shortened(&name).into_owned());
        self.bytes = self.bytes.saturating_add(ENTRY + part.name.as_ref().map_or(0, String::len));
        if self.bytes > PARTS {
            if let Some(end) = self.ends.iter_mut().find(|end| end.kind == part.kind) {
                end.more += 1;
                return;
            }
            self.ends.push(End { kind: part.kind, at: self.kept.len(), more: 0 });
        }
        self.kept.push(part);
    }

    pub(crate) fn finish(mut self) -> Vec<Part> {
        for End { at, more, .. } in self.ends.into_iter().filter(|end| end.more > 0) {
            if let Some(part) = self.kept.get_mut(at) {
                let name = part.name.take().map_or_else(String::new, |name| format!("{name} "));
                part.name = Some(format!("{name}and {more} more"));
            }
        }
        self.kept
    }
}

/// The parts that could not be read, as many as a record can name.
#[derive(Debug, Default)]
pub(crate) struct LeftOuts {
    named: Vec<LeftOut>,
    bytes: usize,
    more: usize,
}

impl LeftOuts {
    pub(crate) fn push(&mut self, name: &str, cause: &str) {
        let (name, cause) = (shortened(name), shortened(cause));
        self.bytes = self.bytes.saturating_add(ENTRY + name.len() + cause.len());
        if self.bytes > LEFT_OUT {
            self.more += 1;
        } else {
            self.named.push(LeftOut { name: name.into_owned(), cause: cause.into_owned() });
        }
    }

    pub(crate) fn finish(mut self) -> Vec<LeftOut> {
        if self.more > 0 {
            let (name, cause) = (format!("and {} more", self.more), "too many to name each".to_owned());
            self.named.push(LeftOut { name, cause });
        }
        self.named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character_and_says_so() {
        let longest = "é".repeat(LONGEST_WORDS / 2);
        assert_eq!(shortened(&longest), longest);
        for text in [format!("{longest}x"), format!("x{longest}"), "🙂".repeat(LONGEST_WORDS)] {
            let short = shortened(&text);
            let kept = short.strip_suffix(ELLIPSIS).unwrap();
            assert!(text.starts_with(kept) && short.len() <= LONGEST_WORDS, "{short}");
            assert!(short.len() > LONGEST_WORDS - 4, "no more than needed is cut");
        }
    }

    fn part(kind: PartKind, number: u32, name: Option<&str>) -> Part {
        Part { kind, number, name: name.map(str::to_owned), start: u64::from(number) }
    }

    #[test]
    fn the_last_part_of_each_kind_stands_for_all_that_follow() {
        let (mut parts, name) = (Parts::default(), "n".repeat(10 * LONGEST_WORDS));
        for number in 1..=9_000 {
            parts.push(part(PartKind::Member, number, Some(&name)));
            parts.push(part(PartKind::Page, number, None));
        }
        let parts = parts.finish();
        let json = serde_json::to_vec(&parts).unwrap();
        assert!(json.len() < PARTS + 4 * LONGEST_WORDS, "{}", json.len());
        assert!(parts.is_sorted_by_key(|part| part.start));
        for kind in [PartKind::Member, PartKind::Page] {
            let of_kind: Vec<&Part> = parts.iter().filter(|part| part.kind == kind).collect();
            let (last, kept) = (of_kind.last().unwrap(), of_kind.len());
            assert_eq!(last.number as usize, kept, "the parts before it are those that came first");
            let more = format!("and {} more", 9_000 - kept);
            assert!(last.name.as_ref().unwrap().ends_with(&more), "{:?} {more}", last.name);
            assert!(
                of_kind
                    .iter()
                    .rev()
                    .skip(1)
                    .all(|part| part.name.as_ref().is_none_or(|n| !n.contains("more")))
            );
        }
    }

    #[test]
    fn what_finds_room_is_whole() {
        let mut parts = Parts::default();
        let all: Vec<Part> = (1..=20_000).map(|number| part(PartKind::Page, number, None)).collect();
        for part in &all {
            parts.push(part.clone());
        }
        assert_eq!(parts.finish(), all);
    }

    #[test]
    fn what_was_left_out_is_named_or_counted() {
        let mut left_out = LeftOuts::default();
        for number in 0..5_000 {
            left_out.push(&format!("{number}{}", "n".repeat(LONGEST_WORDS)), &"c".repeat(10 * LONGEST_WORDS));
        }
        let named = left_out.finish();
        assert!(serde_json::to_vec(&named).unwrap().len() < LEFT_OUT + 4 * LONGEST_WORDS);
        let (last, kept) = (named.last().unwrap(), named.len() - 1);
        assert_eq!(last.name, format!("and {} more", 5_000 - kept));
    }
}
