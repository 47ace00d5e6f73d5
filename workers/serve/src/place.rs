//! Where passages stand in their documents, and what stands beside them.

use std::collections::HashMap;

use message::{ChunkId, DocumentId, DocumentRecord, Part};
use serde::Serialize;
use sink::{Reader, SinkError};

use crate::found::Found;

/// Where a passage stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// First byte in the extracted text.
    pub start: u64,
    /// One past the last byte in the extracted text.
    pub end: u64,
    /// Which passage of the document it is, from 0.
    pub ordinal: usize,
    /// The page, slide, sheet or member that it begins in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// Where a passage stands in its document, and the ids of its neighbours. A passage that stands there twice is the first of
/// them.
#[must_use]
pub fn place(record: &DocumentRecord, id: &ChunkId) -> Option<(Place, [Option<ChunkId>; 2])> {
    let ordinal = record.chunks.iter().position(|placement| placement.id == *id)?;
    let placement = record.chunks.get(ordinal)?;
    let before = ordinal.checked_sub(1).and_then(|ordinal| record.chunks.get(ordinal));
    let after = record.chunks.get(ordinal + 1);
    let neighbours = [before, after].map(|placement| placement.map(|placement| placement.id.clone()));
    let part = part_at(&record.parts, placement.start);
    Some((Place { start: placement.start, end: placement.end, ordinal, part }, neighbours))
}

/// The part that a byte of the text belongs to: the innermost, which began last.
#[must_use]
pub fn part_at(parts: &[Part], start: u64) -> Option<Part> {
    let last = parts.partition_point(|part| part.start <= start).checked_sub(1)?;
    parts.get(last).cloned()
}

/// Adds to each passage its place and its document's title, and its neighbours if they are wanted. A passage whose record
/// is not there yet, or says nothing of it any more, stays as it is.
///
/// # Errors
/// When the engine does not answer.
pub async fn add<R: Reader>(reader: &R, hits: &mut [Found], neighbours: bool) -> Result<(), SinkError> {
    let mut documents: Vec<DocumentId> = hits.iter().map(|hit| hit.document.clone()).collect();
    documents.sort();
    documents.dedup();
    let stored = reader.documents(&documents).await?;
    let records: HashMap<DocumentId, DocumentRecord> =
        stored.into_iter().map(|stored| (stored.record.document.clone(), stored.record)).collect();
    let mut beside: Vec<[Option<ChunkId>; 2]> = Vec::new();
    for hit in hits.iter_mut() {
        let record = records.get(&hit.document);
        hit.title = record.and_then(|record| record.title.clone());
        let (place, ids) = record.and_then(|record| place(record, &hit.id)).unzip();
        hit.place = place;
        beside.push(ids.unwrap_or_default());
    }
    if !neighbours {
        return Ok(());
    }
    let ids: Vec<ChunkId> = beside.iter().flatten().flatten().cloned().collect();
    let passages = reader.passages(&ids).await?;
    let texts: HashMap<&ChunkId, &str> =
        passages.iter().map(|passage| (&passage.id, passage.text.as_str())).collect();
    for (hit, [before, after]) in hits.iter_mut().zip(&beside) {
        let text = |id: &Option<ChunkId>| texts.get(id.as_ref()?).map(|text| (*text).to_owned());
        (hit.before, hit.after) = (text(before), text(after));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use message::{PartKind, Placement, Status, Version};

    use super::*;

    fn record() -> DocumentRecord {
        let placement = |id: &str, start| Placement { id: ChunkId::from_text(id), start, end: start + 9 };
        let part = |kind, number, start| Part { kind, number, name: None, start };
        DocumentRecord {
            document: DocumentId::new("b", "k").unwrap(),
            version: Version::first(1),
            status: Status::Live,
            cause: None,
            title: None,
            format: None,
            language: None,
            etag: String::new(),
            size: 0,
            modified: None,
            chunks: vec![placement("a", 0), placement("b", 10), placement("a", 20)],
            parts: vec![
                part(PartKind::Member, 1, 5),
                part(PartKind::Page, 1, 5),
                part(PartKind::Page, 2, 15),
            ],
            left_out: Vec::new(),
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
