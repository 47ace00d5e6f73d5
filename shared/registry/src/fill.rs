//! How far the indexes of a generation are. Stage: awaits a [`Broker`].

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use generation::{Generation, TopicReader};
use message::{FillSource, GenerationEntry};
use serde::Serialize;
use stream::kafka::Standing;
use stream::{Broker, StreamError};

/// So close to the barrier records are counted: Kafka's offsets count the marks of transactions too.
const CLOSE: i64 = 64;

/// How far one writer of a generation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WriterFill {
    /// The engine that it writes, or the worker before the engines: `chunk` or `embed`.
    pub writer: &'static str,
    /// Its consumer group.
    pub group: String,
    /// Offsets before the barrier.
    pub whole: i64,
    /// Those of them that are not written yet.
    pub missing: i64,
    /// All records that are not written yet.
    pub behind: i64,
    /// Partitions that wait at a record.
    pub waits: usize,
}

/// How fast a group writes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FillSpeed {
    /// Records a second.
    pub rate: f64,
    /// Seconds until it is past the barrier.
    pub left: f64,
}

/// A partition before the barrier: the offset of the next record to be written, and what lies before the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    next: i64,
    barrier: i64,
}

impl WriterFill {
    /// How far `reader`, the writer of `entry` that people call `writer`, is, where it stands so in each partition.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn of<B: Broker>(
        broker: &B,
        entry: &GenerationEntry,
        (writer, reader): (&'static str, TopicReader),
        standings: &[Standing],
    ) -> Result<Self, StreamError> {
        let TopicReader { group, topic, .. } = reader;
        let barrier = entry.barrier.get(&topic).cloned().unwrap_or_default();
        let mut fill = Self {
            writer,
            group,
            whole: barrier.iter().sum(),
            missing: 0,
            behind: standings.iter().map(behind).sum(),
            waits: standings.iter().filter(|standing| standing.memo.waiting.is_some()).count(),
        };
        for (partition, (standing, barrier)) in (0..).zip(standings.iter().zip(&barrier)) {
            if let Some(rest) = rest(standing, *barrier) {
                fill.missing += missing(broker, &topic, partition, rest).await?;
            }
        }
        Ok(fill)
    }
}

/// The workers before the engines that fill a generation, as readers of their topics. What was there before generations were
/// entered has no barrier, and none of them.
#[must_use]
pub fn upstream_fillers(entry: &GenerationEntry) -> Vec<(&'static str, TopicReader)> {
    let generation = Generation::from(entry);
    let embed = ("embed", TopicReader::embed(&generation));
    match entry.source {
        FillSource::Vectors => Vec::new(),
        FillSource::Chunks => vec![embed],
        FillSource::Reconcile if entry.barrier.is_empty() => Vec::new(),
        FillSource::Reconcile => vec![("chunk", TopicReader::chunk(&generation.chunking)), embed],
    }
}

/// While a log is handled again, the committed offset says nothing of the index.
fn behind(standing: &Standing) -> i64 {
    standing.memo.replayed.map_or(standing.waiting, |next| (standing.end - next).max(0))
}

/// What is left of a partition, unless it is past the barrier.
fn rest(standing: &Standing, barrier: i64) -> Option<Rest> {
    let next = standing.memo.replayed.or(standing.committed).unwrap_or(0);
    (next < barrier).then_some(Rest { next, barrier })
}

async fn missing<B: Broker>(
    broker: &B,
    topic: &str,
    partition: i32,
    Rest { next, barrier }: Rest,
) -> Result<i64, StreamError> {
    if barrier - next > CLOSE {
        return Ok(barrier - next);
    }
    let mut records = broker.reading(topic, partition, next);
    let mut count = 0;
    while let Some(record) = records.try_next().await?
        && record.offset < barrier
    {
        count += 1;
    }
    Ok(count)
}

/// How fast each group writes, by two looks that lie `apart`; none where nothing moved.
#[must_use]
pub fn fill_speeds(
    before: &[WriterFill],
    after: &[WriterFill],
    apart: Duration,
) -> BTreeMap<String, Option<FillSpeed>> {
    let one = |fill: &WriterFill| {
        let earlier = before.iter().find(|earlier| earlier.group == fill.group)?;
        let written = u32::try_from(earlier.missing - fill.missing).ok().filter(|written| *written > 0)?;
        let rate = f64::from(written) / apart.as_secs_f64();
        Some(FillSpeed { rate, left: f64::from(u32::try_from(fill.missing).unwrap_or(u32::MAX)) / rate })
    };
    after.iter().map(|fill| (fill.group.clone(), one(fill))).collect()
}

#[cfg(test)]
mod tests {
    use message::{ChangeAuthor, Fingerprint, IndexMapping};
    use stream::Memo;

    use super::*;

    #[test]
    fn who_fills_a_generation_follows_from_its_source() {
        let name = Fingerprint::of(&[("test", "fill")]);
        let generation = Generation {
            chunking: name.clone(),
            space: name.clone(),
            dimension: 2,
            model: name,
            name: "m".to_owned(),
            mapping: IndexMapping::of(3),
        };
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let fillers = |source, barrier: &[&str]| {
            let barrier = barrier.iter().map(|topic| ((*topic).to_owned(), vec![1])).collect();
            let entry = GenerationEntry { barrier, ..generation.entry("docs", source, &author) };
            upstream_fillers(&entry).into_iter().map(|(worker, _)| worker).collect::<Vec<_>>()
        };
        assert_eq!(fillers(FillSource::Vectors, &["vectors"]), Vec::<&str>::new());
        assert_eq!(fillers(FillSource::Chunks, &["chunks"]), ["embed"]);
        assert_eq!(fillers(FillSource::Reconcile, &["documents"]), ["chunk", "embed"]);
        assert_eq!(fillers(FillSource::Reconcile, &[]), Vec::<&str>::new());
    }

    fn standing(committed: Option<i64>, replayed: Option<i64>) -> Standing {
        Standing { end: 100, committed, waiting: 7, memo: Memo { replayed, ..Memo::default() } }
    }

    #[test]
    fn a_log_that_is_handled_again_is_as_far_as_that() {
        assert_eq!(rest(&standing(Some(90), None), 80), None);
        assert_eq!(rest(&standing(Some(90), Some(10)), 80), Some(Rest { next: 10, barrier: 80 }));
        assert_eq!(rest(&standing(None, None), 80), Some(Rest { next: 0, barrier: 80 }));
        assert_eq!(rest(&standing(None, None), 0), None);
        assert_eq!(behind(&standing(Some(90), None)), 7);
        assert_eq!(behind(&standing(Some(90), Some(10))), 90);
    }

    #[test]
    fn the_time_left_follows_from_two_looks() {
        let fill = |missing| WriterFill {
            writer: "opensearch",
            group: "g".to_owned(),
            whole: 100,
            missing,
            behind: 0,
            waits: 0,
        };
        let speeds = fill_speeds(&[fill(60)], &[fill(40)], Duration::from_secs(2));
        assert_eq!(speeds["g"], Some(FillSpeed { rate: 10.0, left: 4.0 }));
        assert_eq!(fill_speeds(&[fill(40)], &[fill(40)], Duration::from_secs(2))["g"], None);
    }
}
