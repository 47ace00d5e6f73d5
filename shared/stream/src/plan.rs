//! What a worker reads and where its answers go: the same for its pipeline and for each of its lanes. Pure.

use crate::settings::LaneSettings;

/// How outputs and offset belong together.
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
    /// The worker's name: in logs, dead letters and transactional ids.
    pub worker: &'static str,
    /// The consumer group.
    pub group: String,
    /// The topic that is read.
    pub input: String,
    /// Topics that must have as many partitions as the input, since a document's history stays in one partition.
    pub alike: Vec<String>,
    /// Where refusals go.
    pub dead_letters: String,
    /// Where people say what a partition that waits shall do.
    pub confirmations: String,
    /// How outputs and offset belong together.
    pub delivery: Delivery,
    /// How much lanes may hold, and how long they may take to close.
    pub lanes: LaneSettings,
}

/// The transactional id of a writer that stands for a partition of `input` in `group`: whoever takes it fences the one
/// before.
#[must_use]
pub fn transactional_id(group: &str, input: &str, partition: i32) -> String {
    format!("{group}-{input}-{partition}")
}
