//! Judges results: measures what cosines mean on the index, and asks how rare a question's terms are. Stage.

use std::collections::HashMap;

use message::ChunkId;
use model::{Encoder, Role};
use sink::{Hit, Reader, SinkError, Words};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant, timeout};
use tracing::warn;

use super::{FEWEST, Scale, TRUSTED, rarity, relevance};

/// Number of passages sampled to measure.
const DRAWN: usize = 256;
/// How long a question waits for a measurement.
const MEASURING: Duration = Duration::from_secs(5);
/// How long a measurement stays valid.
const FRESH: Duration = Duration::from_hours(1);
/// Pause after a failed measurement.
const PAUSE: Duration = Duration::from_mins(1);

/// The evidence for a judgement.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The question.
    pub question: &'a str,
    /// Its terms.
    pub words: &'a Words,
    /// The languages of the index.
    pub languages: &'a [String],
    /// The best passage of the keyword search.
    pub by_words: Option<&'a Hit>,
    /// The best passage of the vector search, if there was one.
    pub by_vector: Option<&'a Hit>,
}

/// Judges the results of one index.
#[derive(Debug, Default)]
pub struct Judge {
    last: Mutex<Option<(Instant, Option<Scale>)>>,
}

impl Judge {
    /// The relevance of the best passages; none where it cannot be judged: in a small index, and across languages,
    /// where words differ and cosines are low for relevant and irrelevant passages alike.
    ///
    /// # Errors
    /// When the engine does not return the rarity of the question's terms.
    pub async fn relevance<E: Encoder, R: Reader>(
        &self,
        encoder: &E,
        reader: &R,
        evidence: &Evidence<'_>,
    ) -> Result<Option<f64>, SinkError> {
        let is_foreign = |language: &str| !evidence.languages.iter().any(|one| one == language);
        if evidence.by_vector.is_some() && analysis::language(evidence.question).is_some_and(is_foreign) {
            return Ok(None);
        }
        let vector = match evidence.by_vector {
            None => None,
            Some(nearest) => match self.scale(encoder, reader).await {
                Some(scale) => Some((2.0 * nearest.score - 1.0, scale)),
                None => return Ok(None),
            },
        };
        let language = evidence.by_words.and_then(|best| best.about.language.as_deref());
        let terms = evidence.words.in_language(language.unwrap_or(analysis::UNDETERMINED));
        let (all, holding) = reader.frequencies(&terms).await?;
        if all < FEWEST as u64 {
            return Ok(None);
        }
        let highest: f64 = holding.into_iter().map(|holding| rarity(all, holding)).sum();
        let score = evidence.by_words.map_or(0.0, |best| best.score);
        Ok(Some(relevance(if highest > 0.0 { score / highest } else { 0.0 }, vector)))
    }

    /// The last measured scale; none when there are too few passages or the measurement fails. While one question
    /// measures, others wait for it.
    async fn scale<E: Encoder, R: Reader>(&self, encoder: &E, reader: &R) -> Option<Scale> {
        let mut last = self.last.lock().await;
        if let Some((when, scale)) = &*last
            && when.elapsed() < if scale.is_some() { FRESH } else { PAUSE }
        {
            return *scale;
        }
        let measured = timeout(MEASURING, measure(encoder, reader)).await;
        let scale = measured.unwrap_or_else(|late| Err(late.into())).unwrap_or_else(|error| {
            let cause = process::chain(&*error);
            warn!(
                cause,
                "what cosines mean on this index cannot be measured: no answer is refused as irrelevant"
            );
            None
        });
        if let Some(Scale { finding, .. }) = scale
            && finding < TRUSTED
        {
            warn!(
                finding,
                "the model hardly tells the passages of this index apart: does it know their language?"
            );
        }
        *last = Some((Instant::now(), scale));
        scale
    }
}

async fn measure<E: Encoder, R: Reader>(encoder: &E, reader: &R) -> Result<Option<Scale>, process::Failure> {
    let drawn = reader.drawn(DRAWN).await?;
    if drawn.len() < FEWEST {
        return Ok(None);
    }
    let ids: Vec<ChunkId> = drawn.iter().map(|one| one.id.clone()).collect();
    let stored = reader.vectors(&ids).await?.into_iter();
    let mut vectors: HashMap<ChunkId, Vec<f32>> = stored.map(|one| (one.id, one.vector)).collect();
    let (texts, passages): (Vec<String>, Vec<Vec<f32>>) = drawn
        .iter()
        .filter_map(|one| Some((analysis::opening(&one.text).to_owned(), vectors.remove(&one.id)?)))
        .filter(|(opening, _)| !opening.trim().is_empty())
        .unzip();
    let openings = encoder.embed(texts, Role::Query).await?;
    Ok(Scale::of(&passages, &openings))
}
