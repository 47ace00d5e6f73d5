//! How far the indexes of a generation are.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use generation::TopicReader;
use message::{FillSource, GenerationEntry};
use process::Failure;
use serde::Serialize;
use sink::EngineKind;
use stream::kafka::{Kafka, Standing, committed_offsets, end_offsets, standings};
use stream::{Broker as _, Record};

use crate::world::World;

/// So close to the barrier records are counted: Kafka's offsets count the marks of transactions too.
const CLOSE: i64 = 64;

/// How far one writer of a generation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct EngineFill {
    /// The engine that it writes, or `embed`.
    pub(crate) writer: &'static str,
    /// Its consumer group.
    pub(crate) group: String,
    /// Offsets before the barrier.
    pub(crate) whole: i64,
    /// Those of them that are not written yet.
    pub(crate) missing: i64,
    /// All records that are not written yet.
    pub(crate) behind: i64,
    /// Partitions that wait at a record.
    pub(crate) waits: usize,
}

/// A partition before the barrier: the offset of the next record to be written, and what lies before the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    next: i64,
    barrier: i64,
}

/// What is left of a partition, unless it is past the barrier.
fn rest(standing: &Standing, barrier: i64) -> Option<Rest> {
    // While a log is handled again, the committed offset says nothing of the index.
    let next = standing.memo.replayed.or(standing.committed).unwrap_or(0);
    (next < barrier).then_some(Rest { next, barrier })
}

async fn missing(kafka: &Kafka, topic: &str, partition: i32, rest: Rest) -> Result<i64, Failure> {
    let Rest { next, barrier } = rest;
    if barrier - next > CLOSE {
        return Ok(barrier - next);
    }
    let records = kafka.reading(topic, partition, next);
    let before = |record: &Record| futures::future::ready(Ok(record.offset < barrier));
    Ok(records.try_take_while(before).try_fold(0, async |count, _| Ok(count + 1)).await?)
}

/// Everyone who fills the indexes of a generation: `embed` where passages are embedded for it, and each engine's writer.
async fn writers(
    world: &World,
    entry: &GenerationEntry,
) -> Result<Vec<(&'static str, TopicReader)>, Failure> {
    let mut writers = Vec::new();
    if entry.source == FillSource::Chunks {
        writers.push(("embed", TopicReader::embed(&world.generation)));
    }
    for one in &world.engines {
        let of_engine = world.writers(one).await?;
        writers.extend(of_engine.into_iter().map(|reader| (EngineKind::name(one.kind), reader)));
    }
    Ok(writers)
}

/// How far each writer is with `entry`, whose world this is.
///
/// # Errors
/// When Kafka does not answer.
pub(crate) async fn fills(world: &World, entry: &GenerationEntry) -> Result<Vec<EngineFill>, Failure> {
    let mut fills = Vec::new();
    for writer in writers(world, entry).await? {
        fills.push(fill_of(world, entry, writer).await?);
    }
    Ok(fills)
}

/// How many offsets each writer of `entry` is behind its topic.
///
/// # Errors
/// When Kafka does not answer.
pub(crate) async fn lags(
    world: &World,
    entry: &GenerationEntry,
) -> Result<Vec<(&'static str, i64)>, Failure> {
    let each = writers(world, entry).await?.into_iter().map(|(writer, reader)| async move {
        let ends = end_offsets(&world.kafka, &reader.topic);
        let committed = committed_offsets(&world.kafka, &reader.group, &reader.topic);
        let (ends, committed) = futures::future::try_join(ends, committed).await?;
        let next = committed.into_iter().map(|committed| committed.map_or(0, |committed| committed.next));
        Ok::<_, Failure>((writer, ends.into_iter().zip(next).map(|(end, next)| (end - next).max(0)).sum()))
    });
    futures::future::try_join_all(each).await
}

async fn fill_of(
    world: &World,
    entry: &GenerationEntry,
    (writer, reader): (&'static str, TopicReader),
) -> Result<EngineFill, Failure> {
    let TopicReader { group, topic, .. } = reader;
    let barrier = entry.barrier.get(&topic).cloned().unwrap_or_default();
    let standings = standings(&world.kafka, &group, &topic).await?;
    let mut fill = EngineFill {
        writer,
        group,
        whole: barrier.iter().sum(),
        missing: 0,
        behind: standings.iter().map(|standing| standing.waiting).sum(),
        waits: standings.iter().filter(|standing| standing.memo.waiting.is_some()).count(),
    };
    for (partition, (standing, barrier)) in (0..).zip(standings.iter().zip(&barrier)) {
        if let Some(rest) = rest(standing, *barrier) {
            fill.missing += missing(&world.kafka, &topic, partition, rest).await?;
        }
    }
    Ok(fill)
}

/// Records written a second, and seconds left, of each group between two looks that lie `apart`; none where nothing moved.
pub(crate) fn speed(
    before: &[EngineFill],
    after: &[EngineFill],
    apart: Duration,
) -> BTreeMap<String, Option<FillSpeed>> {
    let one = |fill: &EngineFill| {
        let earlier = before.iter().find(|earlier| earlier.group == fill.group)?;
        let written = u32::try_from(earlier.missing - fill.missing).ok().filter(|written| *written > 0)?;
        let rate = f64::from(written) / apart.as_secs_f64();
        Some(FillSpeed { rate, left: f64::from(u32::try_from(fill.missing).unwrap_or(u32::MAX)) / rate })
    };
    after.iter().map(|fill| (fill.group.clone(), one(fill))).collect()
}

/// How fast a group writes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct FillSpeed {
    /// Records a second.
    pub(crate) rate: f64,
    /// Seconds until it is past the barrier.
    pub(crate) left: f64,
}

#[cfg(test)]
mod tests {
    use stream::Memo;

    use super::*;

    fn standing(committed: Option<i64>, replayed: Option<i64>) -> Standing {
        Standing { end: 100, committed, waiting: 0, memo: Memo { replayed, ..Memo::default() } }
    }

    #[test]
    fn a_log_that_is_handled_again_is_as_far_as_that() {
        assert_eq!(rest(&standing(Some(90), None), 80), None);
        assert_eq!(rest(&standing(Some(90), Some(10)), 80), Some(Rest { next: 10, barrier: 80 }));
        assert_eq!(rest(&standing(None, None), 80), Some(Rest { next: 0, barrier: 80 }));
        assert_eq!(rest(&standing(None, None), 0), None);
    }

    #[test]
    fn the_time_left_follows_from_two_looks() {
        let fill = |missing| EngineFill {
            writer: "opensearch",
            group: "g".to_owned(),
            whole: 100,
            missing,
            behind: 0,
            waits: 0,
        };
        let speeds = speed(&[fill(60)], &[fill(40)], Duration::from_secs(2));
        assert_eq!(speeds["g"], Some(FillSpeed { rate: 10.0, left: 4.0 }));
        assert_eq!(speed(&[fill(40)], &[fill(40)], Duration::from_secs(2))["g"], None);
    }
}
