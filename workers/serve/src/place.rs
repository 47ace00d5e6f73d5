//! The position of a passage in its document. Pure.

use message::{ChunkId, DocumentRecord, Part};
use serde::Serialize;

/// The position of a passage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassagePlace {
    /// Its first byte in the extracted text.
    pub start: u64,
    /// One past its last byte in the extracted text.
    pub end: u64,
    /// Its index among the document's passages, from 0.
    pub ordinal: usize,
    /// The page, slide, sheet or archive member in which it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// The position of a passage, and the ids of its neighbours. If it occurs several times, the first occurrence.
#[must_use]
pub fn place(record: &DocumentRecord, id: &ChunkId) -> Option<(PassagePlace, [Option<ChunkId>; 2])> {
    let ordinal = record.chunks.iter().position(|placement| placement.id == *id)?;
    let placement = record.chunks.get(ordinal)?;
    let before = ordinal.checked_sub(1).and_then(|ordinal| record.chunks.get(ordinal));
    let after = record.chunks.get(ordinal + 1);
    let neighbours = [before, after].map(|placement| placement.map(|placement| placement.id.clone()));
    let part = part_at(&record.parts, placement.start);
    Some((PassagePlace { start: placement.start, end: placement.end, ordinal, part }, neighbours))
}

/// The part that contains a byte of the text: the innermost, which is the one that began last.
#[must_use]
pub fn part_at(parts: &[Part], start: u64) -> Option<Part> {
    let last = parts.partition_point(|part| part.start <= start).checked_sub(1)?;
    parts.get(last).cloned()
}

#[cfg(test)]
mod tests {
    use message::{DocumentId, PartKind, Placement, Status, Version};

    use super::*;

    fn record() -> DocumentRecord {
        let placement = |id: &str, start| Placement { id: ChunkId::from_text(id), start, end: start + 9 };
        let part = |kind, number, start| Part { kind, number, name: None, start };
        DocumentRecord {
            chunks: vec![placement("a", 0), placement("b", 10), placement("a", 20)],
            parts: vec![
                part(PartKind::Member, 1, 5),
                part(PartKind::Page, 1, 5),
                part(PartKind::Page, 2, 15),
            ],
            ..DocumentRecord::new(DocumentId::new("b", "k").unwrap(), Version::first(1), Status::Live)
        }
    }

    #[test]
    fn a_passage_is_placed_between_its_neighbours_on_its_page() {
        let (found, neighbours) = place(&record(), &ChunkId::from_text("b")).unwrap();
        assert_eq!((found.start, found.end, found.ordinal), (10, 19, 1));
        assert_eq!(found.part.map(|part| (part.kind, part.number)), Some((PartKind::Page, 1)));
        assert_eq!(neighbours, [Some(ChunkId::from_text("a")), Some(ChunkId::from_text("a"))]);
        let (first, neighbours) = place(&record(), &ChunkId::from_text("a")).unwrap();
        assert_eq!((first.ordinal, first.part, &neighbours[0]), (0, None, &None));
        assert_eq!(place(&record(), &ChunkId::from_text("c")), None);
    }
}
