//! Reads what a person has confirmed to the guard.

use futures::stream::TryStreamExt as _;
use message::Said;
use stream::{Broker, StreamError, Trouble};
use tracing::warn;

/// The offset of `documents` below which references of `partition` may delete; 0 when nothing was confirmed. An
/// unreadable confirmation confirms nothing.
pub(crate) async fn confirmed<B: Broker>(broker: &B, topic: &str, partition: i32) -> Result<i64, Trouble> {
    let read = heard(broker, topic, partition).await;
    read.map_err(|error| Trouble::wait(format!("the topic {topic}: {error}")))
}

async fn heard<B: Broker>(broker: &B, topic: &str, partition: i32) -> Result<i64, StreamError> {
    let (mut records, mut until) = (broker.reading(topic, 0, 0), 0);
    while let Some(record) = records.try_next().await? {
        match Said::parse(record.value.as_deref().unwrap_or_default()) {
            Ok(Said::Confirmation(said)) if said.partition == partition => until = said.until.max(until),
            Ok(_) => {}
            Err(error) => warn!(topic = %record.topic, offset = record.offset, error, "not understood"),
        }
    }
    Ok(until)
}
