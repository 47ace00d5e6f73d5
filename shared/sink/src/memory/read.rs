//! Reading from memory.

use std::collections::BTreeSet;

use message::{About, ChunkId, DocumentId, Fingerprint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Memory, words};
use crate::action::Target;
use crate::error::SinkError;
use crate::question::{Clause, Window, Words};
use crate::reader::{Hit, Page, Place, Reader, StoredChunk, StoredDocument, StoredVector, cosine};

#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    chunk: StoredChunk,
    vector: Vec<f32>,
    terms: String,
    #[serde(flatten)]
    about: About,
}

impl Whole {
    fn is_in(&self, window: &Window) -> bool {
        let is_one_of = |list: &[String], value: &Option<String>| {
            value.as_ref().is_some_and(|value| list.contains(value))
        };
        window.filter.iter().all(|clause| match clause {
            Clause::Prefix(list) => list.iter().any(|one| self.chunk.document.as_str().starts_with(one)),
            Clause::Language(list) => is_one_of(list, &self.about.language),
            Clause::Format(list) => is_one_of(list, &self.about.format),
            Clause::Since(time) => self.about.modified.is_some_and(|modified| modified >= *time),
            Clause::Before(time) => self.about.modified.is_some_and(|modified| modified < *time),
        })
    }
}

impl Memory {
    /// Every item, by id.
    fn items<T: DeserializeOwned>(&self, target: Target) -> Result<Vec<T>, SinkError> {
        let state = self.state();
        let index = state.indexes.get(&self.names.physical(target)).ok_or_else(|| self.missing(target))?;
        index.items.values().filter_map(|item| item.body.as_ref()).map(|body| self.read(body)).collect()
    }

    fn read<T: DeserializeOwned>(&self, body: &Value) -> Result<T, SinkError> {
        serde_json::from_value(body.clone()).map_err(|error| SinkError::Rejected {
            url: "memory".to_owned(),
            operation: format!("reading from {}", self.names.physical(Target::Chunks)),
            status: 200,
            cause: format!("an item is not as Millrace writes it: {error}"),
        })
    }

    fn page<T: DeserializeOwned>(
        &self,
        target: Target,
        after: Option<&Place>,
        size: usize,
    ) -> Result<Page<T>, SinkError> {
        let state = self.state();
        let index = state.indexes.get(&self.names.physical(target)).ok_or_else(|| self.missing(target))?;
        let place = |id: &String, body: &Value| {
            let document = body.get("document").and_then(Value::as_str).unwrap_or_default();
            Place { document: document.to_owned(), id: id.clone() }
        };
        let bodies = index.items.iter().filter_map(|(id, item)| Some((id, item.body.as_ref()?)));
        let mut rest: Vec<(Place, &Value)> = bodies.map(|(id, body)| (place(id, body), body)).collect();
        rest.retain(|(place, _)| after.is_none_or(|after| place > after));
        rest.sort_by(|(one, _), (other, _)| one.cmp(other));
        rest.truncate(size);
        let after = rest.last().filter(|_| rest.len() >= size).map(|(place, _)| place.clone());
        let items = rest.iter().map(|(_, body)| self.read(body)).collect::<Result<_, _>>()?;
        Ok(Page { items, after })
    }

