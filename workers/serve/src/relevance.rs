//! Whether what was found has to do with the question.
//!
//! A passage is relevant by its words, by its vector, or by both together:
//!
//! - *words*: the score of the best passage over the highest that any could have, the sum of the rarities of the question's
//!   terms: 1 when it holds them all, 0 when it holds none;
//! - *vector*: where the best cosine stands between two that are measured on passages of the index themselves: that of a
//!   passage's opening with other passages (0), and with its own (1). A cosine alone says nothing: of two passages that have
//!   nothing in common one model gives 0.0 and another 0.8.
//!
//! Where fewer than [`TRUSTED`] of the openings find their own passage, the model cannot read these documents, and words
//! decide alone. Constants were chosen on train splits (scifact, medquad, banking77; plain, with words lost, and in letters
//! that the model does not know), where the floor of 0.2 refused at most 1.1 % of the questions that have an answer. It tells
//! questions far from a collection, not those beside it: for them the model has to say that the passages do not answer.

use std::collections::HashMap;

use message::ChunkId;
use model::{Encoder, Role};
use sink::Reader;
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};
use tracing::warn;

/// The relevance that an answer needs, by default.
pub const FLOOR: f64 = 0.2;
/// Passages that are drawn.
const DRAWN: usize = 256;
/// With fewer, nothing is measured and nothing refused.
const FEWEST: usize = 32;
/// Words of an opening; two characters of a script without spaces count as one.
const OPENING: usize = 12;
/// Share of openings that find their own passage, at least, for cosines to count.
const TRUSTED: f64 = 0.6;
/// Words that decide alone count so many times: the floor was half as high for them.
const WORDS_ALONE: f64 = 2.0;
/// How long a measurement is good, and how long an index is taken for too small to be measured.
const FRESH: [Duration; 2] = [Duration::from_hours(1), Duration::from_mins(1)];

/// What cosines mean on an index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The mean cosine of an opening with other passages.
    others: f64,
    /// The mean cosine of an opening with its own passage.
    own: f64,
    /// The share of openings whose own passage is the nearest.
    finding: f64,
}

impl Scale {
    /// Measures `openings` (their vectors as questions) against the passages they are taken from; none when they are few.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 256")]
    pub fn of(passages: &[Vec<f32>], openings: &[Vec<f32>]) -> Option<Self> {
        let count = passages.len().min(openings.len());
        if count < FEWEST {
            return None;
        }
        let (mut own, mut others, mut finding) = (0.0, 0.0, 0.0);
        for (place, opening) in openings.iter().enumerate().take(count) {
            let cosines: Vec<f64> = passages[..count].iter().map(|one| cosine(opening, one)).collect();
            own += cosines[place];
            others += cosines.iter().sum::<f64>() - cosines[place];
            finding += f64::from(u8::from(cosines.iter().all(|cosine| *cosine <= cosines[place])));
        }
        let count = count as f64;
        Some(Self { others: others / (count * (count - 1.0)), own: own / count, finding: finding / count })
    }

    /// From 0, nothing in common, to 1 and above; `words` is the share of the question that the best passage holds, `cosine`
    /// that of the nearest passage, if vectors were asked for.
    #[must_use]
    pub fn relevance(&self, words: f64, cosine: Option<f64>) -> f64 {
        match cosine {
            Some(cosine) if self.finding >= TRUSTED && self.own > self.others => {
                words + ((cosine - self.others) / (self.own - self.others)).max(0.0)
            }
            _ => words * WORDS_ALONE,
        }
    }
}

/// The rarity of a term that `holding` of `all` passages hold, as BM25 counts it in both engines.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of passages, far below 2^52")]
pub fn rarity(all: u64, holding: u64) -> f64 {
    let (all, holding) = (all as f64, holding as f64);
    (1.0 + (all - holding + 0.5).max(0.0) / (holding + 0.5)).ln()
}

