//! Reads. Every query goes to the physical indexes, never to an alias, and partial answers count as failures.

use generation::Target;
use message::{ChunkId, DocumentId, Fingerprint};
use serde_json::{Value, json};
use tracing::info;

use super::Engine;
use super::search::{self, Unusable};
use crate::error::SinkError;
use crate::question::{Clause, Window, Words};
use crate::reader::{Hit, Page, Place, Reader, StoredChunk, StoredDocument, StoredVector, check_spaces};
use crate::wire::{Body, Method};

/// Chunks per page when reading one document.
const CHUNKS_AT_ONCE: usize = 1_000;
/// Vectors per page: 1,000 vectors of 4,096 numbers are about 45 MB of JSON.
const VECTORS_AT_ONCE: usize = 500;

impl Engine {
    pub(super) fn usable<T>(&self, result: Result<T, Unusable>, operation: &str) -> Result<T, SinkError> {
        result.map_err(|unusable| match unusable {
            Unusable::Partial(cause) => self.unavailable(cause),
            Unusable::Rejected(status, cause) => self.sorted(status, cause, operation),
        })
    }

    pub(super) async fn searched(&self, target: Target, body: &Value) -> Result<Value, SinkError> {
        let path = format!("{}/_search?allow_partial_search_results=false", self.names.physical(target));
        self.ask(Method::Post, path, Body::Json(body.to_string().into())).await
    }

    /// The hits of an answer, if all of them are of the space that is read.
    fn own_hits(&self, answer: &Value, operation: &str) -> Result<Vec<Hit>, SinkError> {
        let hits = self.usable(search::hits(answer), operation)?;
        check_spaces(&self.names, Target::Chunks, hits.iter().map(|hit| &hit.space))?;
        Ok(hits)
    }

    /// The stored passages of an answer, if all of them are of the space that is read.
    fn own_chunks(&self, answer: &Value, operation: &str) -> Result<Vec<StoredChunk>, SinkError> {
        let chunks: Vec<StoredChunk> = self.usable(search::sources(answer), operation)?;
        check_spaces(&self.names, Target::Chunks, chunks.iter().map(|chunk| &chunk.space))?;
        Ok(chunks)
    }
}

