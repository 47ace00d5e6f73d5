//! The edge: the only code that uses librdkafka.
//!
//! Blocking calls of librdkafka (transactions, commits, metadata) run on blocking threads, never on an async one.

mod admin;
mod begin;
mod consumer;
mod copies;
mod groups;
mod publisher;
mod reader;
mod removal;
mod settings;
mod standing;
mod starts;

use std::ops::Range;
use std::time::Duration;

pub use admin::{Applied, TopicSpec, committed_offsets, end_offsets};
pub use copies::least_in_sync;
pub use groups::groups;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
pub use settings::KafkaSettings;
pub use standing::{Standing, standings};

use crate::broker::{Broker, Reading, StreamError, missing_topic};

/// Timeout of one request to the broker.
pub(crate) const ASK: Duration = Duration::from_secs(15);

/// A Kafka cluster.
#[derive(Clone, Debug)]
pub struct Kafka {
    settings: KafkaSettings,
}

impl Kafka {
    /// The cluster that these settings name; connects on first use.
    #[must_use]
    pub fn new(settings: &KafkaSettings) -> Self {
        Self { settings: settings.clone() }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }
}

impl Broker for Kafka {
    type Consumer = consumer::KafkaConsumer;
    type Publisher = publisher::KafkaPublisher;
    type Membership = consumer::Member;

    async fn existing(&self, topic: &str) -> Result<Option<i32>, StreamError> {
        let (settings, topic) = (self.settings.clone(), topic.to_owned());
        blocking(move || {
            let client: BaseConsumer = settings.reader()?.create().map_err(|e| unavailable(&settings, &e))?;
            let metadata =
                client.fetch_metadata(Some(&topic), ASK).map_err(|error| unavailable(&settings, &error))?;
            Ok(find_partitions(metadata.topics(), &topic))
        })
        .await
    }

    fn subscribe(&self, group: &str, topic: &str, queue_bytes: usize) -> Result<Self::Consumer, StreamError> {
        consumer::KafkaConsumer::join(&self.settings, group, topic, queue_bytes)
    }

    async fn inherit(&self, group: &str, former: &str, topic: &str) -> Result<usize, StreamError> {
        groups::inherit(self, group, former, topic).await
    }

    async fn transactional(&self, id: &str, longest: Duration) -> Result<Self::Publisher, StreamError> {
        publisher::KafkaPublisher::transactional(&self.settings, id, longest).await
    }

    fn after_write(&self) -> Result<Self::Publisher, StreamError> {
        Ok(publisher::KafkaPublisher::after_write(&self.settings))
    }

    fn reading(&self, topic: &str, partition: i32, from: i64) -> Reading {
        reader::records(&self.settings, (topic, partition), from, reader::Until::End)
    }

    fn tail(&self, topic: &str, partition: i32, from: i64) -> Reading {
        reader::records(&self.settings, (topic, partition), from, reader::Until::Dropped)
    }

    async fn range(&self, topic: &str, partition: i32) -> Result<Range<i64>, StreamError> {
        let (settings, topic) = (self.settings.clone(), topic.to_owned());
        blocking(move || {
            let client: BaseConsumer = settings.reader()?.create().map_err(|e| unavailable(&settings, &e))?;
            reader::watermarks(&client, &topic, partition).map_err(|error| unavailable(&settings, &error))
        })
        .await
    }
}

/// The number of partitions of `topic` in a metadata response; none if it does not exist.
fn find_partitions(topics: &[MetadataTopic], topic: &str) -> Option<i32> {
    let found = topics.iter().find(|found| found.name() == topic && found.error().is_none())?;
    i32::try_from(found.partitions().len()).ok().filter(|partitions| *partitions > 0)
}

/// The number of partitions of `topic` in a metadata response.
pub(crate) fn count_partitions(topics: &[MetadataTopic], topic: &str) -> Result<i32, StreamError> {
    find_partitions(topics, topic).ok_or_else(|| missing_topic(topic))
}

/// Default deadline of a blocking call: longer than the timeouts given to librdkafka, because it does not keep all of
/// them.
pub(crate) const LONGEST: Duration = Duration::from_secs(45);

/// Runs blocking work on a blocking thread, with the default deadline.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StreamError> + Send + 'static,
) -> Result<T, StreamError> {
    blocking_for(LONGEST, work).await
}

/// The same with another deadline. Work that misses it continues by itself, so whatever it still does must be harmless
/// by then.
pub(crate) async fn blocking_for<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, StreamError> + Send + 'static,
) -> Result<T, StreamError> {
    match tokio::time::timeout(deadline, tokio::task::spawn_blocking(work)).await {
        Ok(ended) => ended
            .unwrap_or_else(|error| Err(StreamError::Fatal(format!("a call to Kafka ended badly: {error}")))),
        Err(_) => Err(StreamError::Unavailable(format!("Kafka gave no answer within {deadline:?}"))),
    }
}

pub(crate) fn unavailable(settings: &KafkaSettings, error: &KafkaError) -> StreamError {
    let at = format!(
        "Kafka at {} (see that it runs and that MILLRACE_KAFKA_BROKERS is right)",
        settings.kafka_brokers
    );
    classify(error, &at)
}

/// Classifies a failure of librdkafka by what the caller does next. `at` names the broker or the call.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "librdkafka's list is open; what is not named is waited out"
)]
pub(crate) fn classify(error: &KafkaError, at: &str) -> StreamError {
    use RDKafkaErrorCode as Code;

    if let KafkaError::Transaction(inner) = error {
        // A coordinator that is just fencing this writer answers with an error that it has no name for. Then nobody knows what
        // became of the transaction, and whoever goes on looks first, as after a rival.
        if inner.is_fatal() || inner.code() == Code::Unknown {
            return StreamError::Fenced(format!("{at}: {error}"));
        }
        return by_code(inner.code(), format!("{at}: {error}"));
    }
    match error.rdkafka_error_code() {
        Some(
            Code::ClusterAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::SaslAuthenticationFailed,
        ) => StreamError::Fatal(format!("{at} refuses these credentials: {error}")),
        Some(code) => by_code(code, format!("{at}: {error}")),
        None => match error {
            KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => {
                StreamError::Fatal(format!("{at}: {error}; check MILLRACE_KAFKA_PROPERTIES"))
            }
            _ => StreamError::Unavailable(format!("{at}: {error}")),
        },
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "librdkafka's list is open; what is not named is waited out"
)]
fn by_code(code: RDKafkaErrorCode, text: String) -> StreamError {
    use RDKafkaErrorCode as Code;

    match code {
        Code::Fenced
        | Code::ProducerFenced
        | Code::InvalidProducerEpoch
        | Code::UnknownMemberId
        | Code::IllegalGeneration
        | Code::FencedInstanceId
        | Code::RebalanceInProgress
        | Code::AssignmentLost => StreamError::Fenced(text),
        Code::TopicAuthorizationFailed | Code::TransactionalIdAuthorizationFailed => StreamError::Fatal(text),
        Code::MessageSizeTooLarge => StreamError::Fatal(format!(
            "{text}: a record is larger than the topic takes (max.message.bytes): run `millrace topics apply`"
        )),
        _ => StreamError::Unavailable(text),
    }
}
