use super::*;
use crate::boottime::wall_seconds;
use crate::broker::{Consumer, Event, Memo};
use crate::memory::{Memory, MemoryConsumer};
use crate::plan::Delivery;
use crate::settings::LaneSettings;
use crate::stage::Lane;

/// Counts the records it is asked to handle.
#[derive(Clone, Default)]
struct Count(Arc<Mutex<usize>>);

impl Stage for Count {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(self.clone())
    }
}

impl Lane for Count {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        *self.0.lock().unwrap() += batch.len();
        Outcome { verdicts: batch.iter().map(|_| Verdict::Done(Vec::new())).collect(), retry: None }
    }
}

async fn assigned(consumer: &mut MemoryConsumer) {
    while !matches!(consumer.next().await, Event::Assigned(_)) {}
}

/// A lane for partition 0 of `consumer`, with one record waiting.
fn lane(
    broker: &Memory,
    consumer: &MemoryConsumer,
    stage: &Count,
) -> (LaneTask<Memory, Count>, watch::Sender<bool>) {
    let plan = Plan {
        worker: "count",
        group: "group".to_owned(),
        input: "in".to_owned(),
        alike: Vec::new(),
        dead_letters: "dead".to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::AfterWrite,
        lanes: LaneSettings::default(),
    };
    let (sender, records) = mpsc::unbounded_channel();
    drop(sender.send(broker.records("in").remove(0)));
    let (closing, closed) = watch::channel(false);
    let task = LaneTask {
        broker: broker.clone(),
        stage: Arc::new(stage.clone()),
        plan: Arc::new(plan),
        partition: Partition::ONLY,
        membership: consumer.membership(),
        records,
        closing: closed,
        refusals: Arc::new(Refusals::new(0, mpsc::unbounded_channel().0)),
        stuck: Stuck::default(),
    };
    // The pipeline keeps its end of the channel as long as the lane lives.
    std::mem::forget(sender);
    (task, closing)
}

#[tokio::test]
async fn nothing_is_written_for_a_partition_that_the_group_does_not_confirm() {
    for expired in [false, true] {
        let broker = Memory::default();
        broker.create("in", 1);
        broker.append(&Outgoing { topic: "in".to_owned(), key: None, value: None, headers: None });
        let mut consumer = broker.subscribe("group", "in", 1 << 20).unwrap();
        assigned(&mut consumer).await;
        let stage = Count::default();
        let (task, closing) = lane(&broker, &consumer, &stage);
        if expired {
            consumer.membership().expire();
        }
        let waiting = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            closing.send(true).unwrap();
        };
        tokio::join!(task.run(), waiting);
        assert_eq!(*stage.0.lock().unwrap(), usize::from(!expired), "expired: {expired}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_without_records_says_in_time_that_it_was_read() {
    let broker = Memory::default();
    broker.create("in", 1);
    broker.append(&Outgoing { topic: "in".to_owned(), key: None, value: None, headers: None });
    let mut consumer = broker.subscribe("group", "in", 1 << 20).unwrap();
    assigned(&mut consumer).await;
    // The only record was handled a while ago.
    let before = wall_seconds() - 10;
    let standing = Committed { next: 1, memo: Memo { at: before, ..Memo::default() } };
    let mut publisher = broker.after_write().unwrap();
    publisher.publish(Vec::new(), &consumer.membership(), 0, standing).await.unwrap();
    let (mut task, closing) = lane(&broker, &consumer, &Count::default());
    let mut plan = Plan::clone(&task.plan);
    plan.lanes.stale_after_seconds = 600;
    task.plan = Arc::new(plan);
    let read = || broker.committed("group", "in", 0).unwrap().memo.at;
    let waiting = async {
        tokio::time::sleep(Duration::from_secs(299)).await;
        assert_eq!(read(), before);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(read() > before, "nothing was committed within half of what makes it stale");
        closing.send(true).unwrap();
    };
    tokio::join!(task.run(), waiting);
}
