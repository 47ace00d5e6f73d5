#![expect(
    clippy::disallowed_methods,
    reason = "edge: runs on the polling thread, and waits between two tries"
)]
//! Where assigned partitions start.
//!
//! librdkafka would ask for the committed offsets itself, once. If the coordinator answers an error for the whole request
//! (it moves to another broker just then), librdkafka never starts to read the partitions and never asks again: the member
//! stays alive, and nothing is read (confluentinc/librdkafka 5586, open). So they are assigned with offsets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::warn;

use super::KafkaSettings;
use crate::broker::StreamError;

/// Timeout of one try; a worker that is asked to stop waits for it.
const TRY: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// How long all of them may take: less than the interval within which a member must poll (5 minutes).
const LONGEST: Duration = Duration::from_mins(2);

/// The committed offsets of the `assigned` partitions of `group`, and the beginning where there is none. Offsets of a
/// transaction that is still open count as not committed, so an offset may be too low, but never too high: a lane skips what
/// its own look at the offset, which waits for that transaction, says is done.
///
/// # Errors
/// Unavailable, when `stopping` is set. Fatal, when the offsets cannot be had in two minutes.
pub(super) fn starts(
    settings: &KafkaSettings,
    group: &str,
    assigned: &TopicPartitionList,
    stopping: &AtomicBool,
) -> Result<TopicPartitionList, StreamError> {
    let deadline = Instant::now() + LONGEST;
    loop {
        let cause = match committed(settings, group, assigned) {
            Ok(Ok(starts)) => return Ok(starts),
            Ok(Err(error)) => format!("group {group}: the committed offsets cannot be had: {error}"),
            Err(error) => error.to_string(),
        };
        if stopping.load(Ordering::Relaxed) {
            return Err(StreamError::Unavailable(cause));
        }
        if Instant::now() > deadline {
            return Err(StreamError::Fatal(cause));
        }
        warn!(group, cause, "partitions are assigned and not read yet");
        std::thread::sleep(PAUSE);
    }
}

fn committed(
    settings: &KafkaSettings,
    group: &str,
    assigned: &TopicPartitionList,
) -> Result<KafkaResult<TopicPartitionList>, StreamError> {
    let mut config = settings.consumer(group)?;
    // The offsets of an open transaction would be waited for, and the lane that ends that transaction is not open yet.
    config.set("isolation.level", "read_uncommitted");
    Ok(config.create().and_then(|client: BaseConsumer| from_committed(&client, assigned)))
}

fn from_committed(client: &BaseConsumer, assigned: &TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    let committed = client.committed_offsets(assigned.clone(), TRY)?;
    let mut starts = TopicPartitionList::new();
    for element in committed.elements() {
        element.error()?;
        let offset = match element.offset() {
            offset @ Offset::Offset(_) => offset,
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                Offset::Beginning
            }
        };
        starts.add_partition_offset(element.topic(), element.partition(), offset)?;
    }
    Ok(starts)
}
