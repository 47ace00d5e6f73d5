//! Whether what was found has to do with the question. Pure; [`judge`] asks for what it needs.
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

use sink::cosine;

pub mod judge;

/// The relevance that an answer needs, by default.
pub const FLOOR: f64 = 0.2;
/// With fewer passages, nothing is measured and nothing refused.
const FEWEST: usize = 32;
/// Words of an opening; two characters of a script without spaces count as one.
const OPENING: usize = 12;
/// Share of openings that find their own passage, at least, for cosines to count.
const TRUSTED: f64 = 0.6;
/// Words that decide alone count so many times: the floor was half as high for them.
const WORDS_ALONE: f64 = 2.0;
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

    /// Where a cosine stands, 0 for that of other passages and 1 for that of an opening's own; none where cosines mean
    /// nothing.
    fn place(&self, cosine: f64) -> Option<f64> {
        let range = self.own - self.others;
        (self.finding >= TRUSTED && range > 0.0).then(|| (cosine - self.others) / range)
    }
}

/// From 0, nothing in common, to 1 and above. `words` is the share of the question that the best passage holds; `vector` the
/// cosine of the nearest passage and the scale it is read on, where vectors were asked for.
#[must_use]
pub fn relevance(words: f64, vector: Option<(f64, Scale)>) -> f64 {
    match vector.and_then(|(cosine, scale)| scale.place(cosine)) {
        Some(place) => words + place.max(0.0),
        None => words * WORDS_ALONE,
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
        assert!((relevance(0.1, Some((0.3, scale))) - 0.4).abs() < 1e-9);
        assert!((relevance(0.1, Some((-0.3, scale))) - 0.1).abs() < 1e-9, "a vector never takes away");
        assert!((relevance(0.1, None) - 0.2).abs() < 1e-9);
        // A model that gives any two passages a high cosine: the same cosine means less.
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
