//! A zombie: a worker that was paused while another took over its partition.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use message::DocumentId;
use objects::{Entry, ListingPage, Look, MemoryStore, Store, StoreError};
use stream::broker::{Committed, Consumer, Event, Publisher};
use stream::memory::{Memory, MemoryConsumer, MemoryMember, MemoryPublisher};
use stream::{Broker, Outcome, Reading, StreamError};
use tokio::sync::Semaphore;

use crate::bench::{
    Bench, CHUNKS, INPUT, LEDGER, chunking, created, handle, id, outputs, page, plan, stage, until, version,
};

/// The broker, recording who joined and how often a writer was requested.
#[derive(Clone)]
struct Watched {
    broker: Memory,
    member: Arc<Mutex<Option<MemoryMember>>>,
    writers: Arc<AtomicUsize>,
}

impl Broker for Watched {
    type Consumer = MemoryConsumer;
    type Publisher = MemoryPublisher;
    type Membership = MemoryMember;

    async fn existing(&self, topic: &str) -> Result<Option<i32>, StreamError> {
        self.broker.existing(topic).await
    }

    fn subscribe(&self, group: &str, topic: &str, queue_bytes: usize) -> Result<MemoryConsumer, StreamError> {
        let consumer = self.broker.subscribe(group, topic, queue_bytes)?;
        *self.member.lock().unwrap() = Some(consumer.membership());
        Ok(consumer)
    }

    async fn inherit(&self, group: &str, former: &str, topic: &str) -> Result<usize, StreamError> {
        self.broker.inherit(group, former, topic).await
    }

    async fn transactional(&self, id: &str, longest: Duration) -> Result<MemoryPublisher, StreamError> {
        self.writers.fetch_add(1, Ordering::Relaxed);
        self.broker.transactional(id, longest).await
    }

    fn after_write(&self) -> Result<MemoryPublisher, StreamError> {
        self.broker.after_write()
    }

    fn reading(&self, topic: &str, partition: i32, from: i64) -> Reading {
        self.broker.reading(topic, partition, from)
    }

    fn tail(&self, topic: &str, partition: i32, from: i64) -> Reading {
        self.broker.tail(topic, partition, from)
    }

    async fn range(&self, topic: &str, partition: i32) -> Result<Range<i64>, StreamError> {
        self.broker.range(topic, partition).await
    }
}

/// The store; the answer to a look can be held back.
struct Slow {
    store: MemoryStore,
    looked: Arc<AtomicUsize>,
    through: Arc<Semaphore>,
}

impl Store for Slow {
    async fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> Result<Look, StoreError> {
        let look = self.store.look(document, unless, limit).await;
        self.looked.fetch_add(1, Ordering::Relaxed);
        self.through.acquire().await.unwrap().forget();
        look
    }

    async fn head(&self, document: &DocumentId) -> Result<Option<Entry>, StoreError> {
        self.store.head(document).await
    }

    async fn put(&self, document: &DocumentId, bytes: Bytes, kind: &str) -> Result<String, StoreError> {
        self.store.put(document, bytes, kind).await
    }

    async fn delete(&self, document: &DocumentId) -> Result<(), StoreError> {
        self.store.delete(document).await
    }

    async fn page(&self, bucket: &str, prefix: &str, from: Option<&str>) -> Result<ListingPage, StoreError> {
        self.store.page(bucket, prefix, from).await
    }

    async fn ensure_bucket(&self, bucket: &str, notify: Option<&str>) -> Result<(), StoreError> {
        self.store.ensure_bucket(bucket, notify).await
    }
}

#[tokio::test]
async fn what_a_worker_sends_after_another_took_over_is_in_no_topic() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["old"])).await;
    bench.broker.append(&created("a.md"));

    let watched = Watched { broker: bench.broker.clone(), member: Arc::default(), writers: Arc::default() };
    let (looked, through) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let slow =
        Slow { store: bench.store.clone(), looked: Arc::clone(&looked), through: Arc::clone(&through) };
    let older = stage(&bench, watched.clone(), slow, chunking("a"));
    let sleeper = stream::run(watched.clone(), plan(), older, std::future::pending());
    tokio::pin!(sleeper);

    // The older worker has read "old" and is paused: its group evicts it, and its consumer is not polled any more.
    tokio::select! {
        ended = &mut sleeper => panic!("the older worker ended: {ended:?}"),
        () = until(|| looked.load(Ordering::Relaxed) == 1) => {}
    }
    watched.member.lock().unwrap().take().unwrap().expire();
    bench.put("a.md", page(&["new"])).await;

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let newer = stream::run(bench.broker.clone(), plan(), bench.stage(), async { drop(stopped.await) });
    let driving = async {
        until(|| bench.count(LEDGER) == 1).await;
        // It resumes: its lane sends its pending output, is fenced, and requests a new writer.
        through.add_permits(1);
        until(|| watched.writers.load(Ordering::Relaxed) == 2).await;
        assert_eq!((bench.count(CHUNKS), bench.count(LEDGER)), (2, 1), "nothing of it is in any topic");
        // That second writer fenced the new owner's writer: the new owner reopens its lane and continues.
        bench.put("b.md", page(&["alpha"])).await;
        bench.broker.append(&created("b.md"));
        until(|| bench.count(LEDGER) == 2).await;
        drop(stop);
    };
    tokio::join!(newer, driving).0.unwrap();

    let entry = bench.entry("a.md");
    assert_eq!((entry.version, &entry.chunks[0].id), (version(1), &id("a.md", "new")));
    assert_eq!((bench.count(CHUNKS), bench.entry("b.md").version), (4, version(1)));
    assert_eq!(bench.dead_letters().len(), 0);
}

/// Here the group does not object to the older writer, as when a lane outlives its drain deadline and its partition
/// returns to the same process: only the transactional id distinguishes them.
#[tokio::test]
async fn an_older_lane_of_the_same_member_is_fenced_by_its_transactional_id() {
    let bench = Bench::new(1).await;
    let mut consumer = bench.broker.subscribe("chunk-c", INPUT, 1 << 20).unwrap();
    let assigned = consumer.next().await;
    assert!(matches!(assigned, Event::Assigned(_)), "{assigned:?}");
    let member = consumer.membership();
    let committed = || Committed { next: 1, ..Committed::default() };
    let all = |outcome: &Outcome| outcome.verdicts.iter().flat_map(outputs).cloned().collect::<Vec<_>>();

    bench.put("a.md", page(&["old"])).await;
    let mut older =
        bench.broker.transactional("chunk-c-documents-0", stream::LANE_TRANSACTION).await.unwrap();
    let in_hand = handle(&mut bench.lane().await, &[created("a.md")]).await;

    bench.put("a.md", page(&["new"])).await;
    let mut newer =
        bench.broker.transactional("chunk-c-documents-0", stream::LANE_TRANSACTION).await.unwrap();
    let outcome = handle(&mut bench.lane().await, &[created("a.md")]).await;
    let late = older.publish(all(&in_hand), &member, 0, committed()).await;
    assert!(matches!(late, Err(StreamError::Fenced(_))), "{late:?}");
    newer.publish(all(&outcome), &member, 0, committed()).await.unwrap();
    let late = older.publish(all(&in_hand), &member, 0, committed()).await;
    assert!(matches!(late, Err(StreamError::Fenced(_))), "{late:?}");
    assert_eq!((bench.count(CHUNKS), bench.entry("a.md").chunks[0].id.clone()), (2, id("a.md", "new")));
}
