//! The worker: one call of the encoder for all passages of a batch.

use std::sync::Arc;

use message::{Chunk, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Headers, Passage, Vector};
use model::{Encoder, Role};
use stream::{Committed, Lane, Outcome, Outgoing, Partition, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, Histogram, count, observe};
use tokio::time::Instant;

/// What every lane shares.
#[derive(Debug)]
pub struct EmbedStage<E> {
    shared: Arc<Shared<E>>,
}

#[derive(Debug)]
struct Shared<E> {
    encoder: E,
    space: Fingerprint,
    vectors: String,
}

/// One partition; it has no state.
#[derive(Debug)]
pub struct EmbedLane<E>(EmbedStage<E>);

impl<E: Encoder + 'static> EmbedStage<E> {
    /// A stage that embeds with `encoder` and writes to the topic `vectors` of `space`.
    #[must_use]
    pub fn new(encoder: E, space: Fingerprint, vectors: String) -> Self {
        Self { shared: Arc::new(Shared { encoder, space, vectors }) }
    }
}

impl<E: Encoder + 'static> Stage for EmbedStage<E> {
    type Lane = EmbedLane<E>;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<EmbedLane<E>, Trouble> {
        Ok(EmbedLane(Self { shared: Arc::clone(&self.shared) }))
    }
}

impl<E: Encoder + 'static> Lane for EmbedLane<E> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let mut steps: Vec<Result<Step, String>> = batch.iter().map(step).collect();
        match self.0.embed_all(&mut steps).await {
            Ok(vectors) => Outcome { verdicts: self.0.verdicts(batch, steps, vectors), retry: None },
            Err(trouble) => Outcome { verdicts: Vec::new(), retry: Some(trouble) },
        }
    }
}

/// What is to be done with one record.
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

impl<E: Encoder + 'static> EmbedStage<E> {
    /// The vectors of all passages, in order. A passage that is at fault becomes a refusal, and the others go on
    /// without it.
    async fn embed_all(&self, steps: &mut [Result<Step, String>]) -> Result<Vec<Vec<f32>>, Trouble> {
        loop {
            let passages: Vec<(usize, &Chunk)> = steps
                .iter()
                .enumerate()
                .filter_map(|(place, step)| match step {
                    Ok(Step::Embed(chunk, _)) => Some((place, chunk.as_ref())),
                    Ok(Step::Pass(..) | Step::Delete(_)) | Err(_) => None,
                })
                .collect();
            if passages.is_empty() {
                return Ok(Vec::new());
            }
            let texts = passages.iter().map(|(_, chunk)| chunk.embedded_text()).collect();
            let tokens: u64 = passages.iter().map(|(_, chunk)| u64::from(chunk.tokens)).sum();
            let begun = Instant::now();
            match self.shared.encoder.embed(texts, Role::Passage).await {
                Ok(vectors) => {
                    observe(Histogram::EmbedSeconds, begun.elapsed().as_secs_f64());
                    count(Counter::ChunksEmbedded, vectors.len() as u64);
                    count(Counter::TokensEmbedded, tokens);
                    return Ok(vectors);
                }
                Err(error) => {
                    let place =
                        error.position().and_then(|position| passages.get(position)).map(|(place, _)| *place);
                    let cause = process::chain(&error);
                    match place.and_then(|place| steps.get_mut(place)) {
                        Some(step) => *step = Err(cause),
                        None => return Err(Trouble::alarm(cause)),
                    }
                }
            }
        }
    }

    fn verdicts(
        &self,
        batch: &[Record],
        steps: Vec<Result<Step, String>>,
        vectors: Vec<Vec<f32>>,
    ) -> Vec<Verdict> {
        let mut vectors = vectors.into_iter();
        let answer = |(record, step): (&Record, Result<Step, String>)| {
            let outgoing = step.and_then(|step| self.outgoing(&record.key_text(), step, &mut vectors));
            match outgoing {
                Ok(outgoing) => Verdict::Done(vec![outgoing]),
                Err(cause) => Verdict::refuse(cause),
            }
        };
        batch.iter().zip(steps).map(answer).collect()
    }

    fn outgoing(
        &self,
        key: &str,
        step: Step,
        vectors: &mut impl Iterator<Item = Vec<f32>>,
    ) -> Result<Outgoing, String> {
        let topic = &self.shared.vectors;
        match step {
            Step::Embed(chunk, headers) => {
                let vector = vectors.next().ok_or("the encoder gave no vector for this passage")?;
                let space = self.shared.space.clone();
                let embedded =
                    Embedded::Chunk(EmbeddedChunk { chunk: *chunk, space, vector: Vector(vector) });
                Outgoing::json(topic, key, &embedded, headers)
            }
            Step::Pass(record, headers) => Outgoing::json(topic, key, &Embedded::Document(*record), headers),
            Step::Delete(headers) => Ok(Outgoing::tombstone(topic, key, headers)),
        }
    }
}