/// The first words of a passage.
fn opening(text: &str) -> &str {
    let (mut left, mut in_word) = (2 * OPENING, false);
    for (at, c) in text.char_indices() {
        let is_character = analysis::is_character(c.encode_utf8(&mut [0; 4]));
        let cost = match c {
            _ if is_character => 1,
            c if c.is_alphanumeric() && !in_word => 2,
            _ => 0,
        };
        if cost > left {
            return text[..at].trim_end();
        }
        left -= cost;
        in_word = !is_character && !c.is_whitespace() && (in_word || c.is_alphanumeric());
    }
    text
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let length = (dot(a, a) * dot(b, b)).sqrt();
    if length > 0.0 { dot(a, b) / length } else { 0.0 }
}

/// The scale of an index, measured now and then.
#[derive(Debug, Default)]
pub struct Scales {
    last: Mutex<Option<(Instant, Option<Scale>)>>,
}

impl Scales {
    /// The scale as it was measured last; none while there are too few passages or it cannot be measured. While one question
    /// measures, others wait for it.
    pub async fn of<E: Encoder, R: Reader>(&self, encoder: &E, reader: &R) -> Option<Scale> {
        let mut last = self.last.lock().await;
        if let Some((when, scale)) = &*last
            && when.elapsed() < FRESH[usize::from(scale.is_none())]
        {
            return *scale;
        }
        let scale = measure(encoder, reader).await.unwrap_or_else(|error| {
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
        .filter_map(|one| Some((opening(&one.text).to_owned(), vectors.remove(&one.id)?)))
        .filter(|(opening, _)| !opening.trim().is_empty())
        .unzip();
    let openings = encoder.embed(texts, Role::Query).await?;
    Ok(Scale::of(&passages, &openings))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 vectors of 40 numbers, each with a length of its own in one direction and `shared` in all.
    fn directions(shared: f32) -> Vec<Vec<f32>> {
        let one = |n: usize| (0..40).map(|at| if at == n { 2.0 } else { shared }).collect();
        (0..40).map(one).collect()
    }

    #[test]
    fn cosines_are_read_on_the_scale_of_the_index() {
        let scale = Scale::of(&directions(0.0), &directions(0.0)).unwrap();
        assert_eq!((scale.others, scale.own, scale.finding), (0.0, 1.0, 1.0));
        assert!((scale.relevance(0.1, Some(0.3)) - 0.4).abs() < 1e-9);
        assert!((scale.relevance(0.1, Some(-0.3)) - 0.1).abs() < 1e-9, "a vector never takes away");
        assert!((scale.relevance(0.1, None) - 0.2).abs() < 1e-9);
        // A model that gives any two passages a high cosine: the same cosine means less.
        let high = Scale::of(&directions(1.0), &directions(1.0)).unwrap();
        assert!(high.others > 0.9 && high.relevance(0.1, Some(high.others)) < 0.11);
        assert!((high.relevance(0.0, Some(high.own)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_model_that_finds_nothing_again_has_no_say() {
        let mut turned = directions(0.0);
        turned.rotate_left(1);
        let scale = Scale::of(&directions(0.0), &turned).unwrap();
        assert!(scale.finding < TRUSTED);
        assert!((scale.relevance(0.05, Some(0.9)) - 0.1).abs() < 1e-9);
        assert_eq!(Scale::of(&directions(0.0)[..31], &directions(0.0)), None);
    }

    #[test]
    fn an_opening_has_twelve_words_or_twice_as_many_characters() {
        let text = "One, two three four don't-break six 7 eight nine ten (eleven) twelve thirteen.";
        assert_eq!(opening(text), "One, two three four don't-break six 7 eight nine ten (eleven) twelve");
        assert_eq!(opening("short one"), "short one");
        assert_eq!(opening(&"水".repeat(30)).chars().count(), 24);
        assert_eq!(opening(""), "");
    }

    #[test]
    fn rare_terms_count_more() {
        assert!((rarity(9, 0) - 20.0_f64.ln()).abs() < 1e-12);
        assert!(rarity(9, 1) > rarity(9, 8) && rarity(1, 3) >= 0.0);
    }
}
