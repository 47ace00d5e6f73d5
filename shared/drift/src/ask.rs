//! Asks an index for passages by their own openings. Stage.

use std::collections::BTreeMap;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use message::{ChunkId, DocumentId, EmbeddedChunk, Vector, embedded_text};
use model::{Encoder, Role};
use sink::{Hit, Reader, StoredChunk, Window};

use crate::observation::{OpeningRank, PassageObservation};
use crate::trouble::DriftTrouble;

/// Openings that are embedded in one call.
const AT_ONCE: usize = 64;
/// Searches in progress.
const SEARCHES: usize = 4;
/// Passages that an engine is asked for in one request.
const PAGE: usize = 500;

/// A passage with its vector, as a topic or an engine gives it.
#[derive(Clone, Debug)]
pub struct SampledPassage {
    id: ChunkId,
    document: DocumentId,
    heading_path: Vec<String>,
    text: String,
    tokens: u32,
    vector: Vector,
}

impl From<EmbeddedChunk> for SampledPassage {
    fn from(EmbeddedChunk { chunk, vector, .. }: EmbeddedChunk) -> Self {
        let message::Chunk { id, document, heading_path, text, tokens, .. } = chunk;
        Self { id, document, heading_path, text, tokens, vector }
    }
}

impl SampledPassage {
    fn stored(chunk: StoredChunk, vector: Vec<f32>) -> Self {
        let StoredChunk { id, document, heading_path, text, tokens, .. } = chunk;
        Self { id, document, heading_path, text, tokens, vector: Vector(vector) }
    }

    fn observed<E: Encoder>(&self, encoder: &E) -> PassageObservation {
        let text = embedded_text(&self.heading_path, &self.text);
        PassageObservation {
            unknown: encoder.unknown_tokens(&text).and_then(|count| u32::try_from(count).ok()),
            ..PassageObservation::new(self.document.clone(), &text, self.tokens, self.vector.clone())
        }
    }

    /// Where it is among `hits`. A passage with the same text stands for it: nothing in a question tells the two apart.
    fn rank(&self, hits: &[Hit]) -> OpeningRank {
        let place = hits.iter().position(|hit| hit.id == self.id || hit.text == self.text);
        let rank = place.and_then(|place| u32::try_from(place + 1).ok());
        rank.map_or(OpeningRank::NotFound, OpeningRank::At)
    }
}

/// A fair sample of the passages of an index: see [`Reader::drawn`].
///
/// # Errors
/// When the engine does not answer, or refuses.
pub(crate) async fn drawn<R: Reader>(reader: &R, size: usize) -> Result<Vec<SampledPassage>, DriftTrouble> {
    let drawn = reader.drawn(size).await?;
    let ids: Vec<ChunkId> = drawn.iter().map(|chunk| chunk.id.clone()).collect();
    let mut vectors: BTreeMap<ChunkId, Vec<f32>> = BTreeMap::new();
    for page in ids.chunks(PAGE) {
        let stored = reader.vectors(page).await?;
        vectors.extend(stored.into_iter().map(|one| (one.id, one.vector)));
    }
    let with = |chunk: StoredChunk| {
        let vector = vectors.remove(&chunk.id)?;
        Some(SampledPassage::stored(chunk, vector))
    };
    Ok(drawn.into_iter().filter_map(with).collect())
}

/// Those of the passages that the index holds: what was replaced or removed meanwhile cannot be found, and what its writer has not
/// come to cannot be found yet.
///
/// # Errors
/// When the engine does not answer, or refuses.
pub(crate) async fn held<R: Reader>(
    reader: &R,
    passages: Vec<SampledPassage>,
) -> Result<Vec<SampledPassage>, DriftTrouble> {
    let ids: Vec<ChunkId> = passages.iter().map(|passage| passage.id.clone()).collect();
    let mut there: Vec<ChunkId> = Vec::new();
    for page in ids.chunks(PAGE) {
        there.extend(reader.passages(page).await?.into_iter().map(|chunk| chunk.id));
    }
    there.sort_unstable();
    Ok(passages.into_iter().filter(|passage| there.binary_search(&passage.id).is_ok()).collect())
}

/// Asks for each passage by its own opening, among the first `ranks`. A passage whose opening holds no word, or that the model
/// refuses, is not asked for.
///
/// # Errors
/// When engine or model do not answer, or refuse.
pub(crate) async fn observed<R: Reader, E: Encoder>(
    reader: &R,
    encoder: &E,
    passages: &[SampledPassage],
    ranks: usize,
) -> Result<Vec<PassageObservation>, DriftTrouble> {
    let mut all = Vec::new();
    for batch in passages.chunks(AT_ONCE) {
        let openings = batch.iter().map(|passage| analysis::opening(&passage.text).trim().to_owned());
        let (asked, texts): (Vec<&SampledPassage>, Vec<String>) =
            batch.iter().zip(openings).filter(|(_, text)| text.chars().any(char::is_alphanumeric)).unzip();
        let vectors = encoder.embed_each(texts, Role::Query).await?;
        let searches = asked.iter().zip(vectors).filter_map(|(passage, vector)| {
            let vector = vector.ok()?;
            Some(async move {
                let hits = reader.vector(&vector, &Window::of(ranks)).await?;
                Ok::<_, DriftTrouble>((&passage.id, passage.rank(&hits)))
            })
        });
        let found: BTreeMap<&ChunkId, OpeningRank> =
            futures::stream::iter(searches).buffer_unordered(SEARCHES).try_collect().await?;
        all.extend(batch.iter().map(|passage| PassageObservation {
            rank: found.get(&passage.id).copied().unwrap_or(OpeningRank::NotAsked),
            ..passage.observed(encoder)
        }));
    }
    Ok(all)
}
