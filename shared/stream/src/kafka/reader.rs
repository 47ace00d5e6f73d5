#![expect(clippy::disallowed_methods, reason = "edge: gives up when the broker is silent too long")]
//! Reads one partition to its end, outside any group.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::debug;

use super::{KafkaSettings, classify, unavailable};
use crate::broker::StreamError;
use crate::record::Record;

/// Without a record or the end for this long, the broker counts as away.
const SILENCE: Duration = Duration::from_secs(30);

/// The end of a partition is told as an error, and is none; what matters is told by the poll as well.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "reading a partition");
    }
}

impl ConsumerContext for Quiet {}

/// Gives committed records from offset `from` on to `each`, until it breaks or the end; answers the offset after the last.
pub(super) fn read(
    settings: &KafkaSettings,
    (topic, partition): (&str, i32),
    from: i64,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<i64, StreamError> {
    let consumer: BaseConsumer<Quiet> =
        settings.reader()?.create_with_context(Quiet).map_err(|error| unavailable(settings, &error))?;
    let mut list = TopicPartitionList::new();
    let start = if from > 0 { Offset::Offset(from) } else { Offset::Beginning };
    list.add_partition_offset(topic, partition, start).map_err(|error| classify(&error, topic))?;
    consumer.assign(&list).map_err(|error| classify(&error, topic))?;
    let (mut next, mut heard) = (from, Instant::now());
    loop {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                next = message.offset() + 1;
                heard = Instant::now();
                if each(super::consumer::record(&message)).is_break() {
                    return Ok(next);
                }
            }
            // In read_committed the end is reported at the last stable offset.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(next),
            Some(Err(error)) => return Err(classify(&error, topic)),
            None if heard.elapsed() > SILENCE => {
                return Err(StreamError::Unavailable(format!(
                    "Kafka at {} gave nothing of {topic}/{partition} for {SILENCE:?}",
                    settings.kafka_brokers
                )));
            }
            None => {}
        }
    }
}
