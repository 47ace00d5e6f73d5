//! Finds the page, slide or sheet on which a passage begins, and the file within its document. Pure.

use message::{Part, PartKind};
use serde::Serialize;

/// The parts that contain a position in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Place<'a> {
    /// The page number.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// The slide number.
    #[serde(skip_serializing_if = "Option::is_none")]
    slide: Option<u32>,
    /// The name of the sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    /// The name of the file within the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
}

/// Looks up places at ascending positions.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    parts: std::iter::Peekable<std::slice::Iter<'a, Part>>,
    place: Place<'a>,
}

impl<'a> Places<'a> {
    /// `parts` must be in ascending order of their starts, as in a document.
    pub(crate) fn new(parts: &'a [Part]) -> Self {
        Self { parts: parts.iter().peekable(), place: Place::default() }
    }

    /// The place at a byte offset, which must not be below the previous one.
    pub(crate) fn at(&mut self, byte: usize) -> Place<'a> {
        while let Some(part) = self.parts.next_if(|part| part.start <= byte as u64) {
            match part.kind {
                PartKind::Page => self.place.page = Some(part.number),
                PartKind::Slide => self.place.slide = Some(part.number),
                PartKind::Sheet => self.place.sheet = part.name.as_deref(),
                // A file's pages, slides and sheets end with it.
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
