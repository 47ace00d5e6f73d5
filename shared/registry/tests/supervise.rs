//! Which generations a worker runs, and what becomes of one that fails: over memory.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod bench;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::{author, broker, generation, key};
use message::{BuildState, GenerationEntry};
use registry::{RegistryWriter, RunScope, Stopping, Supervised, read, rules, supervise};
use stream::StreamError;
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The runs that go on, by the id of their generation, and how often each was started.
type Seen = Arc<Mutex<BTreeMap<String, (bool, u32)>>>;

/// A worker whose run of a generation called `bad…` fails at once.
fn scoped(seen: &Seen, scope: RunScope) -> Supervised {
    let seen = Arc::clone(seen);
    let start = move |entry: &GenerationEntry, stopping: Stopping| -> registry::Running {
        let (id, seen) = (entry.id.clone(), Arc::clone(&seen));
        Box::pin(async move {
            seen.lock().unwrap().entry(id.clone()).or_default().1 += 1;
            if id.starts_with("bad") {
                return Err(StreamError::Fatal("the budget is spent".to_owned()));
            }
            seen.lock().unwrap().get_mut(&id).unwrap().0 = true;
            stopping.await;
            seen.lock().unwrap().get_mut(&id).unwrap().0 = false;
            Ok(())
        })
    };
    Supervised {
        worker: "test",
        local: generation("first"),
        unit: |entry| entry.id.clone(),
        scope,
        can: Box::new(can),
        start: Box::new(start),
    }
}

fn can(entry: &GenerationEntry) -> Result<(), String> {
    if entry.id == "foreign" { Err("another release writes it".to_owned()) } else { Ok(()) }
}

struct Worker {
    broker: Memory,
    seen: Seen,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), StreamError>>,
}

impl Worker {
    fn start(broker: Memory) -> Self {
        Self::scoped(broker, RunScope::Index)
    }

    fn scoped(broker: Memory, scope: RunScope) -> Self {
        let (seen, (stop, mut stopped)) = (Seen::default(), watch::channel(false));
        let stopping = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let (sender, heard) = watch::channel(None);
        let following = registry::follow(broker.clone(), sender);
        let supervising = supervise(broker.clone(), scoped(&seen, scope), heard, stopping);
        let task = tokio::spawn(async move {
            tokio::select! { ended = supervising => ended, never = following => match never {} }
        });
        Self { broker, seen, stop, task }
    }

    /// Waits until exactly these run.
    async fn runs(&self, ids: &[&str]) {
        let running = || -> Vec<String> {
            let seen = self.seen.lock().unwrap();
            seen.iter().filter(|(_, (runs, _))| *runs).map(|(id, _)| id.clone()).collect()
        };
        let wait = async {
            while running() != ids {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), wait)
            .await
            .unwrap_or_else(|_| panic!("{:?} run, not {ids:?}", running()));
    }

    fn starts(&self, id: &str) -> u32 {
        self.seen.lock().unwrap().get(id).map_or(0, |(_, starts)| *starts)
    }

    async fn change(
        &self,
        rule: impl FnMut(&registry::Registry) -> Result<Vec<message::RegistryEntry>, rules::RuleRefusal> + Send,
    ) {
        RegistryWriter::new(self.broker.clone(), bench::INDEX).change(rule).await.unwrap();
    }

    async fn end(self) -> Result<(), StreamError> {
        self.stop.send_replace(true);
        timeout(Duration::from_secs(20), self.task).await.expect("it stops").unwrap()
    }
}

#[tokio::test]
async fn without_a_registry_the_local_bundle_rules_and_with_one_what_it_says() {
    let worker = Worker::start(broker());
    worker.runs(&["first"]).await;
    worker.change(|registry| rules::adopt(registry, generation("first"), &author())).await;
    worker.change(|registry| rules::start(registry, generation("second"))).await;
    // What another release writes is left to it.
    worker.change(|registry| rules::start(registry, generation("foreign"))).await;
    worker.runs(&["first", "second"]).await;
    // Adopted as it ran: it is not started again.
    assert_eq!(worker.starts("first"), 1);
    worker
        .change(|registry| rules::mark(registry, key("second"), (BuildState::Paused, None), &author()))
        .await;
    worker.runs(&["first"]).await;
    worker
        .change(|registry| rules::mark(registry, key("second"), (BuildState::Building, None), &author()))
        .await;
    worker.runs(&["first", "second"]).await;
    assert_eq!(worker.starts("second"), 2);
    let seen = Arc::clone(&worker.seen);
    worker.end().await.unwrap();
    assert!(seen.lock().unwrap().values().all(|(runs, _)| !runs), "a run was dropped instead of stopped");
}

