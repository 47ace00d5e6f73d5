//! Commits where a group begins.

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{ASK, Kafka, blocking, committed_offsets, unavailable};
use crate::begin::{BeginGroup, check_places};
use crate::broker::{Broker as _, Committed, StreamError};

impl BeginGroup for Kafka {
    async fn begin(&self, group: &str, topic: &str, places: Vec<Committed>) -> Result<(), StreamError> {
        let partitions = self.partitions(topic).await?;
        check_places(topic, usize::try_from(partitions).unwrap_or_default(), &places)?;
        let (settings, name, of) = (self.settings.clone(), group.to_owned(), topic.to_owned());
        let list = places.clone();
        blocking(move || {
            let client: BaseConsumer =
                settings.consumer(&name)?.create().map_err(|error| unavailable(&settings, &error))?;
            let mut begins = TopicPartitionList::new();
            for (partition, Committed { next, memo }) in (0..).zip(list) {
                let mut part = begins.add_partition(&of, partition);
                part.set_offset(Offset::Offset(next)).map_err(|error| unavailable(&settings, &error))?;
                part.set_metadata(memo.to_metadata());
            }
            // Waits until the group's coordinator is known, which a commit does not do for long.
            let known = client.committed_offsets(begins.clone(), ASK);
            known.map_err(|error| unavailable(&settings, &error))?;
            // Rejected if the group has members.
            client.commit(&begins, CommitMode::Sync).map_err(|error| unavailable(&settings, &error))
        })
        .await?;
        // The answer to a commit is one for all partitions.
        let kept = committed_offsets(self, group, topic).await?;
        if kept.into_iter().eq(places.into_iter().map(Some)) {
            return Ok(());
        }
        Err(StreamError::Unavailable(format!(
            "Kafka did not keep where the group {group} begins in {topic}: try again"
        )))
    }
}
