//! What may be changed, and what is written then. Pure: each rule looks at a whole [`Registry`] and answers with the
//! entries to write, all of them or none.

mod basis;
mod proven;
mod runs;

pub use basis::ServedBasis;
pub use proven::enter_proven;
pub use runs::{advance_run, ask_to_stop, claim_run, enter_run, is_conducted, release_run, run_of};

use message::{
    BuildState, ChangeAuthor, Fingerprint, GenerationEntry, ModelEntry, ModelState, RegistryEntry,
    ServingEntry,
};

use crate::state::{GenerationKey, Registry};

/// How long a process counts as alive after it last said that it is ready, and how long it may answer without news of
/// what is served: milliseconds.
pub const LEASE: i64 = 30_000;

/// How many records each writer of a generation may be behind when it is promoted, unless whoever asks says otherwise.
pub const MOST_BEHIND: i64 = 1_000;

/// Why a change is not made. The words say what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefusal {
    /// There is no such generation.
    #[error("there is no generation {0}: `millrace generation list` names them")]
    Unknown(String),
    /// It is in a state in which this cannot be done.
    #[error("generation {id} is {}: {why}", word(*.state))]
    State {
        /// Which.
        id: String,
        /// How far it is.
        state: BuildState,
        /// What would have to be.
        why: &'static str,
    },
    /// Something else stands in the way.
    #[error("{0}")]
    Otherwise(String),
}

/// The state as people read it.
#[must_use]
pub fn word(state: BuildState) -> &'static str {
    match state {
        BuildState::Building => "building",
        BuildState::Paused => "paused",
        BuildState::Built => "built",
        BuildState::Failed => "failed",
        BuildState::Retiring => "retiring",
        BuildState::Retired => "retired",
    }
}

/// Enters `first`, which exists already, as built and served. Nothing when something is served as its index.
///
/// # Errors
/// When its id stands for something else.
pub fn adopt(
    registry: &Registry,
    first: GenerationEntry,
    author: &ChangeAuthor,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    if registry.serving(&first.index).is_some() {
        return Ok(Vec::new());
    }
    let serving = ServingEntry {
        index: first.index.clone(),
        id: first.id.clone(),
        previous: None,
        sequence: 1,
        by: author.by.clone(),
        at: author.at,
    };
    let first = GenerationEntry { state: BuildState::Built, ..first };
    Ok(vec![RegistryEntry::Generation(first), RegistryEntry::Serving(serving)])
}

/// Enters a model. One that is there keeps its state and its scores, unless it was a candidate and is accepted now.
///
/// # Errors
/// When it was refused.
pub fn enter_model(registry: &Registry, model: ModelEntry) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let model = match registry.model(&model.fingerprint) {
        Some(there) if matches!(there.state, ModelState::Refused | ModelState::Retired) => {
            let reason = there.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            return Err(RuleRefusal::Otherwise(format!(
                "the model {} ({}) was refused{reason}: `millrace model accept {}` first, if that was wrong",
                there.name,
                there.fingerprint.short(),
                there.fingerprint.short()
            )));
        }
        Some(there) if there.state == ModelState::Accepted => {
            ModelEntry { state: there.state, scores: there.scores.clone(), ..model }
        }
        Some(there) => ModelEntry { scores: there.scores.clone(), ..model },
        None => model,
    };
    Ok(vec![RegistryEntry::Model(model)])
}

/// The one model whose fingerprint begins so.
///
/// # Errors
/// When there is none, or several.
pub fn model_of<'a>(registry: &'a Registry, beginning: &str) -> Result<&'a ModelEntry, RuleRefusal> {
    let mut found = registry.all_models().filter(|model| model.fingerprint.as_str().starts_with(beginning));
    match (found.next(), found.next()) {
        (Some(model), None) => Ok(model),
        (None, _) => Err(RuleRefusal::Otherwise(format!(
            "there is no model {beginning}: `millrace model list` names them"
        ))),
        (Some(_), _) => Err(RuleRefusal::Otherwise(format!(
            "more than one model begins with {beginning:?}: give more of its fingerprint"
        ))),
    }
}

