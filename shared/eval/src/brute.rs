//! Brute force: every question against every document, texts cut at the model's limit as scorers do. Pure but for the
//! encoder that it awaits.

use model::{EncodeError, Encoder, Role, Tokenizer};

use crate::beir::CorpusDocument;

/// Texts embedded at once.
const AT_ONCE: usize = 2048;
/// Documents kept of a ranking.
const DEPTH: usize = 100;

/// A text cut to `limit` tokens, special tokens and prefix included. This is what published scores are measured with;
/// the system itself never cuts.
#[must_use]
pub fn cut<'a>(tokenizer: &Tokenizer, role: Role, limit: usize, text: &'a str) -> &'a str {
    let count = |text: &str| tokenizer.encode(text, role).map_or(0, |tokens| tokens.ids.len());
    let over = count(text).saturating_sub(limit);
    if over == 0 {
        return text;
    }
    let offsets = tokenizer.offsets(text);
    // A cut can change the last tokens, so it is counted again.
    let mut keep = offsets.len().saturating_sub(over);
    loop {
        let end = keep.checked_sub(1).and_then(|last| offsets.get(last)).map_or(0, |token| token.end);
        let shorter = text.get(..end).unwrap_or_default();
        if keep == 0 || count(shorter) <= limit {
            return shorter;
        }
        keep -= 1;
    }
}

/// The text of a document as BEIR's scorers join it.
#[must_use]
pub fn joined(document: &CorpusDocument) -> String {
    format!("{} {}", document.title, document.text).trim().to_owned()
}

/// Embeds `texts` in their order, cut at the limit. `progress` hears how many are done.
///
/// # Errors
/// When the encoder fails.
pub async fn embed<E: Encoder>(
    encoder: &E,
    tokenizer: &Tokenizer,
    (texts, role): (&[String], Role),
    limit: usize,
    progress: impl Fn(usize),
) -> Result<Vec<Vec<f32>>, EncodeError> {
    let mut vectors = Vec::with_capacity(texts.len());
    for part in texts.chunks(AT_ONCE) {
        let cut = part.iter().map(|text| cut(tokenizer, role, limit, text).to_owned()).collect();
        vectors.extend(encoder.embed(cut, role).await?);
        progress(vectors.len());
    }
    Ok(vectors)
}

/// The best documents for a question by the dot product, best first.
#[must_use]
pub fn rank(question: &[f32], documents: &[(String, Vec<f32>)]) -> Vec<String> {
    nearest(question, documents).into_iter().map(|(_, id)| id.to_owned()).collect()
}

/// The same with their products, which are cosines when all vectors have the length 1 ([`unit`]).
#[must_use]
pub fn nearest<'a>(question: &[f32], documents: &'a [(String, Vec<f32>)]) -> Vec<(f32, &'a str)> {
    let dot = |vector: &[f32]| -> f32 { question.iter().zip(vector).map(|(a, b)| a * b).sum() };
    let mut scored: Vec<(f32, &str)> =
        documents.iter().map(|(id, vector)| (dot(vector), id.as_str())).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.truncate(DEPTH);
    scored
}

/// The vector with the length 1, as the engines compare it; one of zeros stays as it is.
#[must_use]
pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut *vector {
            *number /= length;
        }
    }
    vector
}