impl Engine {
    /// Whether the engine can fuse ranks itself. That depends on licence, version and plug-in, so it is tried once.
    async fn offers_fusion(&self, dimension: usize) -> Result<bool, SinkError> {
        let ask = async || {
            // A minimal query: one passage, for a word that need not exist.
            let words = Words::of("fusion", &[analysis::UNDETERMINED.to_owned()]);
            let mut vector = vec![0.0; dimension];
            vector.iter_mut().take(1).for_each(|first| *first = 1.0);
            let kind = self.vector_kind()?;
            let body = search::fused(&*self.server, kind, &words, &vector, &Window::of(1));
            match self.searched(Target::Chunks, &body).await {
                Ok(_) => Ok(true),
                Err(SinkError::Rejected { cause, .. } | SinkError::Denied { cause, .. }) => {
                    info!(
                        engine = self.server.kind(),
                        cause, "the engine does not fuse ranks itself: they are fused here"
                    );
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        };
        self.offers_fusion.get_or_try_init(ask).await.copied()
    }
}

impl Reader for Engine {
    async fn check(&self, space: &Fingerprint) -> Result<(), SinkError> {
        self.check_both(space, None).await
    }

    async fn languages(&self) -> Result<Vec<String>, SinkError> {
        let answer = self.searched(Target::Chunks, &search::languages()).await?;
        self.usable(search::languages_of(&answer), "languages")
    }

    async fn frequencies(&self, terms: &[&str], among: &[Clause]) -> Result<(u64, Vec<u64>), SinkError> {
        let answer = self.searched(Target::Chunks, &search::frequencies(terms, among)).await?;
        self.usable(search::frequencies_of(&answer, terms.len()), "frequencies of terms")
    }

    async fn drawn(&self, size: usize) -> Result<Vec<StoredChunk>, SinkError> {
        let answer = self.searched(Target::Chunks, &search::drawn(size)).await?;
        self.own_chunks(&answer, "sample of passages")
    }

    async fn keyword(&self, words: &Words, window: &Window) -> Result<Vec<Hit>, SinkError> {
        if window.size == 0 || words.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.searched(Target::Chunks, &search::keyword(words, window)).await?;
        self.own_hits(&answer, "keyword search")
    }

    async fn vector(&self, vector: &[f32], window: &Window) -> Result<Vec<Hit>, SinkError> {
        if window.size == 0 {
            return Ok(Vec::new());
        }
        let body = search::nearest(&*self.server, self.vector_kind()?, vector, window);
        let answer = self.searched(Target::Chunks, &body).await?;
        self.own_hits(&answer, "vector search")
    }

    async fn both(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> Result<(Vec<Hit>, Vec<Hit>), SinkError> {
        if window.size == 0 || words.is_empty() {
            return Ok((Vec::new(), self.vector(vector, window).await?));
        }
        let nearest = search::nearest(&*self.server, self.vector_kind()?, vector, window);
        let index = self.names.physical(Target::Chunks);
        let lines = search::lines(&index, &[search::keyword(words, window), nearest]);
        let whole = self.ask(Method::Post, "_msearch".to_owned(), Body::Lines(lines.into())).await?;
        let answers = self.usable(search::answers(&whole, 2), "_msearch")?;
        let mut found = Vec::with_capacity(2);
        for answer in answers {
            found.push(self.own_hits(answer, &format!("{index}/_msearch"))?);
        }
        let nearest = found.pop().unwrap_or_default();
        Ok((found.pop().unwrap_or_default(), nearest))
    }

    async fn fused(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> Result<Option<Vec<Hit>>, SinkError> {
        if window.size == 0 || words.is_empty() || !self.offers_fusion(vector.len()).await? {
            return Ok(None);
        }
        let body = search::fused(&*self.server, self.vector_kind()?, words, vector, window);
        let answer = self.searched(Target::Chunks, &body).await?;
        self.own_hits(&answer, "fused search").map(Some)
    }

    async fn document(&self, document: &DocumentId) -> Result<Option<StoredDocument>, SinkError> {
        let path = format!("{}/_doc/{}", self.names.physical(Target::Documents), document.short());
        let response = self.send(Method::Get, path.clone(), Body::Empty).await?;
        match response.status {
            200 => self.usable(search::source(&self.json(&response.body)?), &path).map(Some),
            404 if self.json(&response.body)?.get("found") == Some(&Value::Bool(false)) => Ok(None),
            _ => Err(self.failed(&response, &path)),
        }
    }

    async fn documents(&self, documents: &[DocumentId]) -> Result<Vec<StoredDocument>, SinkError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = documents.iter().map(DocumentId::short).collect();
        let path = format!("{}/_mget", self.names.physical(Target::Documents));
        let body = Body::Json(json!({ "ids": ids }).to_string().into());
        let answer = self.ask(Method::Post, path.clone(), body).await?;
        let found = answer.get("docs").and_then(Value::as_array).into_iter().flatten();
        let found = found.filter(|one| one.get("found") == Some(&Value::Bool(true)));
        let stored = found.map(|one| self.usable(search::source(one), &path));
        let stored: Vec<StoredDocument> = stored.collect::<Result<_, _>>()?;
        check_spaces(&self.names, Target::Documents, stored.iter().map(|one| &one.space))?;
        Ok(stored)
    }

    async fn passages(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>, SinkError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(CHUNKS_AT_ONCE) {
            let answer = self.searched(Target::Chunks, &search::passages(ids)).await?;
            all.append(&mut self.own_chunks(&answer, "look-up of passages")?);
        }
        Ok(all)
    }

    async fn count(&self, target: Target) -> Result<u64, SinkError> {
        let path = format!("{}/_count", self.names.physical(target));
        let answer = self.ask(Method::Get, path, Body::Empty).await?;
        let failed = answer.pointer("/_shards/failed").and_then(Value::as_u64);
        match (failed, answer.get("count").and_then(Value::as_u64)) {
            (Some(0), Some(count)) => Ok(count),
            _ => Err(self.unavailable("only a part of the shards counted")),
        }
    }

    async fn scan_chunks(&self, after: Option<&Place>, size: usize) -> Result<Page<StoredChunk>, SinkError> {
        let answer = self.searched(Target::Chunks, &search::scan(None, after, size)).await?;
        self.usable(search::page(&answer, size), "scan")
    }

    async fn scan_documents(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> Result<Page<StoredDocument>, SinkError> {
        let answer = self.searched(Target::Documents, &search::scan(None, after, size)).await?;
        self.usable(search::page(&answer, size), "scan")
    }

    async fn chunks_of(&self, document: &DocumentId) -> Result<Vec<StoredChunk>, SinkError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let body = search::scan(Some(document), after.as_ref(), CHUNKS_AT_ONCE);
            let answer = self.searched(Target::Chunks, &body).await?;
            let page: Page<StoredChunk> = self.usable(search::page(&answer, CHUNKS_AT_ONCE), "scan")?;
            all.extend(page.items);
            after = page.after;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<StoredVector>, SinkError> {
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(VECTORS_AT_ONCE) {
            let answer = self.searched(Target::Chunks, &search::vectors(&*self.server, ids)).await?;
            all.append(&mut self.usable(search::stored_vectors(&answer), "look-up of vectors")?);
        }
        Ok(all)
    }

    async fn refresh(&self) -> Result<(), SinkError> {
        let (chunks, documents) =
            (self.names.physical(Target::Chunks), self.names.physical(Target::Documents));
        let answer = self.ask(Method::Post, format!("{chunks},{documents}/_refresh"), Body::Empty).await?;
        match answer.pointer("/_shards/failed").and_then(Value::as_u64) {
            Some(0) => Ok(()),
            _ => Err(self.unavailable("not every shard was refreshed")),
        }
    }
}
