//! Words and how well they match: enough of BM25 that tests find the right passage.
//!
//! Pure. Words are cut as the engines' standard analyzer does: runs of letters and digits in lower case, and each
//! Chinese character alone.

use std::collections::HashMap;

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let alone =
            matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}');
        if (alone || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// How well each text matches `query`; 0 where no word does.
#[expect(clippy::cast_precision_loss, reason = "counts of words, far below 2^52")]
pub(super) fn scores(query: &str, texts: &[String]) -> Vec<f64> {
    let texts: Vec<HashMap<String, usize>> = texts.iter().map(|text| counted(text)).collect();
    let mut scores = vec![0.0; texts.len()];
    for word in counted(query).into_keys() {
        let holding = texts.iter().filter(|text| text.contains_key(&word)).count();
        let rarity = (1.0 + texts.len() as f64 / (holding as f64 + 0.5)).ln();
        for (score, text) in scores.iter_mut().zip(&texts) {
            let count = text.get(&word).copied().unwrap_or_default() as f64;
            *score += rarity * count / (count + 1.2);
        }
    }
    scores
}

fn counted(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in words(text) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_the_engines_do() {
        assert_eq!(words("Hello, wörld42! 你好a"), ["hello", "wörld42", "你", "好", "a"]);
    }

    #[test]
    fn rare_words_count_more() {
        let texts = ["the cat".to_owned(), "the dog".to_owned(), "the bird".to_owned()];
        let found = scores("the dog", &texts);
        assert!(found[1] > found[0] && found[0] > 0.0, "{found:?}");
    }
}
