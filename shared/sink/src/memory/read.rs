//! Reads from memory.

use std::collections::BTreeSet;

use generation::Target;
use message::{ChunkId, DocumentId, Fingerprint};

use super::passages::{Passage, Passages};
use super::{Body, Index, MemoryEngine, same_space};
use crate::error::SinkError;
use crate::question::{Clause, Window, Words};
use crate::reader::{Hit, Page, Place, Reader, StoredChunk, StoredDocument, StoredVector, check_spaces};

impl MemoryEngine {
    /// Queries an index under the lock, so that nobody writes to it meanwhile.
    fn ask<T>(&self, target: Target, question: impl FnOnce(&Index) -> T) -> Result<T, SinkError> {
        let state = self.state();
        let index = state.indexes.get(&self.names.physical(target)).ok_or_else(|| self.missing(target))?;
        Ok(question(index))
    }

    /// What a search finds, if all of it is of the space that is read.
    fn own_hits(&self, search: impl FnOnce(&Passages) -> Vec<Hit>) -> Result<Vec<Hit>, SinkError> {
        let hits = self.ask(Target::Chunks, |index| search(&index.passages))?;
        check_spaces(&self.names, Target::Chunks, hits.iter().map(|hit| &hit.space))?;
        Ok(hits)
    }

    /// These passages, if all of them are of the space that is read.
    fn own_chunks(&self, chunks: Vec<StoredChunk>) -> Result<Vec<StoredChunk>, SinkError> {
        check_spaces(&self.names, Target::Chunks, chunks.iter().map(|chunk| &chunk.space))?;
        Ok(chunks)
    }

    /// The records of these documents.
    fn records(&self, documents: &[DocumentId]) -> Result<Vec<StoredDocument>, SinkError> {
        self.ask(Target::Documents, |index| {
            let record = |document: &DocumentId| match &index.items.get(&document.short())?.body {
                Body::Document(record) => Some(record.as_ref().clone()),
                Body::Gone | Body::Passage(_) => None,
            };
            documents.iter().filter_map(record).collect()
        })
    }

    /// Maps each of these passages.
    fn of_each<T>(&self, ids: &[ChunkId], give: impl Fn(&Passage) -> T) -> Result<Vec<T>, SinkError> {
        self.ask(Target::Chunks, |index| {
            let found = ids.iter().filter_map(|id| index.passage(id.as_str()));
            found.map(give).collect()
        })
    }
}

impl Index {
    fn passage(&self, id: &str) -> Option<&Passage> {
        match self.items.get(id)?.body {
            Body::Passage(slot) => self.passages.get(slot),
            Body::Gone | Body::Document(_) => None,
        }
    }
}

/// A page of the next `size` items after a place.
fn page<T>(all: impl Iterator<Item = (Place, T)>, after: Option<&Place>, size: usize) -> Page<T> {
    let mut rest: Vec<(Place, T)> =
        all.filter(|(place, _)| after.is_none_or(|after| place > after)).collect();
    rest.sort_by(|(one, _), (other, _)| one.cmp(other));
    rest.truncate(size);
    let after = rest.last().filter(|_| rest.len() >= size).map(|(place, _)| place.clone());
    Page { items: rest.into_iter().map(|(_, item)| item).collect(), after }
}

impl Reader for MemoryEngine {
    async fn check(&self, space: &Fingerprint) -> Result<(), SinkError> {
        same_space(&self.names.physical(Target::Chunks), self.names.space(), space)?;
        for target in [Target::Chunks, Target::Documents] {
            let found = self.ask(target, |index| index.space.clone())?;
            same_space(&self.names.physical(target), &found, space)?;
        }
        Ok(())
    }

    async fn languages(&self) -> Result<Vec<String>, SinkError> {
        self.ask(Target::Chunks, |index| {
            let languages: BTreeSet<&String> =
                index.passages.all().filter_map(|one| one.about.language.as_ref()).collect();
            languages.into_iter().cloned().collect()
        })
    }

