//! The pipeline as its topics show it: who is behind, how fast it goes, and what was refused.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use generation::{Names, TopicReader};
use message::{DeadLetter, DocumentId};
use serde::Serialize;
use stream::kafka::{Kafka, Standing, end_offsets, groups, standings};
use stream::memory::Memory;
use stream::{Broker, StreamError};
use tokio::time::Instant;

use crate::access::Principal;

/// A broker that says how far its groups are.
pub trait Watched: Broker {
    /// Where a group stands in each partition of a topic.
    fn standings(
        &self,
        group: &str,
        topic: &str,
    ) -> impl Future<Output = Result<Vec<Standing>, StreamError>> + Send;

    /// Which groups there are.
    fn groups(&self) -> impl Future<Output = Result<Vec<String>, StreamError>> + Send;

    /// The offset after the last record of each partition of a topic.
    fn ends(&self, topic: &str) -> impl Future<Output = Result<Vec<i64>, StreamError>> + Send;
}

impl Watched for Kafka {
    async fn standings(&self, group: &str, topic: &str) -> Result<Vec<Standing>, StreamError> {
        standings(self, group, topic).await
    }

    async fn groups(&self) -> Result<Vec<String>, StreamError> {
        groups(self).await
    }

    async fn ends(&self, topic: &str) -> Result<Vec<i64>, StreamError> {
        end_offsets(self, topic).await
    }
}

impl Watched for Memory {
    async fn standings(&self, group: &str, topic: &str) -> Result<Vec<Standing>, StreamError> {
        let standing = |(partition, end)| {
            let committed = self.committed(group, topic, partition);
            let (next, memo) = committed.map(|committed| (committed.next, committed.memo)).unzip();
            Standing {
                end,
                committed: next,
                waiting: end - next.unwrap_or(0),
                memo: memo.unwrap_or_default(),
            }
        };
        Ok((0..).zip(self.ends(topic)).map(standing).collect())
    }

    async fn groups(&self) -> Result<Vec<String>, StreamError> {
        Ok(self.groups())
    }

    async fn ends(&self, topic: &str) -> Result<Vec<i64>, StreamError> {
        Ok(self.ends(topic))
    }
}

/// How long the broker may take to answer everything.
const DEADLINE: Duration = Duration::from_secs(15);
/// So long the groups are remembered: Kafka lists all of its groups or none, and an open page looks every few seconds.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Dead letters that are shown.
const SHOWN: u8 = 20;

/// What is asked of the broker.
#[derive(Debug)]
pub struct Pipeline<B> {
    broker: B,
    writers: Vec<&'static str>,
    readers: Mutex<Option<KnownReaders>>,
    letters: Mutex<LatestLetters>,
    last: Mutex<HashMap<String, (Instant, i64)>>,
}

/// The readers on the way to some indexes, and when they were asked for.
#[derive(Clone, Debug)]
struct KnownReaders {
    names: Names,
    asked: Instant,
    readers: Vec<TopicReader>,
}

/// The latest dead letters, latest first and without the bytes that were refused, and where their topic ended by then.
#[derive(Clone, Debug, Default)]
struct LatestLetters {
    ends: Vec<i64>,
    latest: Vec<DeadLetter>,
}

/// A worker's group and how far it is behind.
#[derive(Clone, Debug, Serialize)]
pub struct TopicLag {
    /// What it reads.
    pub topic: String,
    /// Its consumer group.
    pub group: String,
    /// Records that it has not handled yet.
    pub lag: i64,
    /// Offsets that the topic has counted.
    pub end: i64,
}

/// How fast a topic grows.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// Which.
    pub topic: String,
    /// Offsets a second since it was looked at before.
    pub per_second: f64,
}

/// What was refused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LetterSummary {
    /// Offsets that their topic has counted.
    pub count: i64,
    /// The latest of them.
    pub latest: Vec<LetterLine>,
}

/// A dead letter in short.
#[derive(Clone, Debug, Serialize)]
pub struct LetterLine {
    /// The document, if it is known.
    pub document: String,
    /// The worker that refused.
    pub stage: String,
    /// Why.
    pub cause: String,
}

/// Everything that the broker says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// Each worker's place.
    pub topics: Vec<TopicLag>,
    /// How fast each topic grows.
    pub throughput: Vec<Throughput>,
    /// What was refused.
    pub dead_letters: LetterSummary,
}

impl<B: Watched> Pipeline<B> {
    /// The pipeline whose last workers are these.
    #[must_use]
    pub fn new(broker: B, writers: Vec<&'static str>) -> Self {
        let (readers, letters, last) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { broker, writers, readers, letters, last }
    }

