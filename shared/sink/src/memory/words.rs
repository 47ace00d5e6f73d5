//! How well terms match: enough of BM25 that tests find the right passage.
//!
//! Pure. Terms are separated by spaces, as they are in the engines.

use std::collections::HashMap;

/// How well each text matches `query`; 0 where no word does.
#[expect(clippy::cast_precision_loss, reason = "counts of words, far below 2^52")]
pub(super) fn scores(query: &str, texts: &[&str]) -> Vec<f64> {
    let texts: Vec<HashMap<&str, usize>> = texts.iter().map(|text| counted(text)).collect();
    let mut scores = vec![0.0; texts.len()];
    for word in counted(query).into_keys() {
        let holding = texts.iter().filter(|text| text.contains_key(word)).count();
        let rarity = (1.0 + texts.len() as f64 / (holding as f64 + 0.5)).ln();
        for (score, text) in scores.iter_mut().zip(&texts) {
            let count = text.get(word).copied().unwrap_or_default() as f64;
            *score += rarity * count / (count + 1.2);
        }
    }
    scores
}

fn counted(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_count_more() {
        let texts = ["the cat", "the dog", "the bird"];
        let found = scores("the dog", &texts);
        assert!(found[1] > found[0] && found[0] > 0.0, "{found:?}");
    }
}