    fn ranked(&self, window: &Window, score: impl Fn(&[Whole]) -> Vec<f64>) -> Result<Vec<Hit>, SinkError> {
        let mut chunks: Vec<Whole> = self.items(Target::Chunks)?;
        chunks.retain(|chunk| chunk.is_in(window));
        let scores = score(&chunks);
        let mut hits: Vec<Hit> = chunks
            .into_iter()
            .zip(scores)
            .filter(|(_, score)| *score > 0.0)
            .map(|(Whole { chunk, about, .. }, score)| {
                let StoredChunk { id, document, heading_path, text, .. } = chunk;
                Hit { id, document, heading_path, text, about, score }
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(window.size);
        Ok(hits)
    }
}

impl Reader for Memory {
    async fn check(&self, space: &Fingerprint) -> Result<(), SinkError> {
        self.check_space(space)?;
        let state = self.state();
        for target in [Target::Chunks, Target::Documents] {
            let index = state.indexes.get(&self.names.physical(target));
            index.ok_or_else(|| self.missing(target))?;
        }
        Ok(())
    }

    async fn languages(&self) -> Result<Vec<String>, SinkError> {
        let chunks: Vec<Whole> = self.items(Target::Chunks)?;
        let languages: BTreeSet<String> = chunks.into_iter().filter_map(|one| one.about.language).collect();
        Ok(languages.into_iter().collect())
    }

    async fn frequencies(&self, terms: &[&str]) -> Result<(u64, Vec<u64>), SinkError> {
        let chunks: Vec<Whole> = self.items(Target::Chunks)?;
        let holds = |chunk: &&Whole, term: &str| chunk.terms.split(' ').any(|one| one == term);
        let holding = |term: &&str| chunks.iter().filter(|chunk| holds(chunk, term)).count() as u64;
        Ok((chunks.len() as u64, terms.iter().map(holding).collect()))
    }

    async fn drawn(&self, size: usize) -> Result<Vec<StoredChunk>, SinkError> {
        let mut chunks: Vec<StoredChunk> = self.items(Target::Chunks)?;
        chunks.sort_by(|one, other| one.id.cmp(&other.id));
        chunks.truncate(size);
        Ok(chunks)
    }

    async fn keyword(&self, words: &Words, window: &Window) -> Result<Vec<Hit>, SinkError> {
        self.ranked(window, |chunks| {
            let terms: Vec<&str> = chunks.iter().map(|one| one.terms.as_str()).collect();
            let mut scores = vec![0.0; chunks.len()];
            for (language, asked) in words.iter() {
                let found = words::scores(asked, &terms);
                for ((score, found), one) in scores.iter_mut().zip(found).zip(chunks) {
                    if one.about.language.as_deref() == Some(language) {
                        *score = found;
                    }
                }
            }
            scores
        })
    }

    async fn vector(&self, vector: &[f32], window: &Window) -> Result<Vec<Hit>, SinkError> {
        // As the engines score cosine: (1 + cosine) / 2, never below 0.
        self.ranked(window, |chunks| {
            chunks.iter().map(|one| f64::midpoint(1.0, cosine(vector, &one.vector))).collect()
        })
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
        let state = self.state();
        let name = self.names.physical(Target::Documents);
        let index = state.indexes.get(&name).ok_or_else(|| self.missing(Target::Documents))?;
        let item = index.items.get(&document.short()).and_then(|item| item.body.as_ref());
        item.map(|body| self.read(body)).transpose()
    }

    async fn documents(&self, documents: &[DocumentId]) -> Result<Vec<StoredDocument>, SinkError> {
        let mut found = Vec::new();
        for document in documents {
            found.extend(self.document(document).await?);
        }
        Ok(found)
    }

    async fn passages(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>, SinkError> {
        let mut chunks: Vec<StoredChunk> = self.items(Target::Chunks)?;
        chunks.retain(|chunk| ids.contains(&chunk.id));
        Ok(chunks)
    }

    async fn count(&self, target: Target) -> Result<u64, SinkError> {
        let items: Vec<Value> = self.items(target)?;
        Ok(items.len() as u64)
    }

    async fn scan_chunks(&self, after: Option<&Place>, size: usize) -> Result<Page<StoredChunk>, SinkError> {
        self.page(Target::Chunks, after, size)
    }

    async fn scan_documents(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> Result<Page<StoredDocument>, SinkError> {
        self.page(Target::Documents, after, size)
    }

    async fn chunks_of(&self, document: &DocumentId) -> Result<Vec<StoredChunk>, SinkError> {
        let mut chunks: Vec<StoredChunk> = self.items(Target::Chunks)?;
        chunks.retain(|chunk| chunk.document == *document);
        Ok(chunks)
    }

    async fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<StoredVector>, SinkError> {
        let all: Vec<Whole> = self.items(Target::Chunks)?;
        let wanted = all.into_iter().filter(|whole| ids.contains(&whole.chunk.id));
        Ok(wanted.map(|whole| StoredVector { id: whole.chunk.id, vector: whole.vector }).collect())
    }

    async fn refresh(&self) -> Result<(), SinkError> {
        Ok(())
    }
}
