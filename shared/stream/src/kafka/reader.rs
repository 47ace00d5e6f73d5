#![expect(clippy::disallowed_methods, reason = "edge: gives up when the broker is silent too long")]
//! Reads one partition outside any group, to its end or for good. A thread reads a little ahead, and a stream yields what
//! it read.

use std::future::ready;
use std::ops::Range;
use std::time::{Duration, Instant};

use futures::stream::{StreamExt as _, TryStreamExt as _, poll_fn};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tracing::debug;

use super::{ASK, KafkaSettings, classify, unavailable};
use crate::broker::{Reading, StreamError};
use crate::record::{Gauge, Record};

/// Without a record or the end for this long, the broker counts as unavailable.
const SILENCE: Duration = Duration::from_secs(30);
/// How long to wait before a new leader is asked again.
const AGAIN: Duration = Duration::from_millis(200);
/// Limits on records read but not yet taken: at most this many bytes (plus one record), and this many records.
const AHEAD_BYTES: usize = 4 << 20;
const AHEAD_RECORDS: usize = 1024;
/// How long a poll waits for a record.
const POLL: Duration = Duration::from_millis(100);
/// How long the broker waits for a record at the end, before it tells that this is the end.
const AT_END: Duration = Duration::from_millis(20);
/// How long after the end was reported a record may still arrive that was committed before: a few fetches.
const SETTLED: Duration = Duration::from_millis(300);

/// librdkafka reports the end of a partition as an error, although it is none; real errors are also returned by the
/// poll.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "reading a partition");
    }
}

impl ConsumerContext for Quiet {}

type Sender = mpsc::Sender<Result<Record, StreamError>>;

/// When a reading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// At the end of the partition.
    End,
    /// When the caller drops it.
    Dropped,
}

/// The committed records of `topic`/`partition` from offset `from` on.
pub(super) fn records(
    settings: &KafkaSettings,
    (topic, partition): (&str, i32),
    from: i64,
    until: Until,
) -> Reading {
    let (settings, topic) = (settings.clone(), topic.to_owned());
    ahead(move |sender| read(&settings, (&topic, partition), (from, until), sender))
}

/// What `work` sends from a thread of its own. If the thread panics, that is an error; it never looks like the end of a
/// log.
fn ahead(work: impl FnOnce(&Sender) -> Result<(), StreamError> + Send + 'static) -> Reading {
    let (sender, mut receiver) = mpsc::channel(AHEAD_RECORDS);
    let thread = tokio::task::spawn_blocking(move || {
        if let Err(error) = work(&sender) {
            drop(sender.blocking_send(Err(error)));
        }
    });
    let died = |died| Err(StreamError::Unavailable(format!("reading a partition ended badly: {died}")));
    let end = futures::stream::once(thread).filter_map(move |ended| ready(ended.err().map(died)));
    // The limit covers waiting records only: a caller that keeps what it took must get the rest too.
    let taken = |record: Record| Record { held: None, ..record };
    poll_fn(move |context| receiver.poll_recv(context)).map_ok(taken).chain(end).boxed()
}

/// Sends records until the end, or until the receiver is dropped.
fn read(
    settings: &KafkaSettings,
    (topic, partition): (&str, i32),
    (from, until): (i64, Until),
    sender: &Sender,
) -> Result<(), StreamError> {
    let mut config = settings.reader()?;
    if until == Until::End {
        config.set("fetch.wait.max.ms", AT_END.as_millis().to_string());
    }
    let consumer: BaseConsumer<Quiet> =
        config.create_with_context(Quiet).map_err(|error| unavailable(settings, &error))?;
    // Where the leader is not known yet, librdkafka looks again only half a second later. A broker that is away is waited for below.
    drop(consumer.fetch_metadata(Some(topic), ASK));
    let mut list = TopicPartitionList::new();
    let start = if from > 0 { Offset::Offset(from) } else { Offset::Beginning };
    list.add_partition_offset(topic, partition, start).map_err(|error| classify(&error, topic))?;
    consumer.assign(&list).map_err(|error| classify(&error, topic))?;
    let (gauge, mut heard, mut ended) = (Gauge::default(), Instant::now(), None::<Instant>);
    while !sender.is_closed() {
        if gauge.bytes() > AHEAD_BYTES {
            std::thread::sleep(Duration::from_millis(2));
            heard = Instant::now();
            continue;
        }
        match consumer.poll(if ended.is_some() { SETTLED / 10 } else { POLL }) {
            Some(Ok(message)) => {
                (heard, ended) = (Instant::now(), None);
                let mut record = super::consumer::record(&message);
                record.held = Some(gauge.hold(record.bytes()));
                if sender.blocking_send(Ok(record)).is_err() {
                    return Ok(());
                }
            }
            // With read_committed, the end is reported at the last stable offset.
            Some(Err(KafkaError::PartitionEOF(_))) if until == Until::End => {
                confirm_end(settings, &consumer, (topic, partition))?;
                ended = Some(Instant::now());
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => return Err(classify(&error, topic)),
        }
        if ended.is_some_and(|ended| ended.elapsed() > SETTLED) {
            return Ok(());
        }
        if until == Until::End && heard.elapsed() > SILENCE {
            return Err(StreamError::Unavailable(format!(
                "Kafka at {} gave nothing of {topic}/{partition} for {SILENCE:?}",
                settings.kafka_brokers
            )));
        }
    }
    Ok(())
}

/// A broker that has just become the leader may report an end that lags behind what was committed. When asked for its
/// offsets it refuses until it knows better (KIP-207); what it serves after answering is complete.
fn confirm_end(
    settings: &KafkaSettings,
    consumer: &BaseConsumer<Quiet>,
    (topic, partition): (&str, i32),
) -> Result<(), StreamError> {
    let marks = watermarks(consumer, topic, partition);
    marks.map(drop).map_err(|error| unavailable(settings, &error))
}

/// The first offset of a partition and the one after its last. A broker that has just become its leader does not know
/// the end yet and says so (KIP-207); then it is asked again.
pub(super) fn watermarks<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
) -> Result<Range<i64>, KafkaError> {
    let begun = Instant::now();
    loop {
        match client.fetch_watermarks(topic, partition, ASK) {
            Ok((low, high)) => return Ok(low..high),
            Err(error)
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::OffsetNotAvailable)
                    && begun.elapsed() < ASK =>
            {
                std::thread::sleep(AGAIN);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger caught up with only half of its log would cause documents to be deleted.
    #[tokio::test]
    async fn a_thread_that_dies_is_no_end() {
        let ended = ahead(|_| panic!("a bug")).try_next().await;
        assert!(matches!(ended, Err(StreamError::Unavailable(_))), "{ended:?}");
        assert!(matches!(ahead(|_| Ok(())).try_next().await, Ok(None)));
    }
}
