//! A group member. One thread polls, so that rebalances are answered and the member stays alive whatever the lanes do.
//! A partition with too many bytes outstanding is paused, and resumed once half of the limit is handled.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::util::Timeout;
use tokio::sync::mpsc;
use tracing::warn;

use super::starts::starts;
use super::{ASK, KafkaSettings, blocking, classify, unavailable};
use crate::broker::{Committed, Consumer, Event, Membership, Memo, Released, StreamError};
use crate::record::{Gauge, Record};

/// Timeout of one poll, and so about how late a paused partition is resumed.
const POLL: Duration = Duration::from_millis(50);
/// How long a revocation waits for lanes to close; the pipeline's own drain deadline is shorter.
const RELEASE: Duration = Duration::from_mins(2);

/// The member as the pipeline sees it.
#[derive(Debug)]
pub struct KafkaConsumer {
    events: mpsc::UnboundedReceiver<Event>,
    member: Member,
    stopping: Arc<AtomicBool>,
    polling: Option<JoinHandle<()>>,
}

/// What the lanes use of the member.
#[derive(Clone)]
pub struct Member {
    consumer: Arc<BaseConsumer<Context>>,
    topic: Arc<str>,
    name: Arc<str>,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Turns rebalances and client errors into events, and counts the bytes outstanding.
struct Context {
    settings: KafkaSettings,
    group: String,
    stopping: Arc<AtomicBool>,
    events: mpsc::UnboundedSender<Event>,
    gauges: Mutex<HashMap<i32, Gauge>>,
}

impl Context {
    fn gauge(&self, partition: i32) -> Gauge {
        let mut gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.entry(partition).or_default().clone()
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        drop(self.events.send(Event::Failed(classify(&error, reason))));
    }
}

impl ConsumerContext for Context {
    /// Assigns partitions with the offsets where they start (see [`starts`]), and takes them away once their lanes have
    /// closed. The group's protocol is the cooperative one: both are told by what changes.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let done = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, list)
        } else {
            self.release(list);
            consumer.incremental_unassign(list).map_err(|error| classify(&error, "a rebalance"))
        };
        if let Err(error) = done {
            drop(self.events.send(Event::Failed(error)));
        }
    }
}

