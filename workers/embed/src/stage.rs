//! The worker: embeds all passages of a batch in one call, and handles failures of the encoder.

use std::sync::Arc;
use std::time::Duration;

use message::{Chunk, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Headers, Passage, Vector};
use model::{EncodeError, EncodeRemedy, Encoder, Role};
use stream::{Committed, Lane, Outcome, Outgoing, Partition, Patience, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, Histogram, Label, count, count_of, observe};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::warn;

/// What all lanes share.
#[derive(Debug)]
pub struct EmbedStage<E> {
    shared: Arc<Shared<E>>,
}

#[derive(Debug)]
struct Shared<E> {
    encoder: E,
    space: Fingerprint,
    vectors: String,
    patience: Duration,
    /// Set once the process must end, with the reason.
    ended: watch::Sender<Option<String>>,
}

/// One partition.
#[derive(Debug)]
pub struct EmbedLane<E> {
    shared: Arc<Shared<E>>,
    patience: Patience,
    /// The offset of the passage that holds up the lane.
    stuck: Option<i64>,
}

impl<E: Encoder + 'static> EmbedStage<E> {
    /// A stage that embeds with `encoder` and writes to the topic `vectors` of `space`. A passage on which the
    /// encoder fails alone is retried for `patience`.
    #[must_use]
    pub fn new(encoder: E, space: Fingerprint, vectors: String, patience: Duration) -> Self {
        let ended = watch::Sender::new(None);
        Self { shared: Arc::new(Shared { encoder, space, vectors, patience, ended }) }
    }

    /// Receives the reason once the process must end.
    pub(crate) fn ended(&self) -> watch::Receiver<Option<String>> {
        self.shared.ended.subscribe()
    }
}

impl<E: Encoder + 'static> Stage for EmbedStage<E> {
    type Lane = EmbedLane<E>;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<EmbedLane<E>, Trouble> {
        let patience = Patience::new(self.shared.patience);
        Ok(EmbedLane { shared: Arc::clone(&self.shared), patience, stuck: None })
    }
}

impl<E: Encoder + 'static> Lane for EmbedLane<E> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let steps: Vec<Result<Step, String>> = batch.iter().map(step).collect();
        let passages = batch.iter().zip(&steps).filter_map(|(record, step)| match step {
            Ok(Step::Embed(chunk, _)) => Some((record.offset, chunk.as_ref())),
            Ok(Step::Pass(..) | Step::Delete(_)) | Err(_) => None,
        });
        let (vectors, retry) = self.embed(passages.collect()).await;
        Outcome { verdicts: self.shared.verdicts(batch, steps, vectors), retry }
    }
}

/// What to do with one record.
enum Step {
    Embed(Box<Chunk>, Headers),
    Pass(Box<DocumentRecord>, Headers),
    Delete(Headers),
}

fn step(record: &Record) -> Result<Step, String> {
    let headers = record.parse_headers()?;
    let Some(value) = record.value.as_deref() else { return Ok(Step::Delete(headers)) };
    match serde_json::from_slice(value).map_err(|error| format!("not a passage: {error}"))? {
        Passage::Chunk(chunk) => Ok(Step::Embed(Box::new(chunk), headers)),
        Passage::Document(record) => Ok(Step::Pass(Box::new(record), headers)),
    }
}

/// A passage's vector, or the cause of its refusal.
type Embedding = Result<Vec<f32>, String>;

