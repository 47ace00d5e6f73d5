//! Topics and offsets, for the operator's command: create, compare, verify, measure lag.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;

use super::copies::{LEAST, least_in_sync};
use super::reader::watermarks;
use super::{ASK, Kafka, KafkaSettings, blocking, blocking_for, classify, count_partitions, unavailable};
use crate::broker::{Broker as _, Committed, Memo, StreamError};

/// The topic on which [`Kafka::prove`] tests what a broker must support.
const PROBE: &str = "millrace-probe";
/// Deadline of that test: it makes many calls, and a new broker first creates its transaction topic.
const PROVING: Duration = Duration::from_mins(3);

/// The desired state of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its number of partitions, fixed at creation.
    pub partitions: i32,
    /// Its settings, by Kafka's names.
    pub settings: BTreeMap<String, String>,
}

/// The result of applying a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It did not exist.
    Created,
    /// These settings had other values.
    Changed(Vec<String>),
    /// Nothing to do.
    Unchanged,
}

impl Kafka {
    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>, StreamError> {
        self.settings.client()?.create().map_err(|error| unavailable(&self.settings, &error))
    }

    /// Creates `spec` with `replication` copies of each record, or changes its settings. All copies but one must have a
    /// record before it is acknowledged.
    ///
    /// # Errors
    /// Fatal if the topic exists with another number of partitions, which is never changed, because that would split
    /// the documents' history; or if it has fewer copies than requested.
    pub async fn apply(&self, spec: &TopicSpec, replication: i32) -> Result<Applied, StreamError> {
        match self.existing(&spec.name).await? {
            Some(partitions) if partitions == spec.partitions => {
                let copies = self.prove_copies(&spec.name, replication).await?;
                self.change(&in_sync(spec, copies)).await
            }
            Some(partitions) => Err(StreamError::Fatal(format!(
                "topic {} has {partitions} partitions, {} are asked for, and the count is fixed at creation: keep \
                 --partitions {partitions}, or use a new set of topics and fill it by reconcile",
                spec.name, spec.partitions
            ))),
            None => {
                let applied = self.create(&in_sync(spec, replication), replication).await?;
                self.prove_copies(&spec.name, replication).await?;
                Ok(applied)
            }
        }
    }

