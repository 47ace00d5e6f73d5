//! How many batches are written at once: of what is served as many as there are partitions, of what is being built one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use generation::{Cluster, Names};
use message::{DocumentId, Version};
use registry::rules;
use sink::{Action, Ensured, MemoryEngine as Engine, OutsideAliases, Sink, SinkError, Written};
use stream::Boottime;

use crate::documents;
use crate::generations::{author, both, broker, change, entry, names, run};

/// Batches that are being written, and the most there ever were.
type AtOnce = BTreeMap<String, (usize, usize)>;

/// A slow engine that counts.
#[derive(Clone)]
struct Slow {
    engine: Engine,
    at_once: Arc<Mutex<AtOnce>>,
}

impl Slow {
    fn most(&self, names: &Names) -> usize {
        self.at_once.lock().unwrap().get(&names.generation().short()).map_or(0, |(_, most)| *most)
    }

    fn count(&self, begins: bool) {
        let mut at_once = self.at_once.lock().unwrap();
        let (now, most) = at_once.entry(self.names().generation().short()).or_default();
        *now = if begins { *now + 1 } else { *now - 1 };
        *most = (*most).max(*now);
    }
}

impl Sink for Slow {
    fn kind(&self) -> &'static str {
        self.engine.kind()
    }

    fn names(&self) -> &Names {
        self.engine.names()
    }

    async fn cluster(&self) -> Result<Cluster, SinkError> {
        self.engine.cluster().await
    }

    fn over(&self, names: Names) -> Self {
        Self { engine: self.engine.over(names), at_once: Arc::clone(&self.at_once) }
    }

    async fn ensure(&self) -> Result<Ensured, SinkError> {
        self.engine.ensure().await
    }

    async fn name_outside(&self, whose: OutsideAliases) -> Result<(), SinkError> {
        self.engine.name_outside(whose).await
    }

    async fn highest(&self, mine: impl Fn(&DocumentId) -> bool + Send) -> Result<Option<Version>, SinkError> {
        self.engine.highest(mine).await
    }

    async fn write(&self, batch: Vec<Action>, proved: Boottime) -> Written {
        self.count(true);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let written = self.engine.write(batch, proved).await;
        self.count(false);
        written
    }
}

#[tokio::test]
async fn what_is_being_built_is_written_by_one_batch_at_a_time() {
    let (broker, [first, second]) = (broker(), both());
    let slow = Slow { engine: Engine::new(names(&first)), at_once: Arc::default() };
    let new = slow.engine.over(names(&second));
    run(&broker, &slow, async {
        documents(&slow.engine, 8).await;
        change(&broker, |registry| rules::adopt(registry, entry(&first), &author())).await;
        change(&broker, |registry| rules::start(registry, entry(&second))).await;
        documents(&new, 8).await;
    })
    .await;
    assert!(slow.most(slow.names()) > 1, "{:?}", slow.at_once);
    assert_eq!(slow.most(new.names()), 1, "{:?}", slow.at_once);
}
