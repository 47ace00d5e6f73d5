//! The keyword side of a hybrid search, without a server: BM25 over the terms that the engines get. Stage: awaits the engine
//! in memory.

use generation::{Generation, MAPPING_VERSION, Names};
use message::{
    Chunk, ChunkId, DocumentId, Embedded, EmbeddedChunk, Fingerprint, IndexMapping, Vector, Version,
};
use sink::{
    Action, FUSED_WINDOW, ItemAnswer, MemoryEngine, Reader as _, Sink as _, Window, Words, action_of,
};
use stream::Boottime;

use crate::beir::CorpusDocument;
use crate::brute;
use crate::proof::MeasureTrouble;

/// Name of the index, and of the bucket of its documents.
const NAME: &str = "golden";
/// Passages that are written at once.
const AT_ONCE: usize = 1_000;

/// A corpus that can be searched by words.
#[derive(Debug)]
pub struct KeywordIndex {
    engine: MemoryEngine,
    languages: Vec<String>,
}

impl KeywordIndex {
    /// Indexes a corpus of some ten thousand passages.
    ///
    /// # Errors
    /// When an id is empty.
    pub async fn over(corpus: &[CorpusDocument]) -> Result<Self, MeasureTrouble> {
        let space = Fingerprint::of(&[("keyword", NAME)]);
        let generation = Generation {
            chunking: space.clone(),
            space: space.clone(),
            dimension: 1,
            model: space.clone(),
            name: NAME.to_owned(),
            mapping: IndexMapping::of(MAPPING_VERSION),
        };
        let names = Names::new(NAME, &generation).map_err(|error| MeasureTrouble::Set(error.to_string()))?;
        let engine = MemoryEngine::new(names);
        engine.ensure().await?;
        for part in corpus.chunks(AT_ONCE) {
            let actions = part.iter().map(|document| put(document, &space)).collect::<Result<Vec<_>, _>>()?;
            let written = engine.write(actions, Boottime::now()).await;
            if let Some(odd) = written.answers.into_iter().find(|answer| *answer != ItemAnswer::Done) {
                return Err(MeasureTrouble::Set(format!("a passage was not indexed: {odd:?}")));
            }
        }
        let languages = engine.languages().await?;
        Ok(Self { engine, languages })
    }

    /// The passages that match the question best and their scores, best first, as many as `serve` fuses.
    ///
    /// # Errors
    /// When the engine lost its index, which it does not.
    pub async fn best(&self, question: &str) -> Result<Vec<(ChunkId, f64)>, MeasureTrouble> {
        let words = Words::of(question, &self.languages);
        let hits = self.engine.keyword(&words, &Window::of(FUSED_WINDOW)).await?;
        Ok(hits.into_iter().map(|hit| (hit.id, hit.score)).collect())
    }
}

/// Nobody asks this index for vectors: each has one of one number.
fn put(document: &CorpusDocument, space: &Fingerprint) -> Result<Action, MeasureTrouble> {
    let told = |error: &dyn std::fmt::Display| MeasureTrouble::Set(format!("{}: {error}", document.id));
    let whose = DocumentId::new(NAME, &document.id).map_err(|error| told(&error))?;
    let chunk = Chunk {
        id: ChunkId::from_text(&document.id),
        ..Chunk::new(whose, Version::first(1), &brute::joined(document))
    };
    let embedded = EmbeddedChunk { chunk, space: space.clone(), vector: Vector(vec![1.0]) };
    action_of(&Embedded::Chunk(embedded), space).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passages_are_found_by_the_words_of_their_language() {
        let document = |id: &str, text: &str| CorpusDocument {
            id: id.to_owned(),
            title: String::new(),
            text: text.to_owned(),
        };
        let corpus = [
            document("a", "The partitions of a topic are divided among the consumers of a group."),
            document("b", "A retained message is kept by the broker until somebody replaces it."),
            document("c", "分区由消费者组中的消费者分担，主题保存所有的消息。"),
        ];
        let index = KeywordIndex::over(&corpus).await.unwrap();
        let best = |question: &'static str| {
            let index = &index;
            async move {
                index
                    .best(question)
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|(id, _)| id.to_string())
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(best("dividing partitions among consumers").await.first().map(String::as_str), Some("a"));
        assert_eq!(best("what is a retained message?").await.first().map(String::as_str), Some("b"));
        assert_eq!(best("消费者").await, ["c"]);
        assert!(best("zebra").await.is_empty());
        assert!(KeywordIndex::over(&[document("", "text")]).await.is_err());
    }
}
