//! `generation …`: what stands in the topic `models` about generations, and how it is changed.

pub(super) mod compare;
mod list;
mod others;
pub(super) mod promote;
mod resume;
mod retire;
pub(super) mod start;
pub(super) mod status;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use generation::Generation;
use message::{BuildState, ChangeAuthor, GenerationEntry, RegistryEntry};
use process::Failure;
use registry::rules::{self, RuleRefusal, word};
use registry::{GenerationKey, Registry, RegistryError, RegistryWriter};
use serde_json::json;
use stream::kafka::Kafka;
use stream::{Broker as _, wall_seconds};
use tokio::time::Instant;

use crate::cli::{GenerationAsk, GenerationCommand, GenerationReason, PauseGeneration};
use crate::show;
use crate::world::World;

/// What is wrong where a release before this one made the topics.
pub(super) const NO_TOPIC: &str = "there is no topic `models`: run `millrace topics apply` first";
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(ask: GenerationCommand) -> Result<ExitCode, Failure> {
    match ask {
        GenerationCommand::List(ask) => list::run(&ask).await,
        GenerationCommand::Start(ask) => start::run(&ask).await,
        GenerationCommand::Status(ask) => status::run(&ask).await,
        GenerationCommand::Compare(ask) => compare::run(&ask).await,
        GenerationCommand::Promote(ask) => promote::run(&ask, promote::Direction::Forth).await,
        GenerationCommand::Rollback(ask) => promote::run(&ask, promote::Direction::Back).await,
        GenerationCommand::Pause(ask) => pause(&ask).await,
        GenerationCommand::Resume(ask) => resume::run(&ask).await,
        GenerationCommand::Retire(ask) => retire::run(&ask).await,
    }
}

/// What these commands work with.
pub(super) struct Ground<'a> {
    pub(super) kafka: Kafka,
    pub(super) index: &'a str,
    ask: &'a GenerationAsk,
}

impl<'a> Ground<'a> {
    pub(super) fn new(ask: &'a GenerationAsk) -> Self {
        let index = &ask.world.generation.index.index;
        Self { kafka: Kafka::new(&ask.world.kafka), index, ask }
    }

    fn author(&self) -> ChangeAuthor {
        ChangeAuthor { by: self.ask.by.clone(), at: wall_seconds() }
    }

    fn key<'b>(&'b self, id: &'b str) -> GenerationKey<'b> {
        GenerationKey { index: self.index, id }
    }

    pub(super) async fn registry(&self) -> Result<Registry, Failure> {
        if self.kafka.existing(topics::MODELS).await?.is_none() {
            return Err(NO_TOPIC.into());
        }
        Ok(registry::read(&self.kafka).await?)
    }

    async fn change<F>(&self, rule: F) -> Result<(), RegistryError>
    where
        F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        RegistryWriter::new(self.kafka.clone(), self.index).change(rule).await
    }

    /// The generation of this id, or the newest that is neither served nor gone.
    fn target(&self, registry: &Registry, id: Option<&str>) -> Result<GenerationEntry, Failure> {
        if let Some(id) = id {
            let entry = registry.generation(self.key(id)).cloned();
            return entry.ok_or_else(|| RuleRefusal::Unknown(id.to_owned()).into());
        }
        let served = registry.serving(self.index).map(|serving| serving.id.as_str());
        let gone = [BuildState::Retiring, BuildState::Retired];
        let others = registry.generations(self.index);
        let others = others.filter(|entry| Some(entry.id.as_str()) != served && !gone.contains(&entry.state));
        let newest = others.max_by_key(|entry| entry.since).cloned();
        newest.ok_or_else(|| {
            "there is no generation beside the one that is served: `millrace generation start`".into()
        })
    }

    /// What is served; none before the first `generation start`.
    pub(super) fn served(&self, registry: &Registry) -> Option<GenerationEntry> {
        let serving = registry.serving(self.index)?;
        registry.generation(self.key(&serving.id)).cloned()
    }

    fn world(&self, entry: &GenerationEntry) -> Result<World, Failure> {
        World::of(&self.ask.world, Generation::from(entry))
    }
}

async fn pause(ask: &PauseGeneration) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.mark.ask);
    let registry = ground.registry().await?;
    let entry = ground.target(&registry, Some(&ask.mark.id))?;
    others::permit(&ground.kafka, &registry, &entry, ask.despite_others).await?;
    mark(&ask.mark, BuildState::Paused, None).await
}

/// Ends of a source's partitions, by topic: see [`GenerationEntry::barrier`].
type Barrier = BTreeMap<String, Vec<i64>>;

/// Brings a generation into a state, and behind another barrier where one is given.
async fn mark(
    ask: &GenerationReason,
    state: BuildState,
    barrier: Option<Barrier>,
) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.ask);
    let (author, change) = (ground.author(), (state, ask.reason.clone()));
    let rule = |registry: &Registry| {
        let entries = rules::mark(registry, ground.key(&ask.id), change.clone(), &author)?;
        Ok(behind_barrier(entries, barrier.as_ref()))
    };
    ground.change(rule).await?;
    if ask.ask.json {
        show::json(&json!({ "generation": ask.id, "state": word(state) }))?;
    } else {
        show::line(&format!("{} is {}", ask.id, word(state)));
    }
    if state == BuildState::Paused {
        show::note(
            "it is not written until `millrace generation resume`; after 7 days Kafka forgets how far it was, and it begins again",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn behind_barrier(mut entries: Vec<RegistryEntry>, barrier: Option<&Barrier>) -> Vec<RegistryEntry> {
    for entry in &mut entries {
        if let (RegistryEntry::Generation(entry), Some(barrier)) = (entry, barrier) {
            entry.barrier.clone_from(barrier);
        }
    }
    entries
}

/// The broker's time, as far as it can be told. A reader learns it from records, so that it stands still where nobody
/// writes, and a process that is gone would seem to stay: so what passes here is added.
#[derive(Debug, Default)]
struct BrokerClock {
    known: Option<(i64, Instant)>,
}

impl BrokerClock {
    /// Milliseconds since 1970, never later than the true time.
    fn now(&mut self, registry: &Registry) -> i64 {
        let (at, since) = match self.known {
            Some((at, since)) if at >= registry.now() => (at, since),
            _ => *self.known.insert((registry.now(), Instant::now())),
        };
        at.saturating_add(i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
