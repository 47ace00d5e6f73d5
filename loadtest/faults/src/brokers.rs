//! Asks Kafka which broker leads a partition or coordinates a group or transaction.

use generation::TopicReader;
use process::Failure;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use std::time::Duration;

use crate::outage::Role;
use crate::world::World;

/// Timeout of one metadata request.
const ASK: Duration = Duration::from_secs(10);
/// Attempts, because a partition that is moving has no leader for a moment.
const TRIES: u32 = 20;

/// The brokers of this instance, by their bootstrap address.
#[derive(Clone, Debug)]
pub struct Brokers(String);

impl Brokers {
    /// The cluster that `bootstrap` belongs to.
    #[must_use]
    pub fn new(bootstrap: &str) -> Self {
        Self(bootstrap.to_owned())
    }

    /// The id of the broker that has this role now.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn holder(&self, role: Role, world: &World) -> Result<i32, Failure> {
        let TopicReader { group, topic: chunks, .. } = TopicReader::embed(&world.generation);
        let (topic, coordinates) = match role {
            Role::LeadsDocuments => (topics::DOCUMENTS.to_owned(), None),
            Role::LeadsChunks => (chunks, None),
            Role::LeadsVectors => (world.generation.vectors(), None),
            Role::CoordinatesGroup => ("__consumer_offsets".to_owned(), Some(group)),
            Role::CoordinatesTransaction => {
                ("__transaction_state".to_owned(), Some(stream::transactional_id(&group, &chunks, 0)))
            }
        };
        let mut last = None;
        for _ in 0..TRIES {
            match self.leader(&topic, coordinates.as_deref()).await {
                Ok(leader) if leader >= 0 => return Ok(leader),
                Ok(_) => {}
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(last.unwrap_or_else(|| format!("nobody leads {topic}").into()))
    }

    /// The leader of the first partition of `topic`, or of the partition in which the coordinator of `name` keeps its
    /// state.
    async fn leader(&self, topic: &str, name: Option<&str>) -> Result<i32, Failure> {
        let (bootstrap, topic, name) = (self.0.clone(), topic.to_owned(), name.map(str::to_owned));
        let asked = tokio::task::spawn_blocking(move || {
            let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &bootstrap).create()?;
            let metadata = client.fetch_metadata(Some(&topic), ASK)?;
            let partitions = metadata.topics().first().map(MetadataTopic::partitions).unwrap_or_default();
            let number = name.map_or(0, |name| partition_of(&name, partitions.len()));
            let found = partitions.iter().find(|partition| partition.id() == number);
            Ok::<_, rdkafka::error::KafkaError>(found.map_or(-1, MetadataPartition::leader))
        });
        Ok(asked.await??)
    }
}

/// The partition of Kafka's internal topic that holds a group or transactional id: Java's `hashCode` of the name,
/// without its sign.
fn partition_of(name: &str, partitions: usize) -> i32 {
    let hash =
        name.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let partitions = i32::try_from(partitions).unwrap_or(1).max(1);
    hash.checked_abs().unwrap_or_default() % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_where_java_puts_it() {
        // "hello".hashCode() is 99162322; "polygenelubricants".hashCode() is i32::MIN, whose absolute value
        // overflows.
        assert_eq!(partition_of("hello", 50), 22);
        assert_eq!(partition_of("polygenelubricants", 50), 0);
    }
}
