//! Loads what the registry wants loaded, and lets the search answer by what is served.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use generation::{Generation, Names};
use message::GenerationEntry;
use model::Encoder;
use registry::Heard;
use sink::{Reader, Sink};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::{FollowedSearch, Standing};
use crate::encoders::EncoderShelf;
use crate::search::Search;
use crate::served::{LoadFault, UnservedReason};
use crate::serving::{ServingPlan, check_readable};
use crate::snapshot::Snapshot;

/// How long an engine may take to say that the indexes of a generation are there.
const LOADING: Duration = Duration::from_secs(20);

/// The id of a generation, and its snapshot, whose indexes were looked at.
type Loaded<E, R> = (String, Result<Arc<Snapshot<E, R>>, LoadFault>);

/// Why a generation is not loaded, and when that is tried again.
struct Failed {
    cause: Arc<LoadFault>,
    again: Instant,
}

/// What is loaded, and what answers.
pub(super) struct Keeper<'a, E, R> {
    search: &'a Search<E, R>,
    /// The generation of the bundle on this machine.
    local: &'a GenerationEntry,
    snapshot: &'a Arc<Snapshot<E, R>>,
    shelf: Arc<EncoderShelf<E>>,
    again: Duration,
    /// None before the registry was heard.
    plan: Option<ServingPlan>,
    /// The offset up to which the registry was read; none where there is no such topic.
    next: Option<i64>,
    /// Whether the registry ever said what is served.
    was_served: bool,
    loaded: BTreeMap<String, Arc<Snapshot<E, R>>>,
    failed: BTreeMap<String, Failed>,
    loading: FuturesUnordered<BoxFuture<'static, Loaded<E, R>>>,
    underway: BTreeSet<String>,
    standing: Standing,
    /// What was logged last of what answers.
    told: String,
}

