//! Writers: transactional ones (one per input partition), and one that writes before it commits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fault::{Mechanism, Place};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::consumer::Member;
use super::{ASK, KafkaSettings, LONGEST, blocking, blocking_for, classify, count_partitions, unavailable};
use crate::broker::{Committed, LANE_TRANSACTION, Published, Publisher, StreamError};
use crate::record::Outgoing;

/// After this long, writing a batch counts as hung.
const WRITES: Duration = LANE_TRANSACTION;
/// Timeout for the delivery of a batch; shorter than a lane's transaction.
const DELIVERY: Duration = Duration::from_secs(50);
/// Timeout of the calls that end a transaction.
const ENDING: Duration = Duration::from_secs(15);
/// After this long, adding the group's offset counts as hung: longer than `ENDING`, which librdkafka gets as its
/// timeout.
const ADDS: Duration = Duration::from_secs(17);
/// The name of these calls in errors.
const TRANSACTION_CALL: &str = "transaction";
/// Timeout for fencing the previous owner, which may have to wait for the previous transaction to end.
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

/// Remembers where records went, and the first delivery error.
#[derive(Default)]
struct Deliveries(Mutex<Delivered>);

#[derive(Default)]
struct Delivered {
    published: Published,
    failed: Option<KafkaError>,
}

impl Deliveries {
    /// The deliveries since the last call.
    fn take(&self) -> Delivered {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(message) => {
                let last = delivered.published.last.entry(message.topic().to_owned()).or_default();
                *last = message.offset().max(*last);
            }
            Err((error, _)) => {
                delivered.failed.get_or_insert_with(|| error.clone());
            }
        }
    }
}

impl KafkaPublisher {
    pub(super) async fn transactional(
        settings: &KafkaSettings,
        id: &str,
        longest: Duration,
    ) -> Result<Self, StreamError> {
        if fault::is_off(Mechanism::Transaction) {
            return Ok(Self::after_write(settings));
        }
        let settings = settings.clone();
        let own =
            if fault::is_off(Mechanism::Fencing) { std::process::id().to_string() } else { String::new() };
        let id = format!("{id}{own}");
        blocking(move || {
            let mut config = settings.producer()?;
            config
                .set("transactional.id", &id)
                .set("transaction.timeout.ms", longest.as_millis().to_string());
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

    /// Writes, then commits the offset.
    fn publish_after(
        &mut self,
        records: &[Outgoing],
        commit: Option<(&Member, i32, &Committed)>,
    ) -> Result<Published, StreamError> {
        let delivered = if records.is_empty() { Delivered::default() } else { self.deliver(records)? };
        if let Some(error) = delivered.failed {
            return Err(unavailable(&self.settings, &error));
        }
        if let Some((member, partition, committed)) = commit {
            fault::strike(Place::BeforeCommit);
            member.commit(partition, committed)?;
        }
        Ok(delivered.published)
    }

    /// Begins a transaction and writes the records into it.
    fn begin(&mut self, records: &[Outgoing]) -> Result<Published, StreamError> {
        self.producer()?.begin_transaction().map_err(|error| classify(&error, TRANSACTION_CALL))?;
        // A record that was not delivered makes the commit fail, and only that error tells whether another writer took
        // over.
        Ok(self.deliver(records)?.published)
    }

    /// Adds the group's offset to the transaction.
    fn add_offset(
        &mut self,
        member: &Member,
        partition: i32,
        committed: &Committed,
    ) -> Result<(), StreamError> {
        let metadata = member.group_metadata()?;
        let offset = member.offset(partition, committed)?;
        let added = self.producer()?.send_offsets_to_transaction(&offset, &metadata, ENDING);
        added.map_err(|error| classify(&error, TRANSACTION_CALL))
    }

    /// Commits the transaction.
    fn finish(&mut self) -> Result<(), StreamError> {
        fault::strike(Place::BeforeCommit);
        self.producer()?.commit_transaction(ENDING).map_err(|error| classify(&error, TRANSACTION_CALL))
    }

    /// Publishes records and offset in one transaction.
    async fn publish_together(
        &mut self,
        records: Vec<Outgoing>,
        commit: Option<(Member, i32, Committed)>,
    ) -> Result<Published, StreamError> {
        let fenced = !fault::is_off(Mechanism::Fencing);
        let published = self.on_thread(WRITES, move |writer| writer.begin(&records)).await?;
        let (inside, after) = if fenced { (commit, None) } else { (None, commit) };
        if let Some((member, partition, committed)) = inside {
            // librdkafka does not keep its timeout here if the group's coordinator has left the cluster (its issues
            // 5456 and 5511). Whatever the call still does later is fenced: the lane creates a new writer with the same
            // id.
            let add = move |writer: &mut Self| writer.add_offset(&member, partition, &committed);
            self.on_thread(ADDS, add).await?;
        }
        self.on_thread(LONGEST, Self::finish).await?;
        if let Some((member, partition, committed)) = after {
            self.on_thread(LONGEST, move |_| member.commit(partition, &committed)).await?;
        }
        Ok(published)
    }

    /// Runs work on a blocking thread, with a deadline.
    async fn on_thread<T: Send + 'static>(
        &mut self,
        deadline: Duration,
        work: impl FnOnce(&mut Self) -> Result<T, StreamError> + Send + 'static,
    ) -> Result<T, StreamError> {
        let mut writer = self.clone();
        let work = move || work(&mut writer).map(|done| (writer, done));
        let (writer, done) = blocking_for(deadline, work).await?;
        *self = writer;
        Ok(done)
    }

    /// Sends records and waits until each is delivered or has failed.
    fn deliver(&mut self, records: &[Outgoing]) -> Result<Delivered, StreamError> {
        let producer = self.producer()?;
        drop(producer.context().take());
        let (front, back) = records.split_at(records.len().div_ceil(2));
        self.send(&producer, front)?;
        if fault::awaits(Place::AmidProduce) {
            self.flush(&producer)?;
            fault::strike(Place::AmidProduce);
        }
        self.send(&producer, back)?;
        self.flush(&producer)?;
        fault::strike(Place::AfterProduce);
        Ok(producer.context().take())
    }

    fn flush(&self, producer: &BaseProducer<Deliveries>) -> Result<(), StreamError> {
        producer.flush(DELIVERY).map_err(|error| unavailable(&self.settings, &error))
    }

    /// The producer. An after-write publisher creates it with its first record, because in a lane it writes only dead
    /// letters.
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

    /// Queues a record. While the queue is full, waits for deliveries, for at most [`DELIVERY`].
    fn send_one(
        &self,
        producer: &BaseProducer<Deliveries>,
        mut record: BaseRecord<'_, [u8], [u8]>,
    ) -> Result<(), StreamError> {
        let polls = DELIVERY.as_millis() / 100;
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
    ) -> Result<Published, StreamError> {
        let member = membership.clone();
        if self.transactional {
            return self.publish_together(records, Some((member, partition, committed))).await;
        }
        let after =
            move |writer: &mut Self| writer.publish_after(&records, Some((&member, partition, &committed)));
        self.on_thread(WRITES, after).await
    }

    async fn write(&mut self, records: Vec<Outgoing>) -> Result<Published, StreamError> {
        if self.transactional {
            return self.publish_together(records, None).await;
        }
        self.on_thread(WRITES, move |writer| writer.publish_after(&records, None)).await
    }
}