    async fn create(&self, spec: &TopicSpec, replication: i32) -> Result<Applied, StreamError> {
        let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(replication));
        for (name, value) in &spec.settings {
            topic = topic.set(name, value);
        }
        let answers = self
            .admin()?
            .create_topics(
                [&topic],
                &AdminOptions::new().operation_timeout(Some(ASK)).request_timeout(Some(ASK)),
            )
            .await
            .map_err(|error| unavailable(&self.settings, &error))?;
        for answer in answers {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(StreamError::Fatal(format!("topic {name} cannot be created: {code}")));
                }
            }
        }
        self.wait_for(&spec.name).await?;
        Ok(Applied::Created)
    }

    /// A newly created topic takes a moment to be known everywhere.
    async fn wait_for(&self, topic: &str) -> Result<(), StreamError> {
        let mut last = Ok(());
        for _ in 0..50 {
            match self.partitions(topic).await {
                Ok(_) => return Ok(()),
                Err(error) => last = Err(error),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        last
    }

    async fn change(&self, spec: &TopicSpec) -> Result<Applied, StreamError> {
        let current = self.topic_settings(&spec.name).await?;
        let other: Vec<String> = spec
            .settings
            .iter()
            .filter(|(name, value)| current.get(*name) != Some(value))
            .map(|(name, _)| name.clone())
            .collect();
        if other.is_empty() {
            return Ok(Applied::Unchanged);
        }
        let mut alter = AlterConfig::new(ResourceSpecifier::Topic(&spec.name));
        for (name, value) in &spec.settings {
            alter = alter.set(name, value);
        }
        let options = AdminOptions::new().request_timeout(Some(ASK));
        let answers = self.admin()?.alter_configs([&alter], &options).await;
        for answer in answers.map_err(|error| unavailable(&self.settings, &error))? {
            answer.map_err(|(_, code)| {
                StreamError::Fatal(format!("settings of topic {} cannot be changed: {code}", spec.name))
            })?;
        }
        Ok(Applied::Changed(other))
    }

    async fn topic_settings(&self, topic: &str) -> Result<BTreeMap<String, String>, StreamError> {
        let options = AdminOptions::new().request_timeout(Some(ASK));
        let answers = self.admin()?.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await;
        let mut settings = BTreeMap::new();
        for answer in answers.map_err(|error| unavailable(&self.settings, &error))? {
            let resource = answer
                .map_err(|code| StreamError::Unavailable(format!("settings of topic {topic}: {code}")))?;
            if matches!(&resource.specifier, OwnedResourceSpecifier::Topic(name) if name == topic) {
                let entries = resource.entries.into_iter();
                settings.extend(entries.filter_map(|entry| Some((entry.name, entry.value?))));
            }
        }
        Ok(settings)
    }

    /// Verifies on a topic of its own that the broker supports compaction (it keeps the policy, and rejects a record
    /// without a key) and transactions (one is committed).
    ///
    /// # Errors
    /// Fatal, naming what is missing and the setting to change.
    pub async fn prove(&self, replication: i32) -> Result<(), StreamError> {
        let settings = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let spec = TopicSpec { name: PROBE.to_owned(), partitions: 1, settings };
        // A probe topic from an earlier run may have fewer copies, which is harmless because it holds nothing.
        let copies = self.copies(PROBE).await.unwrap_or(replication);
        self.apply(&spec, copies.min(replication)).await?;
        let kept = self.topic_settings(PROBE).await?;
        if kept.get("cleanup.policy").map(String::as_str) != Some("compact") {
            return Err(missing("compaction", "it did not keep cleanup.policy=compact"));
        }
        let settings = self.settings.clone();
        let proving = move || prove_compaction(&settings).and_then(|()| prove_transactions(&settings));
        blocking_for(PROVING, proving).await
    }
}

/// `spec`, with the number of brokers that must have a record.
fn in_sync(spec: &TopicSpec, copies: i32) -> TopicSpec {
    let mut spec = spec.clone();
    spec.settings.insert(LEAST.to_owned(), least_in_sync(copies).to_string());
    spec
}

fn missing(what: &str, seen: &str) -> StreamError {
    StreamError::Fatal(format!(
        "the broker does not give {what} ({seen}). Millrace's exactness rests on it. On ApsaraMQ for Kafka, create the \
         topics with \"local storage\" (cloud storage topics have neither compaction nor transactions)"
    ))
}

fn prove_compaction(settings: &KafkaSettings) -> Result<(), StreamError> {
    let producer: BaseProducer<Refused> = settings
        .producer()?
        .create_with_context(Refused::default())
        .map_err(|error| unavailable(settings, &error))?;
    let record: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(PROBE).payload(b"a record without a key".as_slice());
    producer.send(record).map_err(|(error, _)| unavailable(settings, &error))?;
    producer.flush(ASK).map_err(|error| unavailable(settings, &error))?;
    match producer.context().0.get() {
        Some(Code::InvalidRecord) => Ok(()),
        Some(code) => {
            Err(StreamError::Unavailable(format!("the probe of compaction failed otherwise: {code}")))
        }
        None => Err(missing("compaction", "a compacted topic took a record without a key")),
    }
}

fn prove_transactions(settings: &KafkaSettings) -> Result<(), StreamError> {
    let mut config = settings.producer()?;
    config.set("transactional.id", PROBE);
    let producer: BaseProducer = config.create().map_err(|error| unavailable(settings, &error))?;
    let not_given = |error| match classify(&error, "transactions") {
        StreamError::Unavailable(text) => StreamError::Unavailable(text),
        StreamError::Fenced(text) | StreamError::Fatal(text) => missing("transactions", &text),
    };
    producer.init_transactions(ASK).map_err(not_given)?;
    producer.begin_transaction().map_err(not_given)?;
    let record: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(PROBE).key(b"probe".as_slice()).payload(b"committed".as_slice());
    producer.send(record).map_err(|(error, _)| unavailable(settings, &error))?;
    producer.commit_transaction(ASK).map_err(not_given)
}

/// Remembers the error code with which a record was rejected.
#[derive(Default)]
struct Refused(std::sync::OnceLock<Code>);

impl rdkafka::ClientContext for Refused {}

impl rdkafka::producer::ProducerContext for Refused {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &rdkafka::message::DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result
            && let Some(code) = error.rdkafka_error_code()
        {
            self.0.get_or_init(|| code);
        }
    }
}

/// The offset after the last record of each partition of `topic`, as of now.
///
/// # Errors
/// Unavailable if the broker cannot be reached or the topic does not exist.
pub async fn end_offsets(kafka: &Kafka, topic: &str) -> Result<Vec<i64>, StreamError> {
    let (settings, topic) = (kafka.settings.clone(), topic.to_owned());
    blocking(move || {
        let client: BaseConsumer =
            settings.reader()?.create().map_err(|error| unavailable(&settings, &error))?;
        let metadata =
            client.fetch_metadata(Some(&topic), ASK).map_err(|error| unavailable(&settings, &error))?;
        (0..count_partitions(metadata.topics(), &topic)?)
            .map(|partition| {
                let marks = watermarks(&client, &topic, partition);
                marks.map(|marks| marks.end).map_err(|error| unavailable(&settings, &error))
            })
            .collect()
    })
    .await
}

/// What `group` committed for each partition of `topic`; none where it never committed.
///
/// # Errors
/// Unavailable if the broker cannot be reached or the topic does not exist.
pub async fn committed_offsets(
    kafka: &Kafka,
    group: &str,
    topic: &str,
) -> Result<Vec<Option<Committed>>, StreamError> {
    let partitions = kafka.partitions(topic).await?;
    let (settings, group, topic) = (kafka.settings.clone(), group.to_owned(), topic.to_owned());
    blocking(move || {
        let client: BaseConsumer =
            settings.consumer(&group)?.create().map_err(|error| unavailable(&settings, &error))?;
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&topic, 0, partitions - 1);
        let answer = client.committed_offsets(list, ASK).map_err(|error| unavailable(&settings, &error))?;
        let mut offsets = vec![None; usize::try_from(partitions).unwrap_or_default()];
        for element in answer.elements() {
            let slot = usize::try_from(element.partition()).ok().and_then(|number| offsets.get_mut(number));
            if let (Some(slot), Offset::Offset(next)) = (slot, element.offset()) {
                *slot = Some(Committed { next, memo: Memo::from_metadata(element.metadata()) });
            }
        }
        Ok(offsets)
    })
    .await
}
