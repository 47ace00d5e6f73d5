//! The vector of a question, however long it is. Stage.

use model::{EncodeError, Encoder, Role, TextFault};

/// Most parts of a question; one that is still too long then is refused.
const MOST_PARTS: usize = 64;
/// What ends a sentence.
const ENDS: [char; 8] = ['.', '?', '!', '\n', '。', '？', '！', '；'];

/// A question's vector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QuestionVector {
    /// Of length 1 if the question was cut, otherwise as the model gives it.
    pub(crate) vector: Vec<f32>,
    /// In how many parts the question was embedded.
    pub(crate) parts: usize,
}

/// The vector of a question. One that is longer than the model takes is cut in halves until the model takes each part; its
/// vector is the mean of theirs, weighted by length.
///
/// # Errors
/// What is wrong with the question, or with the model.
pub(crate) async fn question_vector<E: Encoder>(
    encoder: &E,
    question: &str,
) -> Result<QuestionVector, EncodeError> {
    let mut waiting = vec![question.to_owned()];
    let mut done: Vec<(usize, Vec<f32>)> = Vec::new();
    while !waiting.is_empty() {
        let vectors = encoder.embed_each(waiting.clone(), Role::Query).await?;
        let mut halved = Vec::new();
        for (text, vector) in std::mem::take(&mut waiting).into_iter().zip(vectors) {
            match vector {
                Ok(vector) => done.push((text.chars().count(), vector)),
                Err(fault @ TextFault::TooLong { .. }) => match halves(&text) {
                    Some(parts) if done.len() + halved.len() + 2 <= MOST_PARTS => halved.extend(parts),
                    _ => return Err(EncodeError::Text { position: 0, fault }),
                },
                Err(fault) => return Err(EncodeError::Text { position: 0, fault }),
            }
        }
        waiting = halved;
    }
    let parts = done.len();
    Ok(QuestionVector { vector: mean(done), parts })
}

/// The mean of vectors by their weights; the only one as it is.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "lengths of texts, and numbers below 1"
)]
fn mean(mut vectors: Vec<(usize, Vec<f32>)>) -> Vec<f32> {
    if vectors.len() <= 1 {
        return vectors.pop().map(|(_, vector)| vector).unwrap_or_default();
    }
    let mut sum = vec![0.0_f64; vectors.first().map_or(0, |(_, vector)| vector.len())];
    for (weight, vector) in &vectors {
        let scale = *weight as f64 / length(vector.iter().map(|number| f64::from(*number)));
        for (total, number) in sum.iter_mut().zip(vector) {
            *total += scale * f64::from(*number);
        }
    }
    let length = length(sum.iter().copied());
    sum.into_iter().map(|number| (number / length) as f32).collect()
}

/// The length of a vector, never 0.
fn length(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
}

/// A text in two, cut behind the sentence, or else the word, that ends nearest to its middle; none if it has one character.
fn halves(text: &str) -> Option<[String; 2]> {
    let middle = text.len() / 2;
    let near = |is_end: fn(char) -> bool| {
        let ends = text.char_indices().filter(|(_, one)| is_end(*one)).map(|(at, one)| at + one.len_utf8());
        let nearest = ends.min_by_key(|at| at.abs_diff(middle))?;
        (nearest.abs_diff(middle) < text.len() / 4).then_some(nearest)
    };
    let character = || text.char_indices().map(|(at, _)| at).find(|at| *at >= middle && *at > 0);
    let at = near(|one| ENDS.contains(&one)).or_else(|| near(char::is_whitespace)).or_else(character)?;
    let (one, other) = text.split_at_checked(at)?;
    let both = [one.trim(), other.trim()];
    both.iter().all(|part| !part.is_empty()).then(|| both.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use message::Fingerprint;
    use model::{Hashing, TextVectors};

    use super::*;

    /// A model that takes so many characters.
    struct Narrow(Hashing, usize);

    impl Encoder for Narrow {
        async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
            let long: Vec<usize> = texts.iter().map(|text| text.chars().count()).collect();
            let each = self.0.embed_each(texts, role).await?.into_iter().zip(long);
            let fault = |tokens| TextFault::TooLong { tokens, limit: self.1 };
            Ok(each.map(|(one, tokens)| if tokens > self.1 { Err(fault(tokens)) } else { one }).collect())
        }

        fn dimension(&self) -> usize {
            self.0.dimension()
        }

        fn model_fingerprint(&self) -> Fingerprint {
            self.0.model_fingerprint()
        }
    }

    fn narrow(limit: usize) -> Narrow {
        Narrow(Hashing::new(NonZeroUsize::new(64).unwrap()), limit)
    }

    #[test]
    fn a_text_is_cut_between_sentences_or_words() {
        for (text, first, second) in [
            ("One two. Three four.", "One two.", "Three four."),
            ("one two three four", "one two", "three four"),
            ("年假有几天？试用期有吗？", "年假有几天？", "试用期有吗？"),
            ("abcdef", "abc", "def"),
            ("ab", "a", "b"),
        ] {
            assert_eq!(halves(text), Some([first.to_owned(), second.to_owned()]), "{text}");
        }
        assert_eq!((halves("a"), halves("")), (None, None));
    }

    #[tokio::test]
    async fn a_question_that_fits_is_embedded_as_it_is_and_a_longer_one_in_parts() {
        let question = "How many days of leave are there? And who signs the form for them?";
        let whole = question_vector(&narrow(1_000), question).await.unwrap();
        let plain = narrow(1_000).embed(vec![question.to_owned()], Role::Query).await.unwrap();
        assert_eq!((&whole.vector, whole.parts), (&plain[0], 1));
        let cut = question_vector(&narrow(40), question).await.unwrap();
        assert_eq!((cut.vector.len(), cut.parts), (64, 2));
        let dot: f32 = cut.vector.iter().zip(&whole.vector).map(|(one, other)| one * other).sum();
        assert!(dot > 0.8, "{dot}");
        let length: f32 = cut.vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }

    #[tokio::test]
    async fn there_is_an_end_to_cutting() {
        let question = "word ".repeat(1_000);
        let error = question_vector(&narrow(10), &question).await.unwrap_err();
        assert!(matches!(error, EncodeError::Text { fault: TextFault::TooLong { .. }, .. }), "{error}");
    }
}
