//! What is being built gives way to what is served.
//!
//! An engine writes with about as many threads as it has processors, and a bulk request that has to wait until a graph of
//! neighbours was built holds one of them. Where a generation that is being built holds all, an upload waits for its graph.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use generation::{Cluster, Names};
use message::{BuildState, DocumentId, GenerationEntry, Version};
use registry::{GenerationKey, Heard};
use stream::Boottime;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::sink::{OutsideAliases, Sink, Written};
use crate::{Action, Ensured, SinkError};

/// How long a turn is waited for. With many partitions, or a slow engine, a batch would otherwise wait until the proof that its
/// partition is ours is too old, again and again, and its first record would be refused in the end.
const LONGEST: Duration = Duration::from_secs(30);

/// How much of an engine may be used by what is being built.
#[derive(Args, Clone, Copy, Debug)]
pub struct BuildingSettings {
    /// Bulk requests at once of generations that are being built. More than half of an engine's processors hold up what is
    /// served.
    #[arg(long, env = "MILLRACE_BUILDING_REQUESTS", default_value_t = 1,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub building_requests: usize,
}

impl Default for BuildingSettings {
    fn default() -> Self {
        Self { building_requests: 1 }
    }
}

/// Whose turn it is among all that is being built by this process.
#[derive(Clone, Debug)]
pub(crate) struct BuildingTurns(Arc<Semaphore>);

impl BuildingTurns {
    pub(crate) fn new(settings: BuildingSettings) -> Self {
        Self(Arc::new(Semaphore::new(settings.building_requests)))
    }
}

/// A sink that waits for its turn while its generation is being built.
#[derive(Clone)]
pub(crate) struct OrderedSink<S> {
    pub(crate) sink: S,
    pub(crate) turns: BuildingTurns,
    /// Whether it is being built now.
    pub(crate) is_building: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl<S: Sink> Sink for OrderedSink<S> {
    fn kind(&self) -> &'static str {
        self.sink.kind()
    }

    fn names(&self) -> &Names {
        self.sink.names()
    }

    async fn cluster(&self) -> Result<Cluster, SinkError> {
        self.sink.cluster().await
    }

    fn over(&self, names: Names) -> Self {
        Self {
            sink: self.sink.over(names),
            turns: self.turns.clone(),
            is_building: Arc::clone(&self.is_building),
        }
    }

    async fn ensure(&self) -> Result<Ensured, SinkError> {
        self.sink.ensure().await
    }

    async fn name_outside(&self, whose: OutsideAliases) -> Result<(), SinkError> {
        self.sink.name_outside(whose).await
    }

    async fn highest(&self, mine: impl Fn(&DocumentId) -> bool + Send) -> Result<Option<Version>, SinkError> {
        self.sink.highest(mine).await
    }

    async fn write(&self, batch: Vec<Action>, proved: Boottime) -> Written {
        // What gets no turn in time is written out of turn, which holds up others and loses nothing.
        let turn =
            if (self.is_building)() { timeout(LONGEST, self.turns.0.acquire()).await.ok() } else { None };
        let written = self.sink.write(batch, proved).await;
        drop(turn);
        written
    }
}

/// Whether a generation is being built, by what was heard. One that is built follows the log beside what is served, and is as
/// soon as that.
pub(crate) fn is_building(heard: Option<&Heard>, entry: &GenerationEntry) -> bool {
    let now = heard.and_then(|heard| heard.registry.generation(GenerationKey::of(entry)));
    now.is_some_and(|now| now.state == BuildState::Building)
}

#[cfg(test)]
mod tests {
    use generation::Generation;
    use message::{ChangeAuthor, FillSource, Fingerprint, IndexMapping, RegistryEntry};
    use registry::Registry;
    use tokio::time::Instant;

    use super::*;
    use crate::MemoryEngine;

    fn generation() -> Generation {
        let space = Fingerprint::of(&[]);
        Generation {
            chunking: space.clone(),
            model: space.clone(),
            space,
            dimension: 1,
            name: String::new(),
            mapping: IndexMapping::of(1),
        }
    }

    #[test]
    fn what_is_built_does_not_wait() {
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let entry = generation().entry("docs", FillSource::Vectors, &author);
        let heard = |state| {
            let entry = RegistryEntry::Generation(GenerationEntry { state, ..entry.clone() });
            let mut registry = Registry::default();
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
            Heard { registry: Arc::new(registry), at: Instant::now(), next: Some(1) }
        };
        assert!(is_building(Some(&heard(BuildState::Building)), &entry));
        assert!(!is_building(Some(&heard(BuildState::Built)), &entry));
        assert!(!is_building(None, &entry));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_being_built_waits_for_its_turn() {
        let turns = BuildingTurns::new(BuildingSettings::default());
        let sink = |is_building: bool| OrderedSink {
            sink: MemoryEngine::new(Names::new("docs", &generation()).unwrap()),
            turns: turns.clone(),
            is_building: Arc::new(move || is_building),
        };
        let (served, building) = (sink(false), sink(true));
        let held = turns.0.acquire().await.unwrap();
        let write = |sink: OrderedSink<MemoryEngine>, patience| async move {
            timeout(patience, sink.write(Vec::new(), Boottime::now())).await.is_ok()
        };
        let (soon, early) = (Duration::from_secs(1), LONGEST.saturating_sub(Duration::from_secs(1)));
        assert!(write(served, soon).await);
        assert!(!write(building.clone(), early).await, "two requests of what is being built at once");
        // Not for ever: the proof that the partition is ours gets old.
        assert!(write(building.clone(), LONGEST + soon).await);
        drop(held);
        assert!(write(building, soon).await);
    }
}