impl<'a, E: Encoder + 'static, R: Reader + Sink> Keeper<'a, E, R> {
    pub(super) fn new(following: &'a FollowedSearch<'_, E, R>) -> Self {
        let FollowedSearch { search, local, snapshot, settings, open, .. } = following;
        let shelf = EncoderShelf::new(snapshot.space().clone(), Arc::clone(&snapshot.encoder), open.clone());
        Self {
            search,
            local,
            snapshot,
            shelf: Arc::new(shelf),
            again: settings.again,
            plan: None,
            next: None,
            was_served: false,
            loaded: BTreeMap::new(),
            failed: BTreeMap::new(),
            loading: FuturesUnordered::new(),
            underway: BTreeSet::new(),
            standing: Standing::default(),
            told: String::new(),
        }
    }

    /// Goes after what is heard, and says each time what came of it. Never returns.
    pub(super) async fn keep(
        mut self,
        mut heard: watch::Receiver<Option<Heard>>,
        saying: watch::Sender<Standing>,
    ) -> Infallible {
        loop {
            let now = heard.borrow_and_update().clone();
            if let Some(now) = now {
                self.hear(&now);
                self.settle();
                saying.send_if_modified(|said| {
                    let is_new = *said != self.standing;
                    said.clone_from(&self.standing);
                    is_new
                });
            }
            tokio::select! {
                Ok(()) = heard.changed() => {}
                Some((id, found)) = self.loading.next() => self.end(id, found),
                () = sleep(self.again) => {}
            }
        }
    }

    fn hear(&mut self, heard: &Heard) {
        let registry = heard.next.map(|_| heard.registry.as_ref());
        let Some(plan) = ServingPlan::heard(registry, self.local, self.was_served) else { return };
        self.was_served |= plan.sequence > 0;
        self.next = heard.next;
        self.loaded.retain(|id, _| plan.loads(id));
        self.failed.retain(|id, _| plan.loads(id));
        self.plan = Some(plan);
    }

    /// Begins to load what is missing, and answers by what is served, if that is loaded.
    fn settle(&mut self) {
        let Some(plan) = self.plan.clone() else { return };
        for entry in &plan.load {
            self.begin(entry);
        }
        let answers = self.answers(&plan);
        self.tell(&plan, answers.as_ref().err());
        {
            // In one piece, so that no request sees half of it.
            let mut served = self.search.served();
            served.point(answers);
            if let Some(lease) = served.lease() {
                if self.was_served {
                    lease.need();
                }
                match self.next {
                    Some(next) => lease.read(next),
                    // No registry, and nobody ever said what is served: after that, a topic that is gone is no news.
                    None => lease.forget(),
                }
            }
        }
        if self.loaded.contains_key(&plan.id) {
            self.standing.sequence = plan.sequence;
        }
        self.standing.loaded = self.loaded.keys().cloned().collect();
    }

    fn answers(&self, plan: &ServingPlan) -> Result<Arc<Snapshot<E, R>>, UnservedReason> {
        if let Some(snapshot) = self.loaded.get(&plan.id) {
            return Ok(Arc::clone(snapshot));
        }
        // As without a registry: each question asks for the indexes, until they are there.
        if plan.id == self.local.id {
            return Ok(Arc::clone(self.snapshot));
        }
        let cause = match self.failed.get(&plan.id) {
            Some(failed) => Arc::clone(&failed.cause),
            None if plan.loads(&plan.id) => Arc::new(LoadFault::Underway),
            None => Arc::new(LoadFault::Unknown),
        };
        Err(UnservedReason::Unloaded { id: plan.id.clone(), cause })
    }

    /// Begins to load a generation, unless that is done, underway, or failed just now.
    fn begin(&mut self, entry: &GenerationEntry) {
        let is_left = self.failed.get(&entry.id).is_some_and(|failed| Instant::now() < failed.again);
        if is_left || self.loaded.contains_key(&entry.id) || self.underway.contains(&entry.id) {
            return;
        }
        self.underway.insert(entry.id.clone());
        let (encoders, wanted, local) = (Arc::clone(&self.shelf), entry.clone(), Arc::clone(self.snapshot));
        self.loading.push(Box::pin(async move {
            let loaded = load(&encoders, &wanted, local).await;
            (wanted.id, loaded)
        }));
    }

    /// A generation is loaded, or cannot be.
    fn end(&mut self, id: String, found: Result<Arc<Snapshot<E, R>>, LoadFault>) {
        self.underway.remove(&id);
        if !self.plan.as_ref().is_some_and(|plan| plan.loads(&id)) {
            return;
        }
        match found {
            Ok(snapshot) => {
                info!(generation = id, model = snapshot.model(), "generation loaded");
                self.failed.remove(&id);
                self.loaded.insert(id, snapshot);
            }
            Err(cause) => self.fail(&id, cause),
        }
    }

    /// Logs, once for each cause, why a generation is not loaded.
    fn fail(&mut self, id: &str, cause: LoadFault) {
        let text = process::chain(&cause);
        let again = Instant::now() + self.again;
        let before = self.failed.insert(id.to_owned(), Failed { cause: Arc::new(cause), again });
        if before.is_none_or(|before| process::chain(&before.cause) != text) {
            warn!(generation = id, cause = text, "generation not loaded");
        }
    }

    /// Logs what answers when that changes.
    fn tell(&mut self, plan: &ServingPlan, reason: Option<&UnservedReason>) {
        let now = reason.map_or_else(|| plan.id.clone(), |reason| process::chain(reason));
        if self.told == now {
            return;
        }
        if reason.is_some() {
            warn!(cause = now, "nothing answers");
        } else {
            info!(generation = plan.id, sequence = plan.sequence, "this generation answers");
        }
        self.told = now;
    }
}

/// A snapshot of a generation, with its encoder, whose indexes are there. `local` is that of the bundle on this machine.
async fn load<E: Encoder + 'static, R: Reader + Sink>(
    shelf: &EncoderShelf<E>,
    entry: &GenerationEntry,
    local: Arc<Snapshot<E, R>>,
) -> Result<Arc<Snapshot<E, R>>, LoadFault> {
    let snapshot = if entry.id == local.generation() {
        local
    } else {
        check_readable(entry)?;
        let encoder = shelf.encoder(entry).await?;
        let names = Names::new(&entry.index, &Generation::from(entry));
        let names = names.map_err(|error| LoadFault::Foreign(error.to_string()))?;
        let reader = local.reader().over(names.clone());
        Arc::new(Snapshot::sharing(&entry.name, encoder, reader, names))
    };
    let asked = async {
        // The engine is asked now, even of a snapshot that was loaded before and let go.
        snapshot.check_again().await?;
        snapshot.check().await
    };
    timeout(LOADING, asked).await.map_err(|_| LoadFault::Late)??;
    Ok(snapshot)
}
