//! Compaction within seconds: topics that are cleaned once a day would never be cleaned in a test.

use process::Failure;
use stream::Broker as _;
use stream::kafka::TopicSpec;

use crate::world::World;

/// Seconds for which a deletion stays in a topic. Above any stop of a worker without another that takes over.
const RETENTION: u64 = 90;

/// Settings of a compacted topic that is cleaned all the time.
fn settings() -> [(&'static str, String); 4] {
    [
        ("segment.ms", "8000".to_owned()),
        ("max.compaction.lag.ms", "12000".to_owned()),
        ("min.cleanable.dirty.ratio", "0.01".to_owned()),
        ("delete.retention.ms", (RETENTION * 1000).to_string()),
    ]
}

/// Has Kafka clean the compacted topics of a document's history as soon as it can.
///
/// # Errors
/// When Kafka does not answer, or has no such topics.
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
