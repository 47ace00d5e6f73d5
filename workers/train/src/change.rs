//! What is written when a run goes on: the run, and what becomes of its model, together or not at all. Pure.

use std::collections::BTreeMap;

use message::{ModelEntry, ModelState, RegistryEntry, RunState, TrainingRun};
use registry::Registry;
use registry::rules::{self, RuleRefusal};

use crate::run::ended;

/// How a run goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum RunChange {
    /// To another state.
    Move(TrainingRun),
    /// What came out is entered as a candidate, and is to be judged.
    Register {
        /// The run, judging.
        next: TrainingRun,
        /// The model.
        model: Box<ModelEntry>,
    },
    /// The model is accepted, or refused.
    Decide {
        /// The run at its end.
        next: TrainingRun,
        /// What it scored, by what was measured.
        scores: BTreeMap<String, f64>,
    },
}

/// What to write so that the run goes on from what its conductor knew, `before`. A person's word about a model is not overruled.
///
/// # Errors
/// When the run is not what its conductor knew, or a rule stands in the way.
pub fn entries(
    registry: &Registry,
    before: &TrainingRun,
    change: RunChange,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    match change {
        RunChange::Move(next) => rules::advance_run(registry, before, next),
        RunChange::Register { next, model } => register(registry, before, next, *model),
        RunChange::Decide { next, scores } => decide(registry, before, next, &scores),
    }
}

fn register(
    registry: &Registry,
    before: &TrainingRun,
    next: TrainingRun,
    model: ModelEntry,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let refuse = |why: String| {
        let refused = ended(&next, (RunState::Refused, why), next.since);
        rules::advance_run(registry, before, refused)
    };
    if model.fingerprint == before.base {
        return refuse("what came out is the base itself: nothing was learnt from this data".to_owned());
    }
    if let Some(there) = registry.model(&model.fingerprint)
        && matches!(there.state, ModelState::Refused | ModelState::Retired)
    {
        let why = there.reason.as_deref().unwrap_or("without a reason");
        return refuse(format!("the same model came out that was refused before: {why}"));
    }
    let mut all = rules::advance_run(registry, before, next)?;
    if !all.is_empty() {
        all.extend(rules::enter_model(registry, model)?);
    }
    Ok(all)
}

fn decide(
    registry: &Registry,
    before: &TrainingRun,
    next: TrainingRun,
    scores: &BTreeMap<String, f64>,
) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let there = before.model.as_ref().and_then(|model| registry.model(model));
    let (state, reason) = if next.state == RunState::Accepted {
        (ModelState::Accepted, None)
    } else {
        (ModelState::Refused, next.outcome.clone())
    };
    let Some(there) = there else {
        let gone = "its model is not in the registry any more".to_owned();
        let failed = ended(&next, (RunState::Failed, gone), next.since);
        return rules::advance_run(registry, before, failed);
    };
    if let Some(word) = told(there) {
        return rules::advance_run(registry, before, ended(&next, word, next.since));
    }
    let mut all = rules::advance_run(registry, before, next)?;
    if !all.is_empty() {
        let marked = rules::mark_model(registry, &there.fingerprint, (state, reason))?;
        all.extend(marked.into_iter().map(|entry| scored(entry, scores)));
    }
    Ok(all)
}

fn scored(entry: RegistryEntry, scores: &BTreeMap<String, f64>) -> RegistryEntry {
    if let RegistryEntry::Model(mut model) = entry {
        model.scores.extend(scores.clone());
        RegistryEntry::Model(model)
    } else {
        entry
    }
}

/// How a run ends whose model is no candidate any more: somebody said by `millrace model` what becomes of it.
#[must_use]
pub fn told(model: &ModelEntry) -> Option<(RunState, String)> {
    let reason = model.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match model.state {
        ModelState::Candidate => None,
        ModelState::Accepted => {
            Some((RunState::Accepted, format!("the registry says that it is accepted{reason}")))
        }
        ModelState::Refused | ModelState::Retired => {
            Some((RunState::Refused, format!("the registry says that it is refused{reason}")))
        }
    }
}

#[cfg(test)]
mod tests;
