//! How far a group lags behind a topic, and what it waits at.

use futures::stream::TryStreamExt as _;

use super::{Kafka, committed_offsets, end_offsets};
use crate::broker::{Broker as _, Memo, StreamError};

/// Up to this many offsets are read, to count how many of them are records.
const FEW: i64 = 64;

/// One partition of a topic, as a group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The offset after the last record.
    pub end: i64,
    /// The next record that the group will handle; none before its first commit.
    pub committed: Option<i64>,
    /// Number of records it has not handled. If the log lost its end, these are all of its records, because all will be
    /// handled again.
    pub waiting: i64,
    /// What the group stored with its offset.
    pub memo: Memo,
}

/// Where `group` stands in each partition of `topic`. Kafka's offsets also count transaction markers, so a group that
/// is up to date would seem a little behind. A small difference is therefore counted by reading; a large one is taken
/// as it is.
///
/// # Errors
/// When Kafka does not answer, or the topic does not exist.
pub async fn standings(kafka: &Kafka, group: &str, topic: &str) -> Result<Vec<Standing>, StreamError> {
    let ends = end_offsets(kafka, topic).await?;
    let committed = committed_offsets(kafka, group, topic).await?;
    let mut standings = Vec::with_capacity(ends.len());
    for (partition, (end, committed)) in (0..).zip(ends.into_iter().zip(committed)) {
        let (next, memo) = committed.map(|committed| (committed.next, committed.memo)).unzip();
        let from = next.filter(|next| *next <= end).unwrap_or(0);
        let waiting = if end - from <= 0 || end - from > FEW {
            (end - from).max(0)
        } else {
            kafka.reading(topic, partition, from).try_fold(0, async |count, _| Ok(count + 1)).await?
        };
        standings.push(Standing { end, committed: next, waiting, memo: memo.unwrap_or_default() });
    }
    Ok(standings)
}
