//! What the guard needs from outside: what a person has confirmed.

use futures::stream::TryStreamExt as _;
use message::Said;
use stream::{Broker, StreamError, Trouble};
use tracing::warn;

/// The offset of `documents` below which the references of `partition` may remove; 0 when nobody confirmed anything. What
/// cannot be read confirms nothing.
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
