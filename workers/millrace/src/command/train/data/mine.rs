//! Asks the live index for negatives. Stage: awaits an encoder and an engine.
//!
//! The question and the positive are embedded by the model that is served: the positive as it is trained, since the passage in
//! the index still has the title that is asked for, and would seem nearer than it is.

use std::time::Duration;

use backoff::Backoff;
use futures::{StreamExt as _, TryStreamExt as _};
use model::{EncodeError, Encoder, Role};
use process::Failure;
use sink::{Hit, Reader, SinkError, Window, cosine};
use tokio::time::{Instant, sleep, timeout};
use training::{NegativeCandidate, NegativeGuard, SourcePassage, TrainingPair, TrainingPlan};

/// Pairs whose texts are embedded at once.
const EMBEDDED: usize = 256;
/// Searches under way at once: an engine that serves people has others to answer.
const SEARCHES: usize = 4;
/// How long an engine that is away or busy is asked again, for one question.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest that one question takes: the engine's own deadline is shorter.
const LONGEST: Duration = Duration::from_mins(5);

/// Who ranks passages for a question.
pub(super) struct Miner<'a, E, R> {
    /// The model that is served.
    pub(super) encoder: &'a E,
    /// The engine that is served.
    pub(super) engine: &'a R,
    /// Passages that it is asked for.
    pub(super) depth: usize,
}

impl<E: Encoder, R: Reader> Miner<'_, E, R> {
    /// Gives the pairs of a plan their negatives. `progress` hears how many pairs are done. A pair whose texts the model does
    /// not take has none.
    ///
    /// # Errors
    /// When the encoder fails, or the engine does not answer for too long.
    pub(super) async fn mine(
        &self,
        plan: &mut TrainingPlan,
        progress: impl Fn(usize),
    ) -> Result<(), Failure> {
        let TrainingPlan { pairs, guard, .. } = plan;
        let (guard, mut done): (&NegativeGuard, usize) = (guard, 0);
        for part in pairs.chunks_mut(EMBEDDED) {
            let queries = part.iter().map(|pair| pair.query.clone()).collect();
            let positives = part.iter().map(|pair| pair.positive.clone()).collect();
            let (asked, answers) =
                (self.vectors(queries, Role::Query).await?, self.vectors(positives, Role::Passage).await?);
            let searches = part.iter().zip(asked.iter().zip(&answers)).map(|(pair, (asked, answer))| {
                self.negatives(guard, pair, (asked.as_deref(), answer.as_deref()))
            });
            let searches = futures::stream::iter(searches).buffered(SEARCHES);
            let found: Vec<Vec<String>> = searches.try_collect().await?;
            for (pair, negatives) in part.iter_mut().zip(found) {
                pair.negatives = negatives;
            }
            done += part.len();
            progress(done);
        }
        Ok(())
    }

    /// The vector of each text; none for one that the model does not take.
    async fn vectors(&self, texts: Vec<String>, role: Role) -> Result<Vec<Option<Vec<f32>>>, EncodeError> {
        let each = self.encoder.embed_each(texts, role).await?;
        Ok(each.into_iter().map(Result::ok).collect())
    }

    async fn negatives(
        &self,
        guard: &NegativeGuard,
        pair: &TrainingPair,
        (asked, answer): (Option<&[f32]>, Option<&[f32]>),
    ) -> Result<Vec<String>, Failure> {
        let (Some(asked), Some(answer)) = (asked, answer) else { return Ok(Vec::new()) };
        let hits = timeout(LONGEST, self.nearest(asked)).await.map_err(|_| {
            format!("an engine did not answer within {LONGEST:?}: see that it runs, or leave negatives out with --negatives 0")
        })??;
        let found: Vec<NegativeCandidate> = hits.into_iter().map(candidate).collect();
        Ok(guard.choose(pair, cosine(asked, answer), &found))
    }

    /// The nearest passages, best first.
    async fn nearest(&self, vector: &[f32]) -> Result<Vec<Hit>, SinkError> {
        let (begun, mut delays) = (Instant::now(), Backoff::SERVER.start());
        loop {
            let retry_after = match self.engine.vector(vector, &Window::of(self.depth)).await {
                Err(SinkError::Unavailable { retry_after, .. }) if begun.elapsed() < PATIENCE => retry_after,
                other => return other,
            };
            sleep(delays.next_delay(retry_after)).await;
        }
    }
}

fn candidate(hit: Hit) -> NegativeCandidate {
    let Hit { id, document, heading_path, text, score, .. } = hit;
    // The score is (1 + cosine) / 2.
    let cosine = 2.0 * score - 1.0;
    NegativeCandidate { document, passage: SourcePassage { id, heading_path, text }, cosine }
}
