//! On which page, slide or sheet a passage begins, and in which file within its document. Pure.

use message::{Part, PartKind};
use serde::Serialize;

/// The parts around one place of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Place<'a> {
    /// The number of its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// The number of its slide.
    #[serde(skip_serializing_if = "Option::is_none")]
    slide: Option<u32>,
    /// The name of its sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    /// The file within the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
}

/// Places in ascending order.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    parts: std::iter::Peekable<std::slice::Iter<'a, Part>>,
    place: Place<'a>,
}

impl<'a> Places<'a> {
    /// `parts` as a document has them: ascending by where they start.
    pub(crate) fn new(parts: &'a [Part]) -> Self {
        Self { parts: parts.iter().peekable(), place: Place::default() }
    }

    /// The place of a byte, which is not before the one that was asked for last.
    pub(crate) fn at(&mut self, byte: usize) -> Place<'a> {
        while let Some(part) = self.parts.next_if(|part| part.start <= byte as u64) {
            match part.kind {
                PartKind::Page => self.place.page = Some(part.number),
                PartKind::Slide => self.place.slide = Some(part.number),
                PartKind::Sheet => self.place.sheet = part.name.as_deref(),
                // The pages of a file end with it.
                PartKind::Member => self.place = Place { member: part.name.as_deref(), ..Place::default() },
            }
        }
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: PartKind, number: u32, name: Option<&str>, start: u64) -> Part {
        Part { kind, number, name: name.map(str::to_owned), start }
    }

    #[test]
    fn a_part_reaches_to_the_next_of_its_kind_and_pages_end_with_their_file() {
        let parts = [
            part(PartKind::Page, 1, None, 5),
            part(PartKind::Page, 2, Some("ii"), 10),
            part(PartKind::Member, 1, Some("a.xlsx"), 20),
            part(PartKind::Sheet, 1, Some("Sales"), 20),
            part(PartKind::Member, 2, Some("b.txt"), 30),
        ];
        let mut places = Places::new(&parts);
        let said: Vec<String> =
            [0, 5, 12, 20, 29, 31].map(|byte| serde_json::to_string(&places.at(byte)).unwrap()).to_vec();
        let sales = r#"{"sheet":"Sales","member":"a.xlsx"}"#;
        let expected = ["{}", r#"{"page":1}"#, r#"{"page":2}"#, sales, sales, r#"{"member":"b.txt"}"#];
        assert_eq!(said, expected);
    }
}