/// Says what became of a model. The same again changes nothing.
///
/// # Errors
/// When there is no such model, or what is served is built with one that shall be refused.
pub fn mark_model(
    registry: &Registry,
    fingerprint: &Fingerprint,
    (state, reason): (ModelState, Option<String>),
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let model = registry.model(fingerprint).ok_or_else(|| {
        RuleRefusal::Otherwise(format!("there is no model {fingerprint}: `millrace model list` names them"))
    })?;
    if model.state == state {
        return Ok(Vec::new());
    }
    let mut served = registry.all_generations().filter(|entry| registry.is_served(entry));
    if state != ModelState::Accepted
        && let Some(entry) = served.find(|entry| entry.model == *fingerprint)
    {
        return Err(RuleRefusal::Otherwise(format!(
            "generation {} of {}, which is served, is built with it: promote another one first",
            entry.id, entry.index
        )));
    }
    Ok(vec![RegistryEntry::Model(ModelEntry { state, reason, ..model.clone() })])
}

/// Begins to build `next`.
///
/// # Errors
/// When it is there already, its model may not be used, or topics that it needs are about to be deleted.
pub fn start(registry: &Registry, next: GenerationEntry) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    if let Some(there) = registry.generation(GenerationKey::of(&next))
        && there.state != BuildState::Retired
    {
        let why =
            "it is the same index, space, mapping and instance; resume it, retire it, or ask for --instance";
        return Err(RuleRefusal::State { id: next.id, state: there.state, why });
    }
    if let Some(model) = registry.model(&next.model)
        && model.state != ModelState::Accepted
    {
        return Err(RuleRefusal::Otherwise(format!(
            "the model {} ({}) is not accepted: prove it first, or say so yourself by `millrace model accept {}`",
            model.name,
            model.fingerprint.short(),
            model.fingerprint.short()
        )));
    }
    if let Some(going) = taking_topics_of(registry, &next) {
        return Err(RuleRefusal::Otherwise(format!(
            "{} is being retired, and topics that this one needs go with it: ask again when that is done (`millrace generation \
             retire {}` goes on with it)",
            going.id, going.id
        )));
    }
    Ok(vec![RegistryEntry::Generation(GenerationEntry { state: BuildState::Building, ..next })])
}

/// The generation that is being retired and with which topics of `next` go: they have a space or a chunking in common that no
/// other one has.
fn taking_topics_of<'a>(registry: &'a Registry, next: &GenerationEntry) -> Option<&'a GenerationEntry> {
    let alive = |one: &&GenerationEntry| !matches!(one.state, BuildState::Retiring | BuildState::Retired);
    let keeps_space = registry.all_generations().filter(alive).any(|one| one.space == next.space);
    let keeps_chunking = registry.all_generations().filter(alive).any(|one| one.chunking == next.chunking);
    let mut going = registry.all_generations().filter(|one| one.state == BuildState::Retiring);
    going.find(|one| {
        one.space == next.space && !keeps_space || one.chunking == next.chunking && !keeps_chunking
    })
}

/// Brings a generation into another state. The same state again changes nothing.
///
/// # Errors
/// When that state cannot follow, or it is the one that is served.
pub fn mark(
    registry: &Registry,
    key: GenerationKey<'_>,
    (state, reason): (BuildState, Option<String>),
    author: &ChangeAuthor,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let (entry, id) = (known(registry, key)?, key.id);
    if entry.state == state {
        return Ok(Vec::new());
    }
    let refused = |why| RuleRefusal::State { id: id.to_owned(), state: entry.state, why };
    let serves = registry.serving(&entry.index).is_some_and(|serving| serving.id == id);
    if serves && state != BuildState::Built {
        return Err(refused("it is served; promote another one first"));
    }
    if !follows(entry.state, state) {
        return Err(refused(match state {
            BuildState::Building => "only one that is paused or failed can be resumed",
            BuildState::Paused => "only one that is being built can be paused",
            BuildState::Built | BuildState::Failed => "only one that is being built becomes so",
            BuildState::Retiring | BuildState::Retired => "it is gone already",
        }));
    }
    let (since, by) = (author.at, author.by.clone());
    Ok(vec![RegistryEntry::Generation(GenerationEntry { state, reason, since, by, ..entry.clone() })])
}

fn follows(from: BuildState, to: BuildState) -> bool {
    use BuildState::{Building, Built, Failed, Paused, Retired, Retiring};
    match to {
        Building => matches!(from, Paused | Failed),
        Paused | Built => from == Building,
        Failed => matches!(from, Building | Paused),
        Retiring => matches!(from, Building | Paused | Built | Failed),
        Retired => from == Retiring,
    }
}

