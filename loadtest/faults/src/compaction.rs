//! Makes Kafka compact topics within seconds: with a production interval of a day, no test would ever see compaction.

use process::Failure;
use stream::Broker as _;
use stream::kafka::TopicSpec;

use crate::world::World;

/// `delete.retention.ms` in seconds. Longer than any worker stays stopped while no other takes over.
const RETENTION: u64 = 90;
/// Seconds behind after which a worker says that it may have missed deletions: on a busy machine one is behind for longer than
/// Kafka keeps them here.
pub const STALE_AFTER: u64 = RETENTION - 30;

/// Topic settings under which Kafka compacts continuously.
fn settings() -> [(&'static str, String); 4] {
    [
        ("segment.ms", "8000".to_owned()),
        ("max.compaction.lag.ms", "12000".to_owned()),
        ("min.cleanable.dirty.ratio", "0.01".to_owned()),
        ("delete.retention.ms", (RETENTION * 1000).to_string()),
    ]
}

/// Makes Kafka compact the ledger, passage and vector topics as early as it can.
///
/// # Errors
/// When Kafka does not answer, or the topics do not exist.
pub async fn force(world: &World) -> Result<(), Failure> {
    let generation = &world.generation;
    let copies = world.kafka.default_copies().await?;
    for topic in topics::all(&generation.chunking, &generation.space)? {
        let is_compacted = topic.settings.get("cleanup.policy").is_some_and(|policy| policy == "compact");
        if !is_compacted || topic.partitions.is_some() {
            continue;
        }
        let partitions = world.kafka.partitions(&topic.name).await?;
        let mut wanted = topic.settings;
        wanted.extend(settings().map(|(name, value)| (name.to_owned(), value)));
        world.kafka.apply(&TopicSpec { name: topic.name, partitions, settings: wanted }, copies).await?;
    }
    Ok(())
}
