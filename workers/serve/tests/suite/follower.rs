//! A server that follows a registry in memory, and what changes that registry.
#![expect(clippy::disallowed_methods, reason = "a test: a server that runs beside its clients")]

use std::sync::Arc;
use std::time::Duration;

use generation::{Generation, Names};
use message::{
    BuildState, ChangeAuthor, FillSource, Fingerprint, GenerationEntry, IndexMapping, ReadyEntry,
    RegistryEntry, ServingEntry,
};
use serve::following::{FollowSettings, FollowedSearch};
use serve::found::Answer;
use serve::search::SearchError;
use serve::served::UnservedReason;
use serve::{Mode, Question, Search};
use sink::{MemoryEngine, Sink as _};
use stream::Outgoing;
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::bench::{Fussy, absent, fill, generation, search_over};

pub(crate) const INDEX: &str = "test";
/// Longer than any test: what runs beside the tests on this machine must not end it.
pub(crate) const LONG: Duration = Duration::from_mins(5);
pub(crate) const SHORT: Duration = Duration::from_millis(500);

pub(crate) fn settings(lease: Duration) -> FollowSettings {
    let every = Duration::from_millis(50);
    FollowSettings { instance: "serve-1".to_owned(), every, lease, again: every, forgotten: SHORT }
}

pub(crate) fn author() -> ChangeAuthor {
    ChangeAuthor { by: "maria".to_owned(), at: 1 }
}

pub(crate) fn entry(generation: &Generation) -> GenerationEntry {
    generation.entry(INDEX, FillSource::Vectors, &author())
}

/// The same space in other indexes.
pub(crate) fn second() -> Generation {
    Generation { mapping: IndexMapping { instance: 2, ..generation().mapping }, ..generation() }
}

/// Another space, of a model that no test has.
pub(crate) fn foreign() -> Generation {
    Generation {
        space: Fingerprint::of(&[("model", "other")]),
        name: "other model".to_owned(),
        ..generation()
    }
}

pub(crate) fn over(engine: &MemoryEngine, generation: &Generation) -> MemoryEngine {
    engine.over(Names::new(INDEX, generation).unwrap())
}

pub(crate) fn broker() -> Memory {
    let broker = Memory::default();
    broker.create(topics::MODELS, 1);
    broker
}

pub(crate) async fn change(
    broker: &Memory,
    rule: impl FnMut(&registry::Registry) -> Result<Vec<RegistryEntry>, registry::rules::RuleRefusal> + Send,
) {
    registry::RegistryWriter::new(broker.clone(), INDEX).change(rule).await.unwrap();
}

pub(crate) async fn adopt(broker: &Memory) {
    change(broker, |registry| registry::rules::adopt(registry, entry(&generation()), &author())).await;
}

pub(crate) async fn mark(broker: &Memory, id: &str, state: BuildState) {
    let key = registry::GenerationKey { index: INDEX, id };
    change(broker, |registry| registry::rules::mark(registry, key, (state, None), &author())).await;
}

pub(crate) async fn promote(broker: &Memory, id: &str) {
    let key = registry::GenerationKey { index: INDEX, id };
    let rule =
        |registry: &registry::Registry| registry::rules::promote(registry, key, registry.now(), &author());
    change(broker, rule).await;
}

/// Writes what no rule would allow.
pub(crate) fn force(broker: &Memory, entries: impl IntoIterator<Item = RegistryEntry>) {
    for entry in entries {
        let value = Some(serde_json::to_vec(&entry).unwrap());
        let (topic, key) = (topics::MODELS.to_owned(), Some(entry.key().into_bytes()));
        broker.append(&Outgoing { topic, key, value, headers: None });
    }
}

pub(crate) fn serving(id: &str, sequence: u64) -> RegistryEntry {
    let (index, id, by) = (INDEX.to_owned(), id.to_owned(), "maria".to_owned());
    RegistryEntry::Serving(ServingEntry { index, id, previous: None, sequence, by, at: 1 })
}

/// What the server says of itself, while it does.
pub(crate) async fn said(broker: &Memory) -> Option<ReadyEntry> {
    let registry = registry::read(broker).await.unwrap();
    registry.alive(INDEX, registry.now(), i64::MAX).next().cloned()
}

/// A server that follows a registry in memory.
pub(crate) struct Follower {
    pub(crate) search: Arc<Search<Fussy, MemoryEngine>>,
    pub(crate) engine: MemoryEngine,
    pub(crate) broker: Memory,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Over filled indexes of the local generation.
    pub(crate) async fn start(broker: Memory, lease: Duration) -> Self {
        let engine = absent();
        fill(&engine).await;
        let search = Arc::new(search_over(&engine));
        let (stop, mut stopped) = watch::channel(false);
        let task = {
            let (search, broker) = (Arc::clone(&search), broker.clone());
            tokio::spawn(async move {
                let following = FollowedSearch::new(&search, settings(lease)).unwrap();
                following.run(broker, async { drop(stopped.wait_for(|stop| *stop).await) }).await;
            })
        };
        Self { search, engine, broker, stop, task }
    }

    pub(crate) async fn ask(&self) -> Result<Answer, SearchError> {
        self.search.answer(&Question::plain("cat", Mode::Hybrid, 9)).await
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn asks_until(&self, is_wanted: impl Fn(&Result<Answer, SearchError>) -> bool) {
        let wait = async {
            while !is_wanted(&self.ask().await) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), wait).await.unwrap();
    }

    pub(crate) async fn answers_from(&self, generation: &Generation) {
        let id = generation.short();
        self.asks_until(|answer| answer.as_ref().is_ok_and(|answer| answer.generation == id)).await;
    }

    /// Waits until the server says so of itself.
    pub(crate) async fn says(&self, loaded: &[&Generation], sequence: u64) {
        let mut wanted: Vec<String> = loaded.iter().map(|generation| generation.short()).collect();
        wanted.sort_unstable();
        let wait = async {
            while said(&self.broker)
                .await
                .is_none_or(|said| (&said.loaded, said.sequence) != (&wanted, sequence))
            {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let is_so = timeout(Duration::from_secs(30), wait).await;
        assert!(is_so.is_ok(), "{:?}, not {wanted:?} by {sequence}", said(&self.broker).await);
    }

    pub(crate) async fn end(self) {
        self.stop.send_replace(true);
        timeout(Duration::from_secs(30), self.task).await.unwrap().unwrap();
    }
}

/// Without news: for too long, or since it was started.
pub(crate) fn is_silent(answer: &Result<Answer, SearchError>) -> bool {
    let reasons =
        |reason: &UnservedReason| matches!(reason, UnservedReason::Silent { .. } | UnservedReason::Unheard);
    matches!(answer, Err(SearchError::Unserved(reason)) if reasons(reason))
}

pub(crate) fn is_unloaded(answer: &Result<Answer, SearchError>) -> bool {
    matches!(answer, Err(SearchError::Unserved(UnservedReason::Unloaded { .. })))
}