impl Context {
    fn assign(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> Result<(), StreamError> {
        let starts = starts(&self.settings, &self.group, list, &self.stopping);
        // The client waits for this call, also before it can be closed.
        let assigned = consumer.incremental_assign(starts.as_ref().unwrap_or(list));
        assigned.map_err(|error| classify(&error, "a rebalance"))?;
        starts?;
        drop(self.events.send(Event::Assigned(partitions(list))));
        Ok(())
    }

    fn release(&self, list: &TopicPartitionList) {
        let (released, waits) = sync_channel(1);
        if self.events.send(Event::Revoked(partitions(list), Released::new(Some(released)))).is_ok() {
            // The answer is the sender's drop, which is an error here. The partitions remain ours until this returns.
            let _answered = waits.recv_timeout(RELEASE).is_err();
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(rdkafka::topic_partition_list::TopicPartitionListElem::partition).collect()
}

impl KafkaConsumer {
    pub(super) fn join(
        settings: &KafkaSettings,
        group: &str,
        topic: &str,
        queue_bytes: usize,
    ) -> Result<Self, StreamError> {
        let (sender, events) = mpsc::unbounded_channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let context = Context {
            settings: settings.clone(),
            group: group.to_owned(),
            stopping: Arc::clone(&stopping),
            events: sender.clone(),
            gauges: Mutex::default(),
        };
        let consumer: BaseConsumer<Context> =
            settings.consumer(group)?.create_with_context(context).map_err(|e| unavailable(settings, &e))?;
        consumer.subscribe(&[topic]).map_err(|error| unavailable(settings, &error))?;
        let consumer = Arc::new(consumer);
        let polling = Polling {
            consumer: Arc::clone(&consumer),
            events: sender,
            queue_bytes,
            stopping: Arc::clone(&stopping),
            paused: Vec::new(),
        };
        let polling = std::thread::Builder::new()
            .name(format!("poll {group}"))
            .spawn(move || polling.run())
            .map_err(|error| StreamError::Fatal(format!("no thread to poll Kafka: {error}")))?;
        let member =
            Member { consumer, topic: topic.into(), name: format!("group {group} of topic {topic}").into() };
        Ok(Self { events, member, stopping, polling: Some(polling) })
    }
}

impl Consumer for KafkaConsumer {
    type Membership = Member;

    async fn next(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => Event::Failed(StreamError::Fatal("the thread that polls Kafka ended".to_owned())),
        }
    }

    fn membership(&self) -> Member {
        self.member.clone()
    }
}

impl Drop for KafkaConsumer {
    /// Leaves the group, so that its partitions move at once instead of after the session timeout.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Nobody answers events any more: neither a revocation to come nor one already waiting here may block the
        // thread.
        self.events.close();
        while self.events.try_recv().is_ok() {}
        if let Some(polling) = self.polling.take() {
            // The thread ends within one poll. We then hold the last handle of the client, and dropping it leaves the
            // group.
            let _panicked = polling.join().is_err();
        }
    }
}

/// The polling thread.
struct Polling {
    consumer: Arc<BaseConsumer<Context>>,
    events: mpsc::UnboundedSender<Event>,
    queue_bytes: usize,
    stopping: Arc<AtomicBool>,
    paused: Vec<i32>,
}

impl Polling {
    fn run(mut self) {
        let consumer = Arc::clone(&self.consumer);
        while !self.stopping.load(Ordering::Relaxed) {
            self.resume();
            match consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => {
                    let partition = message.partition();
                    let gauge = consumer.context().gauge(partition);
                    let mut record = record(&message);
                    record.held = Some(gauge.hold(record.bytes()));
                    if self.events.send(Event::Record(record)).is_err() {
                        return;
                    }
                    if gauge.bytes() > self.queue_bytes {
                        self.pause(&message);
                    }
                }
                Some(Err(error)) => {
                    let failed = classify(&error, "reading");
                    if self.events.send(Event::Failed(failed)).is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn pause(&mut self, message: &BorrowedMessage<'_>) {
        let mut list = TopicPartitionList::new();
        list.add_partition(message.topic(), message.partition());
        match self.consumer.pause(&list) {
            Ok(()) if self.paused.contains(&message.partition()) => {}
            Ok(()) => self.paused.push(message.partition()),
            Err(error) => warn!(%error, partition = message.partition(), "pausing failed; tried again"),
        }
    }

    fn resume(&mut self) {
        if self.paused.is_empty() {
            return;
        }
        let (context, low) = (Arc::clone(self.consumer.context()), self.queue_bytes / 2);
        let is_ready = |partition: i32| context.gauge(partition).bytes() <= low;
        let Ok(assigned) = self.consumer.assignment() else { return };
        let mut list = TopicPartitionList::new();
        for element in assigned.elements() {
            if self.paused.contains(&element.partition()) && is_ready(element.partition()) {
                list.add_partition(element.topic(), element.partition());
            }
        }
        if list.count() == 0 {
            return;
        }
        match self.consumer.resume(&list) {
            // A partition that moved to another member stays in the list: it is still paused here when it comes back.
            Ok(()) => self.paused.retain(|partition| !partitions(&list).contains(partition)),
            Err(error) => warn!(%error, "resuming failed; tried again"),
        }
    }
}

/// An owned copy of a message.
pub(super) fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect()
    });
    Record {
        topic: message.topic().into(),
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
        timestamp: message.timestamp().to_millis(),
        held: None,
    }
}

impl Member {
    pub(super) fn group_metadata(&self) -> Result<ConsumerGroupMetadata, StreamError> {
        self.consumer
            .group_metadata()
            .ok_or_else(|| StreamError::Fenced(format!("{}: not a member any more", self.name)))
    }

    /// The partition's offset, with the memo as metadata.
    pub(super) fn offset(
        &self,
        partition: i32,
        committed: &Committed,
    ) -> Result<TopicPartitionList, StreamError> {
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(&self.topic, partition);
        element.set_offset(Offset::Offset(committed.next)).map_err(|error| classify(&error, &self.name))?;
        element.set_metadata(committed.memo.to_metadata());
        Ok(list)
    }

    pub(super) fn commit(&self, partition: i32, committed: &Committed) -> Result<(), StreamError> {
        let list = self.offset(partition, committed)?;
        let sync = rdkafka::consumer::CommitMode::Sync;
        self.consumer.commit(&list, sync).map_err(|error| classify(&error, &self.name))
    }
}

impl Membership for Member {
    async fn committed(&self, partition: i32) -> Result<Option<Committed>, StreamError> {
        let member = self.clone();
        blocking(move || {
            let mut list = TopicPartitionList::new();
            list.add_partition(&member.topic, partition);
            let answer: KafkaResult<TopicPartitionList> =
                member.consumer.committed_offsets(list, Timeout::After(ASK));
            let answer = answer.map_err(|error| classify(&error, &member.name))?;
            let Some(element) = answer.elements().into_iter().next() else { return Ok(None) };
            element.error().map_err(|error| classify(&error, &member.name))?;
            let Offset::Offset(next) = element.offset() else { return Ok(None) };
            Ok(Some(Committed { next, memo: Memo::from_metadata(element.metadata()) }))
        })
        .await
    }
}