impl<E: Encoder + 'static> EmbedLane<E> {
    /// Embeds the passages in order, up to the first that must be retried. When the runtime fails on a batch, its
    /// halves are tried, down to single passages.
    async fn embed(&mut self, mut passages: Vec<(i64, &Chunk)>) -> (Vec<Embedding>, Option<Trouble>) {
        // The passage that holds up the lane is tried alone; as long as it fails, embedding the others would be
        // wasted work.
        let alone = passages.first().is_some_and(|(offset, _)| self.stuck == Some(*offset));
        let rest = passages.split_off(if alone { 1 } else { passages.len() });
        let (mut parts, mut found) = (vec![rest, passages], Vec::new());
        while let Some(mut part) = parts.pop() {
            let Some(&(offset, _)) = part.first() else { continue };
            match self.shared.embed(&part).await {
                Ok(each) => found.extend(each),
                Err(error)
                    if part.len() > 1
                        && matches!(error.remedy(), EncodeRemedy::Split | EncodeRemedy::Refuse) =>
                {
                    let cause = process::chain(&error);
                    warn!(texts = part.len(), cause, "the runtime failed on a batch: trying its halves");
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error) => match self.give_up(offset, &error).await {
                    Ok(cause) => found.push(Err(cause)),
                    Err(trouble) => {
                        self.stuck = Some(offset);
                        return (found, Some(trouble));
                    }
                },
            }
        }
        (found, None)
    }

    /// The cause for refusing the passage at `offset`, or the trouble while waiting for it. If the encoder fails for
    /// everything once the patience is spent, it will not recover: the process ends.
    async fn give_up(&mut self, offset: i64, error: &EncodeError) -> Result<String, Trouble> {
        let cause = process::chain(error);
        let remedy = error.remedy();
        if remedy == EncodeRemedy::Refuse {
            return Ok(cause);
        }
        if remedy != EncodeRemedy::Stop && !self.patience.is_spent(offset) {
            return Err(Trouble::alarm(cause));
        }
        // A probe text of our own, because the passages behind this one may be at fault as well.
        let word = vec!["word".to_owned()];
        if remedy == EncodeRemedy::Split && self.shared.encoder.embed(word, Role::Passage).await.is_ok() {
            let waited = self.shared.patience;
            return Ok(format!("given up after {waited:?}, while other texts can be embedded: {cause}"));
        }
        self.shared.ended.send_replace(Some(cause.clone()));
        Err(Trouble::alarm(cause))
    }
}

impl<E: Encoder + 'static> Shared<E> {
    /// Calls the encoder once.
    async fn embed(&self, passages: &[(i64, &Chunk)]) -> Result<Vec<Embedding>, EncodeError> {
        let texts = passages.iter().map(|(_, chunk)| chunk.embedded_text()).collect();
        let begun = Instant::now();
        let each = self.encoder.embed_each(texts, Role::Passage).await.inspect_err(|error| {
            count_of(Counter::EncodeFailures, &[(Label::Remedy, error.remedy().name())], 1);
        })?;
        observe(Histogram::EmbedSeconds, begun.elapsed().as_secs_f64());
        let embedded = || passages.iter().zip(&each).filter(|(_, one)| one.is_ok());
        count(Counter::ChunksEmbedded, embedded().count() as u64);
        count(Counter::TokensEmbedded, embedded().map(|((_, chunk), _)| u64::from(chunk.tokens)).sum());
        Ok(each.into_iter().map(|one| one.map_err(|fault| process::chain(&fault))).collect())
    }

    /// The verdicts up to the first passage without an embedding.
    fn verdicts(
        &self,
        batch: &[Record],
        steps: Vec<Result<Step, String>>,
        embeddings: Vec<Embedding>,
    ) -> Vec<Verdict> {
        let mut embeddings = embeddings.into_iter();
        let mut verdicts = Vec::with_capacity(batch.len());
        for (record, step) in batch.iter().zip(steps) {
            let outgoing = match step {
                Ok(Step::Embed(chunk, headers)) => {
                    let Some(embedding) = embeddings.next() else { break };
                    embedding.and_then(|vector| self.outgoing_chunk(record, *chunk, headers, vector))
                }
                Ok(Step::Pass(passed, headers)) => {
                    let embedded = Embedded::Document(*passed);
                    Outgoing::json(&self.vectors, &record.key_text(), &embedded, headers)
                }
                Ok(Step::Delete(headers)) => {
                    Ok(Outgoing::tombstone(&self.vectors, &record.key_text(), headers))
                }
                Err(cause) => Err(cause),
            };
            verdicts.push(match outgoing {
                Ok(outgoing) => Verdict::Done(vec![outgoing]),
                Err(cause) => Verdict::refuse(cause),
            });
        }
        verdicts
    }

    fn outgoing_chunk(
        &self,
        record: &Record,
        chunk: Chunk,
        headers: Headers,
        vector: Vec<f32>,
    ) -> Result<Outgoing, String> {
        let space = self.space.clone();
        let embedded = Embedded::Chunk(EmbeddedChunk { chunk, space, vector: Vector(vector) });
        Outgoing::json(&self.vectors, &record.key_text(), &embedded, headers)
    }
}
