//! How many brokers hold each record, and how many must have it before it is acknowledged.
//!
//! An acknowledged record that only one broker holds is lost with that broker's disk; one that not all replicas had
//! when their leader died may be lost in an election. So topics are created with as many copies as there are brokers,
//! up to three, and a record is acknowledged only when at least all but one copy have it.

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::{ASK, Kafka, blocking, unavailable};
use crate::broker::{StreamError, missing_topic};

/// More copies protect against nothing that happens in practice.
const ENOUGH: i32 = 3;

/// The topic setting for the number of brokers that must have a record.
pub(super) const LEAST: &str = "min.insync.replicas";

/// The minimum number of brokers that must have a record of a topic with this many copies: all but one, and at least
/// one.
#[must_use]
pub fn least_in_sync(copies: i32) -> i32 {
    (copies - 1).max(1)
}

impl Kafka {
    /// The default number of copies: one on each broker, at most three.
    ///
    /// # Errors
    /// Unavailable if the broker cannot be reached.
    pub async fn default_copies(&self) -> Result<i32, StreamError> {
        let settings = self.settings.clone();
        let brokers = blocking(move || {
            let client: BaseConsumer = settings.reader()?.create().map_err(|e| unavailable(&settings, &e))?;
            let metadata = client.fetch_metadata(None, ASK).map_err(|e| unavailable(&settings, &e))?;
            Ok(metadata.brokers().len())
        });
        Ok(i32::try_from(brokers.await?).unwrap_or(ENOUGH).clamp(1, ENOUGH))
    }

    /// The smallest number of copies of any partition of `topic`.
    ///
    /// # Errors
    /// Unavailable if the broker cannot be reached or the topic does not exist.
    pub async fn copies(&self, topic: &str) -> Result<i32, StreamError> {
        let (settings, topic) = (self.settings.clone(), topic.to_owned());
        blocking(move || {
            let client: BaseConsumer = settings.reader()?.create().map_err(|e| unavailable(&settings, &e))?;
            let metadata =
                client.fetch_metadata(Some(&topic), ASK).map_err(|e| unavailable(&settings, &e))?;
            let found = metadata.topics().iter().find(|found| found.name() == topic);
            let partitions = found.map(rdkafka::metadata::MetadataTopic::partitions).unwrap_or_default();
            let fewest = partitions.iter().map(|partition| partition.replicas().len()).min();
            fewest.and_then(|copies| i32::try_from(copies).ok()).ok_or_else(|| missing_topic(&topic))
        })
        .await
    }

    /// Verifies that `topic` has at least the requested number of copies: a broker may be configured to create fewer.
    ///
    /// # Errors
    /// Fatal, naming the remedy.
    pub(super) async fn prove_copies(&self, topic: &str, asked: i32) -> Result<i32, StreamError> {
        let copies = self.copies(topic).await?;
        if copies >= asked {
            return Ok(copies);
        }
        Err(StreamError::Fatal(format!(
            "topic {topic} has {copies} copies of each record, {asked} are asked for, and Kafka's clients cannot change that: \
             use kafka-reassign-partitions (or your provider's console), or keep --replication {copies}"
        )))
    }
}
