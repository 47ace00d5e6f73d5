//! A member that its group has forgotten.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::broker::Committed;
use crate::memory::Memory;
use crate::plan::Delivery;
use crate::record::Outgoing;
use crate::settings::LaneSettings;
use crate::stage::{Lane, Outcome, Trouble, Verdict};

/// Counts what it is given.
#[derive(Clone, Default)]
struct Tally(Arc<AtomicUsize>);

impl Stage for Tally {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(self.clone())
    }
}

impl Lane for Tally {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        self.0.fetch_add(batch.len(), Ordering::Relaxed);
        Outcome { verdicts: batch.iter().map(|_| Verdict::Done(Vec::new())).collect(), retry: None }
    }
}

fn plan() -> Plan {
    Plan {
        worker: "test",
        group: "group".to_owned(),
        input: "in".to_owned(),
        alike: Vec::new(),
        dead_letters: "dead".to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::AfterWrite,
        lanes: LaneSettings::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_its_group_forgot_joins_anew() {
    let (broker, tally) = (Memory::default(), Tally::default());
    for topic in ["in", "dead", "confirmations"] {
        broker.create(topic, 1);
    }
    broker.append(&Outgoing { topic: "in".to_owned(), key: None, value: None, headers: None });
    broker.forget_members(2);
    let begun = Instant::now();
    let seen = Arc::clone(&tally.0);
    let enough = async move {
        while seen.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(10), run(broker, plan(), tally, enough)).await.unwrap().unwrap();
    assert!((2 * SILENCE..3 * SILENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}