    /// Every worker on the way to the indexes of `names`, as the reader of its topic.
    async fn readers(&self, names: &Names) -> Result<Vec<TopicReader>, StreamError> {
        let known = lock(&self.readers).clone();
        let known = known.filter(|known| known.names == *names && known.asked.elapsed() < REMEMBERED);
        if let Some(known) = known {
            return Ok(known.readers);
        }
        let groups = self.broker.groups().await?;
        let writers = self.writers.iter().flat_map(|worker| TopicReader::among(worker, names, &groups));
        let readers: Vec<TopicReader> =
            TopicReader::upstream(names.generation()).into_iter().chain(writers).collect();
        // A writer that has not joined yet shall be seen as soon as it does.
        if readers.iter().all(|reader| *reader != TopicReader::former(reader.worker, names)) {
            let (names, readers) = (names.clone(), readers.clone());
            *lock(&self.readers) = Some(KnownReaders { names, asked: Instant::now(), readers });
        }
        Ok(readers)
    }

    /// How everything on the way to the indexes of `names` stands now. Dead letters of documents that `principal` may not see are counted, not shown.
    ///
    /// # Errors
    /// Why the broker cannot be asked, for a person.
    pub async fn look(&self, names: &Names, principal: &Principal) -> Result<Picture, String> {
        let looked = tokio::time::timeout(DEADLINE, self.all(names, principal)).await;
        looked.map_err(|_| format!("no answer within {DEADLINE:?}"))?.map_err(|error| error.to_string())
    }

    async fn all(&self, names: &Names, principal: &Principal) -> Result<Picture, StreamError> {
        let asked = self.readers(names).await?.into_iter().map(|reader| async move {
            let standings = self.broker.standings(&reader.group, &reader.topic).await?;
            Ok::<_, StreamError>(TopicLag {
                topic: reader.topic,
                group: reader.group,
                lag: standings.iter().map(|standing| standing.waiting).sum(),
                end: standings.iter().map(|standing| standing.end).sum(),
            })
        });
        let topics = futures::future::try_join_all(asked).await?;
        let throughput = self.throughput(&topics);
        Ok(Picture { topics, throughput, dead_letters: self.dead_letters(principal).await? })
    }

    fn throughput(&self, topics: &[TopicLag]) -> Vec<Throughput> {
        let now = Instant::now();
        let mut last = lock(&self.last);
        let mut speeds = Vec::new();
        for topic in topics {
            if speeds.iter().any(|speed: &Throughput| speed.topic == topic.topic) {
                continue;
            }
            let before = last.insert(topic.topic.clone(), (now, topic.end));
            let per_second =
                before.map_or(0.0, |(when, end)| speed(topic.end - end, now.duration_since(when)));
            speeds.push(Throughput { topic: topic.topic.clone(), per_second });
        }
        speeds
    }

    async fn dead_letters(&self, principal: &Principal) -> Result<LetterSummary, StreamError> {
        let ends = self.broker.ends(topics::DEAD_LETTERS).await?;
        let count = ends.iter().sum();
        let mut letters = lock(&self.letters).clone();
        if letters.ends != ends {
            let latest = self.latest_letters(&ends).await?;
            letters = LatestLetters { ends, latest };
            lock(&self.letters).clone_from(&letters);
        }
        let latest = letters.latest.into_iter().filter_map(|letter| shown(letter, principal));
        Ok(LetterSummary { count, latest: latest.take(usize::from(SHOWN)).collect() })
    }

    async fn latest_letters(&self, ends: &[i64]) -> Result<Vec<DeadLetter>, StreamError> {
        let mut found: Vec<(i64, DeadLetter)> = Vec::new();
        for (partition, end) in (0..).zip(ends) {
            let from = (end - i64::from(SHOWN)).max(0);
            let mut records = self.broker.reading(topics::DEAD_LETTERS, partition, from);
            while let Some(record) = records.try_next().await? {
                let letter = record.value.as_deref().and_then(|value| serde_json::from_slice(value).ok());
                let letter = letter.map(|letter| DeadLetter { key: None, value: None, ..letter });
                found.extend(letter.map(|letter| (record.offset, letter)));
            }
        }
        found.sort_by_key(|(offset, _)| std::cmp::Reverse(*offset));
        Ok(found.into_iter().map(|(_, letter)| letter).collect())
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn speed(offsets: i64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "offsets between two looks")]
    let offsets = offsets.max(0) as f64;
    if time.is_zero() { 0.0 } else { offsets / time.as_secs_f64() }
}

fn shown(letter: DeadLetter, principal: &Principal) -> Option<LetterLine> {
    let document = letter.document.clone().and_then(|document| DocumentId::try_from(document).ok());
    let may_see = match &document {
        Some(document) => principal.sees(document),
        None => principal.prefixes.is_empty(),
    };
    let document = letter.document.unwrap_or_default();
    may_see.then_some(LetterLine { document, stage: letter.stage, cause: letter.cause })
}
