//! Judges results: measures what cosines mean on the index, and asks how rare a question's terms are. Stage.

use std::collections::HashMap;

use message::{ChunkId, embedded_text};
use model::{Encoder, Role};
use sink::{Clause, Hit, Reader, SinkError, Words};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant, timeout};
use tracing::warn;

use super::{FEWEST, Scale, TRUSTED, rarity, relevance, score};

/// Number of passages sampled to measure, at most.
const DRAWN: usize = 256;
/// How long a question waits for a measurement.
const MEASURING: Duration = Duration::from_secs(5);
/// A measurement that takes longer than this ends with as many passages as were embedded, if these are enough.
const UNHURRIED: Duration = Duration::from_millis(2_500);
/// So many passages are enough.
const ENOUGH: usize = 64;
/// Openings that are embedded at once.
const AT_ONCE: usize = 32;
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
    /// What the key that asks may see; empty for everything.
    pub allowed: &'a [Clause],
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
    /// The relevance of the best passages; none where it cannot be judged: among few passages, and across languages,
    /// where words differ and cosines are low for relevant and irrelevant passages alike. What the key may not see
    /// changes nothing but the scale, which is one for all.
    ///
    /// # Errors
    /// When the engine does not return the rarity of the question's terms.
    pub async fn relevance<E: Encoder, R: Reader>(
        &self,
        encoder: &E,
        reader: &R,
        evidence: &Evidence<'_>,
    ) -> Result<Option<f64>, SinkError> {
        if evidence.by_vector.is_some() && is_foreign(reader, evidence).await? {
            return Ok(None);
        }
        let vector = match evidence.by_vector {
            None => None,
            Some(nearest) => match self.scale(encoder, reader).await {
                Some(scale) => Some((2.0 * nearest.score - 1.0, scale)),
                None => return Ok(None),
            },
        };
        let terms = evidence.words.in_language(evidence.by_words.map_or(analysis::UNDETERMINED, language));
        let (all, holding) = reader.frequencies(&terms, evidence.allowed).await?;
        if all < FEWEST as u64 {
            return Ok(None);
        }
        let rarities: Vec<f64> = holding.into_iter().map(|holding| rarity(all, holding)).collect();
        let highest: f64 = rarities.iter().sum();
        let reached = match evidence.by_words {
            None => 0.0,
            Some(best) if evidence.allowed.is_empty() => best.score,
            // The engine's score is made of rarities among all passages.
            Some(best) => score(rarities.into_iter().zip(counts(best, &terms))),
        };
        Ok(Some(relevance(if highest > 0.0 { reached / highest } else { 0.0 }, vector)))
    }

    /// The last measured scale; none when there are too few passages or the measurement fails. While one question
    /// measures, others wait for it.
    pub(crate) async fn scale<E: Encoder, R: Reader>(&self, encoder: &E, reader: &R) -> Option<Scale> {
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

/// Whether the question is in a language in which there is no passage, or none that the key may see.
async fn is_foreign<R: Reader>(reader: &R, evidence: &Evidence<'_>) -> Result<bool, SinkError> {
    let Some(language) = analysis::language(evidence.question) else { return Ok(false) };
    if !evidence.languages.iter().any(|one| one == language) {
        return Ok(true);
    }
    if evidence.allowed.is_empty() {
        return Ok(false);
    }
    let mut among = evidence.allowed.to_vec();
    among.push(Clause::Language(vec![language.to_owned()]));
    let (count, _) = reader.frequencies(&[], &among).await?;
    Ok(count == 0)
}

fn language(hit: &Hit) -> &str {
    hit.about.language.as_deref().unwrap_or(analysis::UNDETERMINED)
}

/// How often a passage holds each term.
fn counts(hit: &Hit, terms: &[&str]) -> Vec<u32> {
    let mut held: HashMap<String, u32> = HashMap::new();
    for term in analysis::terms(&embedded_text(&hit.heading_path, &hit.text), language(hit)) {
        *held.entry(term.text).or_default() += 1;
    }
    terms.iter().map(|term| held.get(*term).copied().unwrap_or_default()).collect()
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
    let begun = Instant::now();
    let mut openings = Vec::new();
    // Somebody waits for an answer: on a slow machine a smaller sample has to do.
    for batch in texts.chunks(AT_ONCE) {
        if openings.len() >= ENOUGH && begun.elapsed() >= UNHURRIED {
            break;
        }
        openings.extend(encoder.embed(batch.to_vec(), Role::Query).await?);
    }
    Ok(Scale::of(&passages, &openings))
}
