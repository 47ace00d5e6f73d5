//! Runs a worker's pipeline once for each generation that the registry wants filled.
//!
//! Each run has its own stop and its own dead-letter budget. A generation that is being built and fails ends its own run
//! and is marked as failed; only a failure of the one that is served ends the process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;

use message::{BuildState, ChangeAuthor, GenerationEntry};
use stream::{Broker, StreamError};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::{Duration, Instant, sleep};
use tracing::{error, info, warn};

use crate::follow::Heard;
use crate::rules;
use crate::state::{GenerationKey, Registry};
use crate::unknown::is_filled;
use crate::writer::RegistryWriter;

/// How soon it is seen that what could not be run can be now.
const AGAIN: Duration = Duration::from_secs(10);

/// How long a run that ended by itself rests, where its generation is still wanted: one that was served before and is kept to go
/// back to. Each time it has a new dead-letter budget.
const REST: Duration = Duration::from_mins(5);

/// A run in progress.
pub type Running = Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send>>;

/// Starts a run that ends soon after its second argument resolves.
pub type StartRun = Box<dyn Fn(&GenerationEntry, Stopping) -> Running + Send + Sync>;

/// Resolves when a run shall end.
pub type Stopping = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Says why a generation cannot be run by this process: its release knows other mappings, or it lacks the model.
pub type RunRefusal = Box<dyn Fn(&GenerationEntry) -> Result<(), String> + Send + Sync>;

/// Which generations a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunScope {
    /// Those of one index, that of the local generation. The local one is run while nothing is served as its index.
    Index,
    /// Those of every index. The local one is run beside them, unless the registry knows it and wants it no longer: `millrace
    /// generation pause` and `retire` look before whether an index lives from it of which the registry says nothing.
    Every,
}

/// What a worker does for each generation.
pub struct Supervised {
    /// The worker's name, for the log.
    pub worker: &'static str,
    /// The generation of the local bundle.
    pub local: GenerationEntry,
    /// Which others are run.
    pub scope: RunScope,
    /// What runs are told apart by: generations that give the same text share one.
    pub unit: fn(&GenerationEntry) -> String,
    /// Why a generation cannot be run here.
    pub can: RunRefusal,
    /// Starts a run.
    pub start: StartRun,
}

impl Supervised {
    /// The generations that may be run.
    fn all<'a>(&'a self, registry: &'a Registry) -> impl Iterator<Item = &'a GenerationEntry> {
        registry
            .all_generations()
            .filter(move |entry| self.scope == RunScope::Every || entry.index == self.local.index)
    }

    /// Those of them that are filled now.
    fn written<'a>(&'a self, registry: &'a Registry) -> impl Iterator<Item = &'a GenerationEntry> {
        self.all(registry).filter(|entry| is_filled(entry))
    }

    /// Whether the local generation is run.
    fn runs_local(&self, registry: &Registry) -> bool {
        let unit = (self.unit)(&self.local);
        let mut known = self.all(registry).filter(|entry| (self.unit)(entry) == unit).peekable();
        match self.scope {
            RunScope::Index => registry.serving(&self.local.index).is_none(),
            RunScope::Every => known.peek().is_none() || known.any(is_filled),
        }
    }

    /// Whether the process cannot go on without the run of this unit.
    fn needs(&self, registry: &Registry, unit: &str) -> bool {
        let index = (self.scope == RunScope::Index).then_some(&self.local.index);
        registry.needs(|entry| index.is_none_or(|index| entry.index == *index) && (self.unit)(entry) == unit)
    }

    /// The runs that are to be, by their unit. A unit that is served stands for what is served.
    fn wanted(&self, registry: &Registry) -> BTreeMap<String, GenerationEntry> {
        let mut wanted = BTreeMap::new();
        if self.runs_local(registry) {
            wanted.insert((self.unit)(&self.local), self.local.clone());
        }
        if self.scope == RunScope::Index && !wanted.is_empty() {
            return wanted;
        }
        for entry in self.written(registry).filter(|entry| (self.can)(entry).is_ok()) {
            let unit = (self.unit)(entry);
            if registry.is_served(entry) || !wanted.contains_key(&unit) {
                wanted.insert(unit, entry.clone());
            }
        }
        wanted
    }
}

/// One run.
struct Run {
    unit: String,
    entry: GenerationEntry,
    stop: watch::Sender<bool>,
}

/// Everything that runs.
#[derive(Default)]
struct Runs {
    tasks: JoinSet<Result<(), StreamError>>,
    known: HashMap<Id, Run>,
    /// Generations that this program cannot run, as they were logged.
    told: BTreeSet<(String, String)>,
    /// When runs ended by themselves, with when their entry was written: another word of the registry starts them again at once.
    over: BTreeMap<(String, u64), Instant>,
}

