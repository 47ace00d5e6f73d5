//! How far a group is behind a topic.

use futures::stream::TryStreamExt as _;
use process::Failure;
use stream::kafka::{Kafka, committed_offsets, end_offsets};

use crate::log;

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
pub async fn standings(kafka: &Kafka, group: &str, topic: &str) -> Result<Vec<Standing>, Failure> {
    let ends = end_offsets(kafka, topic).await?;
    let committed = committed_offsets(kafka, group, topic).await?;
    let each = (0..).zip(ends.into_iter().zip(committed)).map(|(partition, (end, committed))| async move {
        let from = committed.unwrap_or(0);
        let waiting = if end - from <= 0 || end - from > FEW {
            (end - from).max(0)
        } else {
            let mut records = log::records(kafka, topic, partition, from);
            let mut count = 0;
            while records.try_next().await?.is_some() {
                count += 1;
            }
            count
        };
        Ok::<_, Failure>(Standing { end, committed, waiting })
    });
    futures::future::try_join_all(each).await
}
