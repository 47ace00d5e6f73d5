#![expect(clippy::disallowed_methods, reason = "edge: one task writes the sample to Kafka")]
//! A sample of the questions, written to the topic `queries` without delaying answers.

use std::sync::atomic::{AtomicU64, Ordering};

use message::{Query, QueryHit, Vector};
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::warn;

use crate::found::Answer;
use crate::question::{Mode, Question};

/// Maximum number of questions waiting to be written, of at most some 50 KB each; beyond it, questions are not
/// sampled.
const WAITING: usize = 200;
/// Number of passages kept for each question.
const HITS: usize = 10;

/// Samples questions.
#[derive(Debug)]
pub struct Sample {
    sender: Option<Sender<Query>>,
    share: f64,
    asked: AtomicU64,
}

impl Sample {
    /// Keeps no questions.
    #[must_use]
    pub fn none() -> Self {
        Self { sender: None, share: 0.0, asked: AtomicU64::new(0) }
    }

    /// Writes the given share of the questions, 0 to 1, to `broker`'s topic `queries`, until this is dropped.
    pub fn start<K: Broker>(broker: K, share: f64) -> Self {
        if share.is_nan() || share <= 0.0 {
            return Self::none();
        }
        let (sender, receiver) = channel(WAITING);
        tokio::spawn(write(broker, receiver));
        Self { sender: Some(sender), share, asked: AtomicU64::new(0) }
    }

    /// Samples a question with its result, if its turn has come: every (1 / share)-th, so that a sample of a tenth is
    /// exactly that.
    pub fn take(&self, question: &Question, answer: &Answer, vector: Option<Vec<f32>>) {
        let Some(sender) = &self.sender else { return };
        #[expect(clippy::cast_precision_loss, reason = "questions of one process")]
        let count = self.asked.fetch_add(1, Ordering::Relaxed) as f64;
        if ((count + 1.0) * self.share).floor() <= (count * self.share).floor() {
            return;
        }
        let hit = |found: &crate::found::FoundPassage| QueryHit {
            id: found.id.clone(),
            score: found.score,
            vector_score: match answer.mode {
                Mode::Vector => Some(found.score),
                Mode::Hybrid => found.vector_score,
                Mode::Keyword => None,
            },
        };
        let query = Query {
            question: question.text.clone(),
            mode: match answer.mode {
                Mode::Keyword => "keyword",
                Mode::Vector => "vector",
                Mode::Hybrid => "hybrid",
            }
            .to_owned(),
            space: answer.space.clone(),
            vector: vector.map(Vector),
            hits: answer.hits.iter().take(HITS).map(hit).collect(),
        };
        // Full, because Kafka is down or slow. Answers must not wait.
        let _is_taken = sender.try_send(query).is_ok();
    }
}

/// Writes until all senders are gone. What cannot be written is lost, and logged once for each run of failures.
async fn write<K: Broker>(broker: K, mut receiver: Receiver<Query>) {
    let mut publisher = None;
    let mut is_failing = false;
    while let Some(query) = receiver.recv().await {
        let record = Outgoing {
            topic: topics::QUERIES.to_owned(),
            key: None,
            value: serde_json::to_vec(&query).ok(),
            headers: None,
        };
        let written = match publisher.take() {
            Some(publisher) => Ok(publisher),
            None => broker.after_write(),
        };
        let written = match written {
            Ok(mut fresh) => fresh.write(vec![record]).await.map(|_| fresh),
            Err(error) => Err(error),
        };
        match written {
            Ok(fresh) => {
                publisher = Some(fresh);
                is_failing = false;
            }
            Err(error) if !is_failing => {
                warn!(%error, "sampled questions are lost until Kafka can be reached");
                is_failing = true;
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use message::Fingerprint;
    use stream::memory::Memory;

    use super::*;
    use crate::found::Timing;

    #[tokio::test]
    async fn a_share_of_the_questions_is_written() {
        let broker = Memory::default();
        broker.create(topics::QUERIES, 1);
        let sample = Sample::start(broker.clone(), 0.25);
        let space = Fingerprint::of(&[]);
        let answer = Answer {
            mode: Mode::Vector,
            fusion: None,
            reranked: None,
            space,
            generation: "0123456789ab".to_owned(),
            relevance: None,
            timing: Timing::default(),
            hits: Vec::new(),
        };
        for n in 0..40 {
            let question = Question::plain(&format!("question {n}"), Mode::Vector, 10);
            sample.take(&question, &answer, Some(vec![1.0]));
        }
        drop(sample);
        let mut records = Vec::new();
        for _ in 0..100 {
            records = broker.records(topics::QUERIES);
            if records.len() == 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let queries: Vec<Query> = records
            .iter()
            .map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap())
            .collect();
        assert_eq!((queries.len(), queries[0].question.as_str()), (10, "question 3"));
        assert_eq!(queries[0].vector, Some(Vector(vec![1.0])));
    }
}