#[tokio::test]
async fn one_that_is_being_built_and_fails_is_marked_and_what_is_served_goes_on() {
    let worker = Worker::start(broker());
    worker.change(|registry| rules::adopt(registry, generation("first"), &author())).await;
    worker.change(|registry| rules::start(registry, generation("bad"))).await;
    let failed = async {
        loop {
            let registry = read(&worker.broker).await.unwrap();
            let entry = registry.generation(key("bad")).cloned();
            if let Some(entry) = entry.filter(|entry| entry.state == BuildState::Failed) {
                return entry;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let entry = timeout(Duration::from_secs(20), failed).await.expect("it is marked");
    assert_eq!(entry.reason.as_deref(), Some("test: the budget is spent"));
    worker.runs(&["first"]).await;
    // It is not started again before somebody says so.
    assert_eq!(worker.starts("bad"), 1);
    worker.end().await.unwrap();
}

#[tokio::test]
async fn a_failure_of_what_is_served_ends_the_worker() {
    let broker = broker();
    let writer = RegistryWriter::new(broker.clone(), bench::INDEX);
    writer.change(|registry| rules::adopt(registry, generation("bad one"), &author())).await.unwrap();
    let worker = Worker::start(broker);
    let ended = timeout(Duration::from_secs(20), worker.task).await.expect("it ends").unwrap();
    assert!(matches!(ended, Err(StreamError::Fatal(_))), "{ended:?}");
}

/// A worker for every index runs what it was started with for an index of which the registry says nothing yet.
#[tokio::test]
async fn what_another_index_serves_does_not_end_the_local_generation() {
    let broker = broker();
    let elsewhere = GenerationEntry { index: "other".to_owned(), ..generation("second") };
    let writer = RegistryWriter::new(broker.clone(), "other");
    writer.change(|registry| rules::adopt(registry, elsewhere.clone(), &author())).await.unwrap();
    let worker = Worker::scoped(broker, RunScope::Every);
    worker.runs(&["first", "second"]).await;
    worker.change(|registry| rules::adopt(registry, generation("third"), &author())).await;
    worker.change(|registry| rules::start(registry, generation("first"))).await;
    worker.runs(&["first", "second", "third"]).await;
    worker
        .change(|registry| rules::mark(registry, key("first"), (BuildState::Paused, None), &author()))
        .await;
    worker.runs(&["second", "third"]).await;
    assert_eq!(worker.starts("first"), 1);
    worker.end().await.unwrap();
}

/// What was served before has nobody who would start it again.
#[tokio::test(start_paused = true)]
async fn one_that_is_kept_to_go_back_to_and_fails_is_run_again_after_a_rest() {
    let broker = broker();
    let writer = RegistryWriter::new(broker.clone(), bench::INDEX);
    let built = (BuildState::Built, None);
    writer.change(|registry| rules::adopt(registry, generation("first"), &author())).await.unwrap();
    writer.change(|registry| rules::start(registry, generation("bad one"))).await.unwrap();
    writer.change(|registry| rules::mark(registry, key("bad one"), built.clone(), &author())).await.unwrap();
    let worker = Worker::start(broker);
    worker.runs(&["first"]).await;
    tokio::time::sleep(Duration::from_mins(4)).await;
    assert_eq!(worker.starts("bad one"), 1);
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(worker.starts("bad one"), 2);
    let registry = read(&worker.broker).await.unwrap();
    assert_eq!(registry.generation(key("bad one")).unwrap().state, BuildState::Built);
    worker.end().await.unwrap();
}