/// Serves `id` from now on. Nothing when it is served.
///
/// # Errors
/// When it is not built, or a process that answers now has not loaded it: `now` is the broker's time.
pub fn promote(
    registry: &Registry,
    key: GenerationKey<'_>,
    now: i64,
    author: &ChangeAuthor,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let (entry, id) = (known(registry, key)?, key.id);
    let current = registry.serving(&entry.index);
    if current.is_some_and(|serving| serving.id == id) {
        return Ok(Vec::new());
    }
    if entry.state != BuildState::Built {
        let why = match entry.state {
            BuildState::Building => {
                "only one that is built can be served; `millrace generation status --until-built` proves that it is"
            }
            BuildState::Paused | BuildState::Failed => {
                "only one that is built can be served; resume it first"
            }
            BuildState::Built | BuildState::Retiring | BuildState::Retired => {
                "only one that is built can be served"
            }
        };
        return Err(RuleRefusal::State { id: id.to_owned(), state: entry.state, why });
    }
    let late = laggards(registry, entry, now);
    if !late.is_empty() {
        return Err(RuleRefusal::Otherwise(format!(
            "not loaded yet by {}: wait for it, or stop that process; it counts as gone {} s after its last word",
            late.join(", "),
            LEASE / 1000
        )));
    }
    Ok(vec![RegistryEntry::Serving(ServingEntry {
        index: entry.index.clone(),
        id: id.to_owned(),
        previous: current.map(|serving| serving.id.clone()),
        sequence: current.map_or(0, |serving| serving.sequence) + 1,
        by: author.by.clone(),
        at: author.at,
    })])
}

/// Checks, before a promotion, that no writer of the generation `id` is more than `most` records behind: it would answer with
/// less than there is. `behind` has each writer and the records that it lacks.
///
/// # Errors
/// When one is.
pub fn caught_up<'a>(
    id: &str,
    behind: impl IntoIterator<Item = (&'a str, i64)>,
    most: i64,
) -> Result<(), RuleRefusal> {
    match behind.into_iter().find(|(_, behind)| *behind > most) {
        Some((writer, behind)) => Err(RuleRefusal::Otherwise(format!(
            "{id} is {behind} records behind in {writer}, and {most} are allowed: wait, or allow more (--most-behind of \
             `millrace generation promote`)"
        ))),
        None => Ok(()),
    }
}

/// The processes that answer for the index of `entry` and have not loaded it.
#[must_use]
pub fn laggards(registry: &Registry, entry: &GenerationEntry, now: i64) -> Vec<String> {
    let alive = registry.alive(&entry.index, now, LEASE);
    alive.filter(|ready| !ready.loaded.contains(&entry.id)).map(|ready| ready.instance.clone()).collect()
}

/// The processes that do not answer by what is served as `index` yet.
#[must_use]
pub fn behind(registry: &Registry, index: &str, now: i64) -> Vec<String> {
    let sequence = registry.serving(index).map_or(0, |serving| serving.sequence);
    let alive = registry.alive(index, now, LEASE);
    alive.filter(|ready| ready.sequence < sequence).map(|ready| ready.instance.clone()).collect()
}

/// Begins to take a generation away: who answers lets go of it, writers stop. See [`holders`] for when it may go.
///
/// # Errors
/// When it is served or was until just now, or is gone. `now` is the broker's time.
pub fn retire(
    registry: &Registry,
    key: GenerationKey<'_>,
    now: i64,
    author: &ChangeAuthor,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let entry = known(registry, key)?;
    let entries = mark(registry, key, (BuildState::Retiring, None), author)?;
    // A process that is cut off from Kafka answers from what it knew for a lease, and its last requests last a while.
    let moved = now.saturating_sub(registry.serving_since(&entry.index).unwrap_or_default());
    if !entries.is_empty() && moved < 2 * LEASE {
        return Err(RuleRefusal::Otherwise(format!(
            "what is served as {} changed {} s ago, and a process that was cut off may answer from the one before: retire it \
             {} s later",
            entry.index,
            moved / 1000,
            (2 * LEASE - moved) / 1000
        )));
    }
    Ok(entries)
}

/// The processes that hold a generation still. While there is one, nothing of it may be deleted.
#[must_use]
pub fn holders(registry: &Registry, entry: &GenerationEntry, now: i64) -> Vec<String> {
    let alive = registry.alive(&entry.index, now, LEASE);
    alive.filter(|ready| ready.loaded.contains(&entry.id)).map(|ready| ready.instance.clone()).collect()
}

fn known<'a>(registry: &'a Registry, key: GenerationKey<'_>) -> Result<&'a GenerationEntry, RuleRefusal> {
    registry.generation(key).ok_or_else(|| RuleRefusal::Unknown(key.id.to_owned()))
}
