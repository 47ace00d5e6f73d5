//! Whether the passages found are relevant to the question. Pure; [`judge`] collects the evidence.
//!
//! A passage is relevant by its words, by its vector, or by both together:
//!
//! - *words*: the score of the best passage divided by the highest possible score, which is the sum of the rarities
//!   (idf) of the question's terms: 1 when it contains all of them, 0 when it contains none. Whose key may see some places
//!   only is judged by what is there: rarities are counted there, and the score is computed here ([`score`]), because the
//!   engine's is of all passages. A user's own filter changes neither: it makes no word rarer, and the rest of the
//!   collection is no secret;
//! - *vector*: where the best cosine lies between two cosines measured on the index itself: that of a passage's
//!   opening and other passages (0), and that of an opening and its own passage (1). A cosine alone says nothing: for
//!   two unrelated passages one model gives 0.0 and another 0.8.
//!
//! The scale is one for all keys, whatever they may see. Who asks several questions can work it out from their answers: it is two
//! means over 32 to 256 passages of the whole index, and whether it is measured at all says whether there are so many.
//!
//! Where fewer than [`TRUSTED`] of the openings find their own passage, the model cannot read these documents, and
//! words decide alone. The constants were chosen on train splits (scifact, medquad, banking77; plain, with words
//! missing, and in letters unknown to the model), where the floor of 0.2 refused at most 1.1 % of the questions that
//! have an answer. It recognises questions far from the collection, not those close to it: for these the model must
//! say that the passages do not answer.

use sink::cosine;

pub mod judge;

/// The default minimum relevance for an answer.
pub const FLOOR: f64 = 0.2;
/// With fewer passages than this, nothing is measured and nothing refused.
const FEWEST: usize = 32;
/// Minimum share of openings that must find their own passage for cosines to count.
const TRUSTED: f64 = 0.6;
/// Factor for words that decide alone: on their own, the best floor was half as high.
const WORDS_ALONE: f64 = 2.0;
/// BM25's k1 in both engines: how quickly further occurrences of a term stop counting.
const SATURATION: f64 = 1.2;
/// What cosines mean for one index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The mean cosine of openings and other passages.
    others: f64,
    /// The mean cosine of openings and their own passages.
    own: f64,
    /// The share of openings whose nearest passage is their own.
    finding: f64,
}

impl Scale {
    /// Measures the scale from `openings` (embedded as questions) and the passages they come from; none when there
    /// are too few.
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

    /// The position of a cosine between that of other passages (0) and that of an opening's own passage (1); none
    /// where cosines mean nothing.
    pub(crate) fn place(&self, cosine: f64) -> Option<f64> {
        let range = self.own - self.others;
        (self.finding >= TRUSTED && range > 0.0).then(|| (cosine - self.others) / range)
    }
}

/// From 0, nothing in common, to 1 and above. `words` is the share of the question that the best passage contains;
/// `vector` is the cosine of the nearest passage and the scale to read it on, if vectors were used.
#[must_use]
pub fn relevance(words: f64, vector: Option<(f64, Scale)>) -> f64 {
    match vector.and_then(|(cosine, scale)| scale.place(cosine)) {
        Some(place) => words + place.max(0.0),
        None => words * WORDS_ALONE,
    }
}

/// The rarity (idf) of a term that `holding` of `all` passages contain, as BM25 in both engines computes it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of passages, far below 2^52")]
pub fn rarity(all: u64, holding: u64) -> f64 {
    let (all, holding) = (all as f64, holding as f64);
    (1.0 + (all - holding + 0.5).max(0.0) / (holding + 0.5)).ln()
}

/// The score (BM25) of a passage of average length, from the rarity of each of the question's terms and how often the passage
/// holds it. The average length is that of all passages, so how long this one is does not count.
#[must_use]
pub fn score(terms: impl IntoIterator<Item = (f64, u32)>) -> f64 {
    let one = |(rarity, count): (f64, u32)| rarity * f64::from(count) / (f64::from(count) + SATURATION);
    terms.into_iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 vectors with 40 numbers; each has one direction of its own, and all have `shared` in common.
    fn directions(shared: f32) -> Vec<Vec<f32>> {
        let one = |n: usize| (0..40).map(|at| if at == n { 2.0 } else { shared }).collect();
        (0..40).map(one).collect()
    }

    #[test]
    fn cosines_are_read_on_the_scale_of_the_index() {
        let scale = Scale::of(&directions(0.0), &directions(0.0)).unwrap();
        assert_eq!((scale.others, scale.own, scale.finding), (0.0, 1.0, 1.0));
        assert!((relevance(0.1, Some((0.3, scale))) - 0.4).abs() < 1e-9);
        assert!((relevance(0.1, Some((-0.3, scale))) - 0.1).abs() < 1e-9, "a vector never takes away");
        assert!((relevance(0.1, None) - 0.2).abs() < 1e-9);
        // For a model that gives any two passages a high cosine, the same cosine means less.
        let high = Scale::of(&directions(1.0), &directions(1.0)).unwrap();
        assert!(high.others > 0.9 && relevance(0.1, Some((high.others, high))) < 0.11);
        assert!((relevance(0.0, Some((high.own, high))) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_model_that_finds_nothing_again_has_no_say() {
        let mut turned = directions(0.0);
        turned.rotate_left(1);
        let scale = Scale::of(&directions(0.0), &turned).unwrap();
        assert!(scale.finding < TRUSTED);
        assert!((relevance(0.05, Some((0.9, scale))) - 0.1).abs() < 1e-9);
        assert_eq!(Scale::of(&directions(0.0)[..31], &directions(0.0)), None);
    }

    #[test]
    fn a_passage_scores_by_the_terms_that_it_holds() {
        assert!((score([(2.0, 1), (3.0, 0)]) - 2.0 / 2.2).abs() < 1e-12);
        assert!(score([(2.0, 9)]) < 2.0 && score([(2.0, 9)]) > score([(2.0, 2)]));
        assert!(score([]).abs() < 1e-12);
    }

    #[test]
    fn rare_terms_count_more() {
        assert!((rarity(9, 0) - 20.0_f64.ln()).abs() < 1e-12);
        assert!(rarity(9, 1) > rarity(9, 8) && rarity(1, 3) >= 0.0);
    }
}
