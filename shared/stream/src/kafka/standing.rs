//! How far a group is behind a topic.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Kafka, committed_offsets, end_offsets};
use crate::broker::{Broker as _, StreamError};

/// Up to so many offsets are read to see how many of them are records.
const FEW: i64 = 64;

/// One partition of a topic, as a group sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The offset after the last record.
    pub end: i64,
    /// The next record that the group will handle; none before its first commit.
    pub committed: Option<i64>,
    /// Records that it has not handled.
    pub waiting: i64,
}

/// Where `group` stands in each partition of `topic`. Kafka's own offsets count the marks of transactions too, so that
/// a group which is done seems a little behind; few offsets are therefore read, and many are taken as they are.
///
/// # Errors
/// When Kafka does not answer, or the topic is not there.
pub async fn standings(kafka: &Kafka, group: &str, topic: &str) -> Result<Vec<Standing>, StreamError> {
    let ends = end_offsets(kafka, topic).await?;
    let committed = committed_offsets(kafka, group, topic).await?;
    let mut standings = Vec::with_capacity(ends.len());
    for (partition, (end, committed)) in (0..).zip(ends.into_iter().zip(committed)) {
        let from = committed.unwrap_or(0);
        let waiting = if end - from <= 0 || end - from > FEW {
            (end - from).max(0)
        } else {
            records_from(kafka, topic, partition, from).await?
        };
        standings.push(Standing { end, committed, waiting });
    }
    Ok(standings)
}

async fn records_from(kafka: &Kafka, topic: &str, partition: i32, from: i64) -> Result<i64, StreamError> {
    let count = Arc::new(AtomicI64::new(0));
    let counting = Arc::clone(&count);
    let each = move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    kafka.read(topic, partition, from, each).await?;
    Ok(count.load(Ordering::Relaxed))
}
