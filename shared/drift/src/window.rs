//! What is new in the topics since the last look, as fair samples. Stage.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::TryStreamExt as _;
use message::{
    AnswerFeedback, AnswerJudgement, ChunkId, Embedded, EmbeddedChunk, Fingerprint, QueryRecord,
    standing_feedback,
};
use stream::{Broker, Record};

use crate::limits::DriftLimits;
use crate::observation::QuestionObservation;
use crate::reservoir::{Reservoir, Weighed};
use crate::trouble::DriftTrouble;

/// Offsets of a topic, by partition: where the next window begins.
pub type Places = Vec<i64>;

/// The part of a partition that one look reads.
struct Stretch {
    partition: i32,
    from: i64,
    end: i64,
}

/// Where each partition ends now.
///
/// # Errors
/// When the broker does not answer, or the topic does not exist.
pub(crate) async fn ends<B: Broker>(broker: &B, topic: &str) -> Result<Places, DriftTrouble> {
    let mut ends = Vec::new();
    for partition in 0..broker.partitions(topic).await? {
        ends.push(broker.range(topic, partition).await?.end);
    }
    Ok(ends)
}

/// What is to be read: from `places` on, and of each partition no more than its part of the most records that are read.
async fn stretches<B: Broker>(
    broker: &B,
    topic: &str,
    places: &[i64],
    most: usize,
) -> Result<Vec<Stretch>, DriftTrouble> {
    let partitions = broker.partitions(topic).await?;
    let most = i64::try_from(most).unwrap_or(i64::MAX) / i64::from(partitions.max(1));
    let mut all = Vec::new();
    for partition in 0..partitions {
        let range = broker.range(topic, partition).await?;
        let place = usize::try_from(partition).ok().and_then(|at| places.get(at)).copied();
        // A topic that was made anew ends before the place.
        let place = place.filter(|place| *place <= range.end).unwrap_or(range.start);
        let from = place.max(range.start).max(range.end.saturating_sub(most.max(1)));
        all.push(Stretch { partition, from, end: range.end });
    }
    Ok(all)
}

/// Gives each record of a stretch to `take`.
async fn read<B: Broker>(
    broker: &B,
    topic: &str,
    stretch: &Stretch,
    mut take: impl FnMut(&Record) -> Result<(), DriftTrouble> + Send,
) -> Result<(), DriftTrouble> {
    if stretch.from >= stretch.end {
        return Ok(());
    }
    let mut records = broker.reading(topic, stretch.partition, stretch.from);
    while let Some(record) = records.try_next().await? {
        if record.offset >= stretch.end {
            break;
        }
        take(&record)?;
    }
    Ok(())
}

impl Weighed for EmbeddedChunk {
    fn bytes(&self) -> usize {
        let headings: usize = self.chunk.heading_path.iter().map(String::len).sum();
        size_of::<Self>() + self.vector.0.len() * size_of::<f32>() + self.chunk.text.len() + headings
    }
}

/// A sample of the passages that were written since `places`, each once, and where the next window begins.
///
/// # Errors
/// When the broker does not answer, or a record is none.
pub(crate) async fn new_passages<B: Broker>(
    broker: &B,
    topic: &str,
    places: &[i64],
    limits: &DriftLimits,
) -> Result<(Vec<EmbeddedChunk>, Places), DriftTrouble> {
    let mut sample = Reservoir::new(limits.of_passages(), limits.seed);
    let mut next = Vec::new();
    for stretch in stretches(broker, topic, places, limits.records).await? {
        next.push(stretch.end);
        read(broker, topic, &stretch, |record| {
            // A tombstone: whether a passage is still there is asked at the engine.
            let Some(value) = record.value.as_deref() else { return Ok(()) };
            let embedded: Embedded = serde_json::from_slice(value).map_err(|error| DriftTrouble::Record {
                topic: topic.to_owned(),
                partition: record.partition,
                offset: record.offset,
                cause: error.to_string(),
            })?;
            match embedded {
                Embedded::Chunk(chunk) => sample.offer(chunk),
                Embedded::Document(_) => {}
            }
            Ok(())
        })
        .await?;
    }
    // Before compaction a passage may stand there more than once.
    let mut once: BTreeMap<ChunkId, EmbeddedChunk> = BTreeMap::new();
    for chunk in sample.into_items() {
        once.insert(chunk.chunk.id.clone(), chunk);
    }
    Ok((once.into_values().collect(), next))
}

/// A question and its answer's id, by which judgements name it.
#[derive(Clone, Debug)]
struct Asked {
    answer: Option<String>,
    observation: QuestionObservation,
}

impl Weighed for Asked {
    fn bytes(&self) -> usize {
        self.answer.as_ref().map_or(0, String::len) + self.observation.bytes()
    }
}

/// A sample of the questions that were asked of `space` since `places`, with what was thought of their answers, and where the next
/// window begins. A judgement whose question is not in the sample stands alone; one of an answer that no question of this space and
/// time has is left out: it may be of another model, or of no answer at all. What another release wrote and this one cannot read is
/// left out too.
///
/// # Errors
/// When the broker does not answer.
pub(crate) async fn new_questions<B: Broker>(
    broker: &B,
    space: &Fingerprint,
    places: &[i64],
    limits: &DriftLimits,
) -> Result<(Vec<QuestionObservation>, Places), DriftTrouble> {
    let mut sample = Reservoir::new(limits.of_questions(), limits.seed);
    let (mut said, mut next) = (Vec::new(), Vec::new());
    // Of at most as many questions as one look reads. A judgement may stand before its question, in another partition.
    let mut known = BTreeSet::new();
    for stretch in stretches(broker, topics::QUERIES, places, limits.records).await? {
        next.push(stretch.end);
        read(broker, topics::QUERIES, &stretch, |record| {
            match serde_json::from_slice(record.value.as_deref().unwrap_or_default()) {
                Ok(QueryRecord::Query(query)) if query.space == *space => {
                    known.extend(query.id.clone());
                    // What is here only because it was judged would take places in a fair sample; its judgement stands alone.
                    if !query.only_judged {
                        let observation = QuestionObservation::of(&query, Vec::new());
                        sample.offer(Asked { answer: query.id, observation });
                    }
                }
                Ok(QueryRecord::Feedback(feedback)) if said.len() < limits.judgements => said.push(feedback),
                Ok(_) | Err(_) => {}
            }
            Ok(())
        })
        .await?;
    }
    said.retain(|feedback: &AnswerFeedback| known.contains(&feedback.answer));
    Ok((judged(sample.into_items(), said), next))
}

/// Brings questions and what was thought of their answers together.
fn judged(asked: Vec<Asked>, said: Vec<AnswerFeedback>) -> Vec<QuestionObservation> {
    let mut liked: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for feedback in standing_feedback(said).into_iter().filter(|feedback| feedback.passage.is_none()) {
        let is_liked = feedback.judgement == AnswerJudgement::Up;
        liked.entry(feedback.answer).or_default().push(is_liked);
    }
    let mut all: Vec<QuestionObservation> = asked
        .into_iter()
        .map(|Asked { answer, observation }| {
            let liked = answer.and_then(|answer| liked.remove(&answer)).unwrap_or_default();
            QuestionObservation { liked, ..observation }
        })
        .collect();
    let alone = liked.into_values();
    all.extend(alone.map(|liked| QuestionObservation { liked, only_judged: true, ..Default::default() }));
    all
}
