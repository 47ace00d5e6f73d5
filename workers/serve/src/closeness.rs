//! How close the parts of passages are to a question: what the provider `extractive` chooses by, besides words. Stage.

use model::{EncodeError, Encoder, Role};
use sink::{Reader, cosine};
use tokio::time::{Duration, timeout};
use tracing::warn;

use crate::llm::extractive::Closeness;
use crate::search::Search;
use crate::snapshot::Snapshot;

/// How long an answer waits for it; words decide alone after that.
const DEADLINE: Duration = Duration::from_secs(4);

impl<E: Encoder, R: Reader> Search<E, R> {
    /// The closeness of `texts`, as they are embedded, to a question's vector; none where it cannot be told in time. A text that
    /// the model does not take has none.
    pub(crate) async fn closeness(&self, question: &[f32], texts: Vec<String>) -> Option<Closeness> {
        let snapshot = self.snapshot().ok()?;
        if texts.is_empty() || question.len() != snapshot.encoder.dimension() {
            return None;
        }
        match timeout(DEADLINE, measure(&snapshot, question, texts)).await {
            Ok(Ok(closeness)) => closeness,
            Ok(Err(error)) => {
                let cause = process::chain(&error);
                warn!(cause, "sentences cannot be embedded: an answer is chosen by words alone");
                None
            }
            Err(_) => {
                warn!("sentences were not embedded within 4 s: an answer is chosen by words alone");
                None
            }
        }
    }
}

async fn measure<E: Encoder, R: Reader>(
    snapshot: &Snapshot<E, R>,
    question: &[f32],
    texts: Vec<String>,
) -> Result<Option<Closeness>, EncodeError> {
    let encoder = snapshot.encoder.as_ref();
    let vectors = encoder.embed_each(texts.clone(), Role::Passage).await?;
    let cosines: Vec<(String, f64)> = texts
        .into_iter()
        .zip(vectors)
        .filter_map(|(text, vector)| Some((text, cosine(question, &vector.ok()?))))
        .collect();
    if let Some(scale) = snapshot.judge.scale(encoder, &snapshot.reader).await {
        let placed =
            cosines.iter().map(|(text, cosine)| Some((text.clone(), scale.place(*cosine)?.max(0.0))));
        if let Some(of) = placed.collect() {
            return Ok(Some(Closeness { of, is_scaled: true }));
        }
        // The model cannot read these documents.
        return Ok(None);
    }
    let least = cosines.iter().map(|(_, cosine)| *cosine).fold(f64::INFINITY, f64::min);
    let most = cosines.iter().map(|(_, cosine)| *cosine).fold(f64::NEG_INFINITY, f64::max);
    let range = most - least;
    let of = cosines
        .into_iter()
        .map(|(text, cosine)| (text, if range > 0.0 { (cosine - least) / range } else { 0.0 }));
    Ok(Some(Closeness { of: of.collect(), is_scaled: false }))
}
