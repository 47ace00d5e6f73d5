//! Runs that train a model: who may begin one, in which order its states follow, and which process conducts it.

use message::{ChangeAuthor, RegistryEntry, RunState, TrainingRun};

use super::RuleRefusal;
use crate::state::Registry;

/// What the name of a process that conducts a run begins with. A person's name does not.
const CONDUCTOR: &str = "train@";

/// Whether a process has said that it conducts this run: not one that was only asked for, or was let go of.
#[must_use]
pub fn is_conducted(run: &TrainingRun) -> bool {
    run.by.starts_with(CONDUCTOR)
}

/// Enters a new run as planned.
///
/// # Errors
/// When its id is not one or stands for another run, or its index has a run that has not ended.
pub fn enter_run(registry: &Registry, run: TrainingRun) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    if !is_run_id(&run.id) {
        return refused(format!("{:?} is no id of a run: it has 12 lower-case hex characters", run.id));
    }
    if registry.run(&run.id).is_some() {
        return refused(format!("there is a run {} already: give the new one another id", run.id));
    }
    if let Some(open) = registry.open_run(&run.index) {
        return refused(format!(
            "the run {} for {} is {} and has not ended: wait for it, or stop it with `millrace train stop {}`",
            open.id,
            open.index,
            open.state.word(),
            open.id
        ));
    }
    Ok(vec![RegistryEntry::Run(TrainingRun { state: RunState::Planned, stop: false, ..run })])
}

/// The one run whose id begins so.
///
/// # Errors
/// When there is none for this index, or several.
pub fn run_of<'a>(
    registry: &'a Registry,
    index: &'a str,
    beginning: &str,
) -> Result<&'a TrainingRun, RuleRefusal> {
    let mut found = registry.runs(index).filter(|run| run.id.starts_with(beginning));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run),
        (None, _) => {
            refused(format!("there is no run {beginning}: `millrace train status --all` names them"))
        }
        (Some(_), _) => refused(format!("more than one run begins with {beginning:?}: give more of its id")),
    }
}

/// Asks for a run to be stopped: whoever conducts it stops its job and ends it. One that has no job ends at once, so that nobody has to
/// conduct it: its trainer may be installed nowhere. Asked again, it changes nothing.
///
/// # Errors
/// When there is no such run, or it has ended.
pub fn ask_to_stop(
    registry: &Registry,
    id: &str,
    author: &ChangeAuthor,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let there = known(registry, id)?;
    if there.state.is_end() {
        return refused(format!("the run {id} has ended: it is {}", there.state.word()));
    }
    if there.stop {
        return Ok(Vec::new());
    }
    let outcome = Some(format!("asked to stop by {}", author.by));
    let stopped = TrainingRun { stop: true, outcome, ..there.clone() };
    Ok(vec![RegistryEntry::Run(match there.state {
        RunState::Planned | RunState::Trained | RunState::Judging => {
            TrainingRun { state: RunState::Stopped, since: author.at, ..stopped }
        }
        RunState::Submitting
        | RunState::Training
        | RunState::Accepted
        | RunState::Refused
        | RunState::Failed
        | RunState::Stopped => stopped,
    })])
}

/// Says that the process `holder` conducts a run. `from` is who conducted it when the process looked. Said by who conducts it
/// already, it is written all the same: it is how others learn that this process lives.
///
/// # Errors
/// When another process said so first, or the run has ended.
pub fn claim_run(
    registry: &Registry,
    id: &str,
    (holder, from): (&str, &str),
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let there = known(registry, id)?;
    let by = format!("{CONDUCTOR}{holder}");
    if there.state.is_end() {
        return refused(format!("the run {id} has ended: it is {}", there.state.word()));
    }
    if there.by != by && there.by != from {
        return refused(format!("the run {id} is conducted by {}", there.by));
    }
    Ok(vec![RegistryEntry::Run(TrainingRun { by, ..there.clone() })])
}

/// Says that the process `holder` lets go of a run, which the next one may take up at once. Nothing where it does not conduct it.
///
/// # Errors
/// When there is no such run.
pub fn release_run(registry: &Registry, id: &str, holder: &str) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let there = known(registry, id)?;
    if there.state.is_end() || there.by != format!("{CONDUCTOR}{holder}") {
        return Ok(Vec::new());
    }
    Ok(vec![RegistryEntry::Run(TrainingRun { by: "train".to_owned(), ..there.clone() })])
}

/// Brings a run from what its conductor knew to `next`. A stop that somebody asked for meanwhile is kept. The same again changes
/// nothing.
///
/// # Errors
/// When the run is not what its conductor knew, or the new state cannot follow.
pub fn advance_run(
    registry: &Registry,
    before: &TrainingRun,
    next: TrainingRun,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let there = known(registry, &before.id)?;
    if is_same(there, &next) {
        return Ok(Vec::new());
    }
    if !is_same(there, before) {
        return refused(format!(
            "the run {} is {} by {} now: somebody else goes on with it",
            there.id,
            there.state.word(),
            there.by
        ));
    }
    if (&next.id, &next.index, &next.trainer, &next.base)
        != (&there.id, &there.index, &there.trainer, &there.base)
    {
        return refused(format!("of the run {} neither index, trainer nor base can change", there.id));
    }
    if !follows(there.state, next.state) {
        return refused(format!(
            "the run {} is {}, and {} does not follow",
            there.id,
            there.state.word(),
            next.state.word()
        ));
    }
    // What a person says of a stop gives way only to what ends the run.
    let outcome = if there.stop && !next.state.is_end() { there.outcome.clone() } else { next.outcome };
    Ok(vec![RegistryEntry::Run(TrainingRun { stop: there.stop, outcome, ..next })])
}

/// Whether two words about a run differ in nothing but a stop that was asked for.
fn is_same(one: &TrainingRun, other: &TrainingRun) -> bool {
    let plain = |run: &TrainingRun| {
        let outcome = if run.state.is_end() { run.outcome.clone() } else { None };
        TrainingRun { stop: false, outcome, ..run.clone() }
    };
    plain(one) == plain(other)
}

fn follows(from: RunState, to: RunState) -> bool {
    use RunState::{Accepted, Failed, Judging, Planned, Refused, Stopped, Submitting, Trained, Training};
    match to {
        Planned => false,
        Submitting => from == Planned,
        Training => from == Submitting,
        Trained => from == Training,
        Judging => from == Trained,
        Accepted => from == Judging,
        // What came out may be known as refused, or be the base itself, before anybody judges it.
        Refused => matches!(from, Trained | Judging),
        Failed | Stopped => !from.is_end(),
    }
}

fn is_run_id(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn known<'a>(registry: &'a Registry, id: &str) -> Result<&'a TrainingRun, RuleRefusal> {
    registry.run(id).ok_or_else(|| {
        RuleRefusal::Otherwise(format!("there is no run {id}: `millrace train status --all` names them"))
    })
}

fn refused<T>(why: String) -> Result<T, RuleRefusal> {
    Err(RuleRefusal::Otherwise(why))
}