    async fn frequencies(&self, terms: &[&str], among: &[Clause]) -> Result<(u64, Vec<u64>), SinkError> {
        self.ask(Target::Chunks, |index| index.passages.frequencies(terms, among))
    }

    async fn drawn(&self, size: usize) -> Result<Vec<StoredChunk>, SinkError> {
        let drawn = self.ask(Target::Chunks, |index| {
            let sorted = index.items.keys().filter_map(|id| index.passage(id));
            sorted.take(size).map(|passage| passage.chunk.clone()).collect()
        })?;
        self.own_chunks(drawn)
    }

    async fn keyword(&self, words: &Words, window: &Window) -> Result<Vec<Hit>, SinkError> {
        self.own_hits(|passages| passages.by_words(words, window))
    }

    async fn vector(&self, vector: &[f32], window: &Window) -> Result<Vec<Hit>, SinkError> {
        self.own_hits(|passages| passages.by_vector(vector, window))
    }

    async fn both(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> Result<(Vec<Hit>, Vec<Hit>), SinkError> {
        Ok((self.keyword(words, window).await?, self.vector(vector, window).await?))
    }

    async fn fused(&self, _: &Words, _: &[f32], _: &Window) -> Result<Option<Vec<Hit>>, SinkError> {
        Ok(None)
    }

    async fn document(&self, document: &DocumentId) -> Result<Option<StoredDocument>, SinkError> {
        Ok(self.records(std::slice::from_ref(document))?.pop())
    }

    async fn documents(&self, documents: &[DocumentId]) -> Result<Vec<StoredDocument>, SinkError> {
        let stored = self.records(documents)?;
        check_spaces(&self.names, Target::Documents, stored.iter().map(|one| &one.space))?;
        Ok(stored)
    }

    async fn passages(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>, SinkError> {
        self.own_chunks(self.of_each(ids, |passage| passage.chunk.clone())?)
    }

    async fn count(&self, target: Target) -> Result<u64, SinkError> {
        self.ask(target, |index| {
            index.items.values().filter(|item| !matches!(item.body, Body::Gone)).count() as u64
        })
    }

    async fn scan_chunks(&self, after: Option<&Place>, size: usize) -> Result<Page<StoredChunk>, SinkError> {
        self.ask(Target::Chunks, |index| {
            let place = |chunk: &StoredChunk| Place {
                document: chunk.document.to_string(),
                id: chunk.id.to_string(),
            };
            let all = index.passages.all().map(|passage| (place(&passage.chunk), &passage.chunk));
            let Page { items, after } = page(all, after, size);
            Page { items: items.into_iter().cloned().collect(), after }
        })
    }

    async fn scan_documents(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> Result<Page<StoredDocument>, SinkError> {
        self.ask(Target::Documents, |index| {
            let all = index.items.iter().filter_map(|(id, item)| match &item.body {
                Body::Document(stored) => {
                    let document = stored.record.document.to_string();
                    Some((Place { document, id: id.clone() }, stored.as_ref()))
                }
                Body::Gone | Body::Passage(_) => None,
            });
            let Page { items, after } = page(all, after, size);
            Page { items: items.into_iter().cloned().collect(), after }
        })
    }

    async fn chunks_of(&self, document: &DocumentId) -> Result<Vec<StoredChunk>, SinkError> {
        self.ask(Target::Chunks, |index| {
            let own = index.passages.all().filter(|passage| passage.chunk.document == *document);
            let mut chunks: Vec<StoredChunk> = own.map(|passage| passage.chunk.clone()).collect();
            chunks.sort_by(|one, other| one.id.cmp(&other.id));
            chunks
        })
    }

    async fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<StoredVector>, SinkError> {
        self.of_each(ids, |passage| StoredVector {
            id: passage.chunk.id.clone(),
            vector: passage.vector.clone(),
        })
    }

    async fn refresh(&self) -> Result<(), SinkError> {
        Ok(())
    }
}
