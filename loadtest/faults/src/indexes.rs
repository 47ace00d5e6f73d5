//! The indexes of one generation in both engines, read through the product's own crate and without the proxies.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use generation::{Names, Target};
use message::{ChunkId, DocumentId};
use model::{Encoder as _, Hashing, Role};
use process::Failure;
use sink::{Engine as Connected, Reader, Sink as _, SinkError, StoredChunk, Window, Words};

use crate::outage::Engine;

/// Chunks per page of a scan.
const PAGE: usize = 1000;

/// Passages, by document.
pub type Passages = BTreeMap<DocumentId, Vec<StoredChunk>>;

/// One generation.
#[derive(Debug)]
pub struct IndexPair {
    id: String,
    dimension: NonZeroUsize,
    opensearch: Connected,
    elasticsearch: Connected,
}

impl IndexPair {
    /// The indexes that both connections are for, with vectors of this dimension.
    #[must_use]
    pub fn new(dimension: NonZeroUsize, opensearch: Connected, elasticsearch: Connected) -> Self {
        let id = opensearch.names().generation().short();
        Self { id, dimension, opensearch, elasticsearch }
    }

    /// Those of another generation of the same space, over the same connections.
    #[must_use]
    pub fn beside(&self, names: &Names) -> Self {
        let over = |engine: &Connected| engine.over(names.clone());
        Self::new(self.dimension, over(&self.opensearch), over(&self.elasticsearch))
    }

    /// The generation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the indexes are called outside.
    #[must_use]
    pub fn outside(&self) -> &str {
        self.opensearch.names().index()
    }

    fn engine(&self, engine: Engine) -> &Connected {
        match engine {
            Engine::OpenSearch => &self.opensearch,
            Engine::Elasticsearch => &self.elasticsearch,
        }
    }

    /// Deletes an index by hand: the passages', or both it and the documents'.
    ///
    /// # Errors
    /// When the engine does not delete it.
    pub async fn delete(&self, engine: Engine, both: bool) -> Result<(), SinkError> {
        let targets: &[Target] = if both { &[Target::Chunks, Target::Documents] } else { &[Target::Chunks] };
        for target in targets {
            self.engine(engine).delete_index(*target).await?;
        }
        Ok(())
    }

    /// Refreshes both engines, so that searches see every write and old delete markers are dropped. An engine that is
    /// down is skipped.
    pub async fn refresh(&self) {
        drop(self.opensearch.refresh().await);
        drop(self.elasticsearch.refresh().await);
    }

    /// Number of documents in OpenSearch.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn documents(&self) -> Result<u64, SinkError> {
        self.opensearch.refresh().await?;
        self.opensearch.count(Target::Documents).await
    }

    /// Every passage in each engine.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn engines(&self) -> Result<[(Engine, Passages); 2], SinkError> {
        let opensearch = held(&self.opensearch).await?;
        let elasticsearch = held(&self.elasticsearch).await?;
        Ok([(Engine::OpenSearch, opensearch), (Engine::Elasticsearch, elasticsearch)])
    }

    /// How many passages of both engines contain exactly this word.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn found(&self, word: &str) -> Result<usize, SinkError> {
        let window = Window::of(10);
        let words = Words::of(word, &self.opensearch.languages().await?);
        let hits = self.opensearch.keyword(&words, &window).await?.into_iter();
        let words = Words::of(word, &self.elasticsearch.languages().await?);
        let hits = hits.chain(self.elasticsearch.keyword(&words, &window).await?);
        Ok(hits.filter(|hit| hit.text.contains(word)).count())
    }

    /// Recomputes the vectors of these passages from the text in the engine, and lists those that differ.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn wrong_vectors(&self, engine: Engine, held: &Passages) -> Result<Vec<String>, Failure> {
        let chunks: Vec<&StoredChunk> = held.values().flatten().collect();
        let encoder = Hashing::new(self.dimension);
        let mut wrong = Vec::new();
        for page in chunks.chunks(PAGE) {
            let ids: Vec<ChunkId> = page.iter().map(|chunk| chunk.id.clone()).collect();
            let vectors = self.engine(engine).vectors(&ids).await?;
            let mut vectors: HashMap<ChunkId, Vec<f32>> =
                vectors.into_iter().map(|stored| (stored.id, stored.vector)).collect();
            let texts = page.iter().map(|chunk| text_of(chunk)).collect();
            let computed = encoder.embed_each(texts, Role::Passage).await?;
            for (chunk, computed) in page.iter().zip(computed) {
                let stored = vectors.remove(&chunk.id).unwrap_or_default();
                let alike = computed.is_ok_and(|computed| sink::cosine(&computed, &stored) > 1.0 - 1e-5);
                if !alike {
                    wrong
                        .push(format!("{} of {} has another vector than its text", chunk.id, chunk.document));
                }
            }
        }
        Ok(wrong)
    }
}

/// The text that is embedded, built here independently of the product: headings first, then the passage.
fn text_of(chunk: &StoredChunk) -> String {
    let headings = chunk.heading_path.join(" > ");
    let line = if headings.is_empty() { "" } else { "\n" };
    format!("{headings}{line}{}", chunk.text)
}

async fn held<R: Reader>(engine: &R) -> Result<Passages, SinkError> {
    engine.refresh().await?;
    let (mut passages, mut after) = (Passages::new(), None);
    loop {
        let page = engine.scan_chunks(after.as_ref(), PAGE).await?;
        for chunk in page.items {
            passages.entry(chunk.document.clone()).or_default().push(chunk);
        }
        after = page.after;
        if after.is_none() {
            return Ok(passages);
        }
    }
}
