//! Adds a passage's surroundings to an answer: its position, its document's title, and the neighbouring passages.

use std::collections::HashMap;

use message::{ChunkId, DocumentId, DocumentRecord};
use sink::{Reader, SinkError, StoredChunk};

use crate::found::FoundPassage;
use crate::place::place;

/// Adds each passage's position and its document's title, and on request its neighbours. A passage whose document
/// record is missing, or no longer lists it, stays as it is.
///
/// # Errors
/// When the engine does not answer.
pub async fn add<R: Reader>(
    reader: &R,
    hits: &mut [FoundPassage],
    neighbours: bool,
) -> Result<(), SinkError> {
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
    let passages: HashMap<&ChunkId, &StoredChunk> =
        passages.iter().map(|passage| (&passage.id, passage)).collect();
    for (hit, beside) in hits.iter_mut().zip(&beside) {
        let [before, after] = beside.each_ref().map(|id| passages.get(id.as_ref()?).copied());
        let is_same = |passage: &StoredChunk| passage.heading_path == hit.heading_path;
        hit.same_section = [before, after].map(|passage| passage.is_some_and(is_same));
        [hit.before, hit.after] = [before, after].map(|passage| passage.map(|passage| passage.text.clone()));
    }
    Ok(())
}
