//! What a worker reads and where its answers go; shared by its pipeline and its lanes. Pure.

use crate::settings::LaneSettings;

/// How outputs and offset are tied together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kafka to Kafka: outputs and offset in one transaction, one producer per input partition.
    Transactional,
    /// Kafka to a sink: the stage writes, then the offset is committed.
    AfterWrite,
}

/// What a pipeline does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The worker's name, in logs and dead letters.
    pub worker: &'static str,
    /// The consumer group.
    pub group: String,
    /// The topic that is read.
    pub input: String,
    /// Topics that must have as many partitions as the input, so that a document's history stays in one partition.
    pub alike: Vec<String>,
    /// The topic for refusals.
    pub dead_letters: String,
    /// The topic in which operators say what a waiting partition shall do.
    pub confirmations: String,
    /// How outputs and offset are tied together.
    pub delivery: Delivery,
    /// How much lanes may hold, and how long they may take to close.
    pub lanes: LaneSettings,
}

/// The transactional id of the writer for a partition of `input` in `group`: whoever takes it fences the previous
/// writer.
#[must_use]
pub fn transactional_id(group: &str, input: &str, partition: i32) -> String {
    format!("{group}-{input}-{partition}")
}