impl Runs {
    /// Starts what is missing and stops what is no longer wanted.
    fn follow(&mut self, registry: &Registry, supervised: &Supervised) {
        let wanted = supervised.wanted(registry);
        self.tell_others(registry, supervised);
        for run in self.known.values().filter(|run| !wanted.contains_key(&run.unit)) {
            if !run.stop.send_replace(true) {
                info!(worker = supervised.worker, generation = run.entry.id, "generation no longer written");
            }
        }
        for (unit, entry) in wanted {
            // One that is still stopping is started again when it has ended.
            let runs = self.known.values().any(|run| run.unit == unit);
            let ended = self.over.get(&(unit.clone(), entry.since));
            if runs || ended.is_some_and(|ended| ended.elapsed() < REST) {
                continue;
            }
            info!(
                worker = supervised.worker,
                generation = entry.id,
                model = entry.name,
                "generation written"
            );
            let (stop, mut stopped) = watch::channel(false);
            let stopping = Box::pin(async move { drop(stopped.wait_for(|stop| *stop).await) });
            let task = self.tasks.spawn((supervised.start)(&entry, stopping));
            self.known.insert(task.id(), Run { unit, entry, stop });
        }
    }

    /// Logs, once each, what this program cannot run.
    fn tell_others(&mut self, registry: &Registry, supervised: &Supervised) {
        for entry in supervised.written(registry) {
            if let Err(cause) = (supervised.can)(entry)
                && self.told.insert((entry.id.clone(), cause.clone()))
            {
                error!(
                    worker = supervised.worker,
                    generation = entry.id,
                    cause,
                    "generation not written by this program"
                );
            }
        }
    }

    /// The next run that ends, and how. Never ends while there is none.
    async fn ended(&mut self) -> (Run, Result<(), StreamError>) {
        loop {
            let (id, result) = match self.tasks.join_next_with_id().await {
                Some(Ok((id, result))) => (id, result),
                Some(Err(error)) => {
                    (error.id(), Err(StreamError::Fatal(format!("a run died (a bug): {error}"))))
                }
                None => std::future::pending().await,
            };
            if let Some(run) = self.known.remove(&id) {
                return (run, result);
            }
        }
    }

    /// Stops every run and waits for them: each drains within its own deadline.
    async fn stop(&mut self) {
        for run in self.known.values() {
            run.stop.send_replace(true);
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Follows what [`follow`](crate::follow()) hears until `stopping` is ready, or until the run of what is served fails.
///
/// # Errors
/// What ended that run.
pub async fn supervise<B: Broker>(
    broker: B,
    supervised: Supervised,
    mut heard: watch::Receiver<Option<Heard>>,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    tokio::pin!(stopping);
    let mut runs = Runs::default();
    let ended = loop {
        tokio::select! {
            biased;
            () = &mut stopping => break Ok(()),
            Ok(()) = heard.changed() => {}
            // A model may be on this machine since.
            () = sleep(AGAIN) => {}
            (run, result) = runs.ended() => {
                if let Err(error) = result && let Err(error) = give_up(&broker, &run, error, (&heard, &supervised)).await {
                    break Err(error);
                }
                if !*run.stop.borrow() {
                    runs.over.insert((run.unit, run.entry.since), Instant::now());
                }
            }
        }
        if let Some(Heard { registry, .. }) = heard.borrow_and_update().clone() {
            runs.follow(&registry, &supervised);
        }
    };
    runs.stop().await;
    ended
}

/// A run failed: that of what is served ends the process, any other is marked as failed.
async fn give_up<B: Broker>(
    broker: &B,
    run: &Run,
    error: StreamError,
    (heard, supervised): (&watch::Receiver<Option<Heard>>, &Supervised),
) -> Result<(), StreamError> {
    let registry = heard.borrow().as_ref().map(|heard| heard.registry.clone()).unwrap_or_default();
    if supervised.needs(&registry, &run.unit) {
        return Err(error);
    }
    error!(worker = supervised.worker, generation = run.entry.id, cause = %error, "generation failed; what is served goes on");
    let author = ChangeAuthor { by: supervised.worker.to_owned(), at: stream::wall_seconds() };
    let reason = format!("{}: {error}", supervised.worker);
    let building = supervised.all(&registry).filter(|entry| entry.state == BuildState::Building);
    for entry in building.filter(|entry| (supervised.unit)(entry) == run.unit) {
        let failed = (BuildState::Failed, Some(reason.clone()));
        let (writer, key) = (RegistryWriter::new(broker.clone(), &entry.index), GenerationKey::of(entry));
        if let Err(cause) =
            writer.change(|registry| rules::mark(registry, key, failed.clone(), &author)).await
        {
            warn!(worker = supervised.worker, generation = entry.id, %cause, "the failure could not be entered in the registry");
        }
    }
    Ok(())
}
