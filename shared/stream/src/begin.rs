//! Where a group begins that has no members yet.

use crate::broker::{Broker, Committed, StreamError};

/// A broker on which a group can be told where to begin.
pub trait BeginGroup: Broker {
    /// Commits for `group`, which has no members, where it begins in each partition of `topic`, whatever it had committed
    /// before. Its members then go on from there as if they had handled what comes before.
    ///
    /// # Errors
    /// Fatal, when `places` are not as many as the partitions. Otherwise, when the topic is not there, the broker is away, or
    /// the group has members.
    fn begin(
        &self,
        group: &str,
        topic: &str,
        places: Vec<Committed>,
    ) -> impl Future<Output = Result<(), StreamError>> + Send;
}

/// Fails unless there is a place for each partition.
pub(crate) fn check_places(topic: &str, partitions: usize, places: &[Committed]) -> Result<(), StreamError> {
    if partitions == places.len() {
        return Ok(());
    }
    Err(StreamError::Fatal(format!(
        "topic {topic} has {partitions} partitions, and where to begin is known for {}: it is another topic of that name",
        places.len()
    )))
}
