//! Writers: transactional (one per input partition), and one that writes before it commits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::consumer::Member;
use super::{ASK, KafkaSettings, blocking, classify, count_partitions, unavailable};
use crate::broker::{Committed, Publisher, StreamError};
use crate::record::Outgoing;

/// Kafka aborts a transaction that is open longer: a stuck worker must not hold back readers of its outputs.
const TRANSACTION: Duration = Duration::from_secs(15);
/// How long fencing the previous owner may take (it may wait for the previous transaction to end).
const FENCE: Duration = Duration::from_secs(30);

/// A writer.
#[derive(Clone)]
pub struct KafkaPublisher {
    settings: KafkaSettings,
    producer: Option<Arc<BaseProducer<Deliveries>>>,
    transactional: bool,
    partitions: HashMap<String, i32>,
}

impl std::fmt::Debug for KafkaPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaPublisher").field("transactional", &self.transactional).finish_non_exhaustive()
    }
}

/// Remembers the first record that was not delivered.
#[derive(Default)]
struct Deliveries(Mutex<Option<KafkaError>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
    }
}

impl KafkaPublisher {
    pub(super) async fn transactional(settings: &KafkaSettings, id: &str) -> Result<Self, StreamError> {
        let (settings, id) = (settings.clone(), id.to_owned());
        blocking(move || {
            let mut config = settings.producer()?;
            config
                .set("transactional.id", &id)
                .set("transaction.timeout.ms", TRANSACTION.as_millis().to_string());
            let producer: BaseProducer<Deliveries> =
                config.create_with_context(Deliveries::default()).map_err(|e| unavailable(&settings, &e))?;
            producer.init_transactions(FENCE).map_err(|error| unavailable(&settings, &error))?;
            Ok(Self {
                settings,
                producer: Some(Arc::new(producer)),
                transactional: true,
                partitions: HashMap::new(),
            })
        })
        .await
    }

    pub(super) fn after_write(settings: &KafkaSettings) -> Self {
        Self { settings: settings.clone(), producer: None, transactional: false, partitions: HashMap::new() }
    }

    /// Publishes on a blocking thread.
    fn publish_blocking(
        &mut self,
        records: &[Outgoing],
        member: &Member,
        (partition, committed): (i32, &Committed),
    ) -> Result<(), StreamError> {
        if self.transactional {
            let producer = self.producer()?;
            let at = "transaction";
            producer.begin_transaction().map_err(|error| classify(&error, at))?;
            self.send(&producer, records)?;
            let metadata = member.group_metadata()?;
            producer
                .send_offsets_to_transaction(&member.offset(partition, committed)?, &metadata, TRANSACTION)
                .map_err(|error| classify(&error, at))?;
            return producer.commit_transaction(TRANSACTION).map_err(|error| classify(&error, at));
        }
        if !records.is_empty() {
            let producer = self.producer()?;
            self.send(&producer, records)?;
            producer.flush(TRANSACTION).map_err(|error| unavailable(&self.settings, &error))?;
            let failed = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(error) = failed {
                return Err(unavailable(&self.settings, &error));
            }
        }
        member.commit(partition, committed)
    }

    /// The producer; a writer that writes first makes it with its first record, as it writes dead letters only.
    fn producer(&mut self) -> Result<Arc<BaseProducer<Deliveries>>, StreamError> {
        if let Some(producer) = &self.producer {
            return Ok(Arc::clone(producer));
        }
        let producer: BaseProducer<Deliveries> = self
            .settings
            .producer()?
            .create_with_context(Deliveries::default())
            .map_err(|error| unavailable(&self.settings, &error))?;
        Ok(Arc::clone(self.producer.insert(Arc::new(producer))))
    }

    fn send(&mut self, producer: &BaseProducer<Deliveries>, records: &[Outgoing]) -> Result<(), StreamError> {
        for outgoing in records {
            let partitions = match self.partitions.get(&outgoing.topic) {
                Some(partitions) => *partitions,
                None => self.count(producer, &outgoing.topic)?,
            };
            let headers = outgoing.wire_headers();
            let mut wire = OwnedHeaders::new_with_capacity(headers.len());
            for (key, value) in &headers {
                wire = wire.insert(Header { key, value: Some(value.as_slice()) });
            }
            let mut record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(&outgoing.topic).partition(outgoing.partition(partitions)).headers(wire);
            record.key = outgoing.key.as_deref();
            record.payload = outgoing.value.as_deref();
            self.send_one(producer, record)?;
        }
        Ok(())
    }

    /// Queues a record; while the queue is full, waits for deliveries, up to the transaction's time.
    fn send_one(
        &self,
        producer: &BaseProducer<Deliveries>,
        mut record: BaseRecord<'_, [u8], [u8]>,
    ) -> Result<(), StreamError> {
        let polls = TRANSACTION.as_millis() / 100;
        for _ in 0..polls {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
                Err((error, _)) => return Err(unavailable(&self.settings, &error)),
            }
            producer.poll(Duration::from_millis(100));
        }
        Err(StreamError::Unavailable(format!(
            "Kafka at {} takes no records: its queue here stayed full",
            self.settings.kafka_brokers
        )))
    }

    fn count(&mut self, producer: &BaseProducer<Deliveries>, topic: &str) -> Result<i32, StreamError> {
        let metadata = producer
            .client()
            .fetch_metadata(Some(topic), ASK)
            .map_err(|error| unavailable(&self.settings, &error))?;
        let partitions = count_partitions(metadata.topics(), topic)?;
        self.partitions.insert(topic.to_owned(), partitions);
        Ok(partitions)
    }
}

impl Publisher for KafkaPublisher {
    type Membership = Member;

    async fn publish(
        &mut self,
        records: Vec<Outgoing>,
        membership: &Member,
        partition: i32,
        committed: Committed,
    ) -> Result<(), StreamError> {
        let (mut writer, member) = (self.clone(), membership.clone());
        let written = blocking(move || {
            writer.publish_blocking(&records, &member, (partition, &committed)).map(|()| writer)
        })
        .await?;
        *self = written;
        Ok(())
    }
}
