//! Consumer groups as a whole: which exist, and passing offsets from one to another.

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{ASK, Kafka, KafkaSettings, blocking, unavailable};
use crate::broker::{Broker as _, StreamError};

/// The names of all consumer groups that Kafka knows.
///
/// # Errors
/// Unavailable if the broker cannot be reached.
pub async fn groups(kafka: &Kafka) -> Result<Vec<String>, StreamError> {
    let settings = kafka.settings.clone();
    blocking(move || {
        let client: BaseConsumer =
            settings.reader()?.create().map_err(|error| unavailable(&settings, &error))?;
        let list = client.fetch_group_list(None, ASK).map_err(|error| unavailable(&settings, &error))?;
        Ok(list.groups().iter().map(|group| group.name().to_owned()).collect())
    })
    .await
}

/// See [`Broker::inherit`](crate::Broker::inherit).
pub(super) async fn inherit(
    kafka: &Kafka,
    group: &str,
    former: &str,
    topic: &str,
) -> Result<usize, StreamError> {
    let partitions = kafka.partitions(topic).await?;
    let settings = kafka.settings.clone();
    let (group, former, topic) = (group.to_owned(), former.to_owned(), topic.to_owned());
    blocking(move || {
        let (heir, mine) = committed(&settings, &group, (&topic, partitions))?;
        let (_, left) = committed(&settings, &former, (&topic, partitions))?;
        let mut will = TopicPartitionList::new();
        for element in left.elements() {
            let is_free = mine
                .find_partition(&topic, element.partition())
                .is_some_and(|mine| !matches!(mine.offset(), Offset::Offset(_)));
            if let (true, Offset::Offset(next)) = (is_free, element.offset()) {
                let mut part = will.add_partition(&topic, element.partition());
                part.set_offset(Offset::Offset(next)).map_err(|error| unavailable(&settings, &error))?;
                part.set_metadata(element.metadata());
            }
        }
        if will.count() > 0 {
            // Rejected if the group has members by now: another process was faster, and the next attempt sees what it
            // took over.
            heir.commit(&will, CommitMode::Sync).map_err(|error| unavailable(&settings, &error))?;
        }
        Ok(will.count())
    })
    .await
}

/// What `group` committed for each partition, and a client that may commit for it while it has no members.
fn committed(
    settings: &KafkaSettings,
    group: &str,
    (topic, partitions): (&str, i32),
) -> Result<(BaseConsumer, TopicPartitionList), StreamError> {
    let client: BaseConsumer =
        settings.consumer(group)?.create().map_err(|error| unavailable(settings, &error))?;
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let answer = client.committed_offsets(list, ASK).map_err(|error| unavailable(settings, &error))?;
    for element in answer.elements() {
        element.error().map_err(|error| unavailable(settings, &error))?;
    }
    Ok((client, answer))
}
