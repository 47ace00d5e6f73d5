//! What is known of the models of an index: which one answers, what proofs say of the others, which runs train one. Pure; whether
//! documents and questions drift is read by [`drift`].

pub mod drift;

use std::cmp::Reverse;

use message::{
    BuildState, Fingerprint, GenerationEntry, ModelEntry, ModelState, ProvenScore, RunState, ServingEntry,
    TrainingRun,
};
use registry::{GenerationKey, Registry};
use serde::Serialize;

use crate::question::Mode;
use drift::DriftHistory;

/// Runs that are told.
const RUNS: usize = 20;
/// The set by which models are accepted or refused.
const GOLDEN: &str = "golden";

/// All that is known of the models of an index.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TrainingPicture {
    /// What is called so outside.
    pub index: String,
    /// What is served; none while the bundle on each machine rules.
    pub serving: Option<ServedModel>,
    /// Every model of the registry: the one that is served, then by state and name.
    pub models: Vec<ModelLine>,
    /// The newest runs for this index: one that has not ended, then the newest first.
    pub runs: Vec<RunLine>,
    /// Whether documents and questions drift.
    pub drift: DriftHistory,
    /// Why nothing is known of models and runs.
    pub kafka: Option<String>,
}

/// A generation, and the model that its vectors are of.
#[derive(Clone, Debug, Serialize)]
pub struct NamedGeneration {
    /// Its id.
    pub generation: String,
    /// The model's name; none where the registry has forgotten the generation.
    pub name: Option<String>,
    /// The model's fingerprint; none as well.
    pub model: Option<Fingerprint>,
}

/// What is served.
#[derive(Clone, Debug, Serialize)]
pub struct ServedModel {
    /// What answers.
    #[serde(flatten)]
    pub now: NamedGeneration,
    /// Since when: seconds since 1970, by the clock of who promoted it.
    pub since: u64,
    /// Who promoted it.
    pub by: String,
    /// What answered before: where a rollback goes.
    pub previous: Option<NamedGeneration>,
}

/// A model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelLine {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub state: ModelState,
    /// Why, where it was refused or retired.
    pub reason: Option<String>,
    /// Numbers in a vector.
    pub dimension: usize,
    /// Whether it is served.
    pub served: bool,
    /// Of the generations of the index that were begun with it, the one that is furthest.
    pub generation: Option<ModelGeneration>,
    /// What its proof says: golden questions by vector, by both, and then general sets.
    pub scores: Vec<ScoreLine>,
}

/// A generation that was begun with a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelGeneration {
    /// Its id.
    pub id: String,
    /// How far it is; `retired` while the registry remembers it.
    pub state: BuildState,
}

/// nDCG@10 of one set of questions with a model, beside the one that it was compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreLine {
    /// The set: `golden`, or a general set and its split.
    pub set: String,
    /// How passages were ranked.
    pub mode: Mode,
    /// With the model that it was compared with.
    pub before: Option<f64>,
    /// With this one.
    pub after: f64,
    /// What was gained.
    pub gain: Option<f64>,
    /// Where the gain's 95 % interval begins.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
}

/// A run that trains a model.
#[derive(Clone, Debug, Serialize)]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub state: RunState,
    /// The last step that it is known to have reached: where it stopped, if it came to nothing.
    pub reached: RunState,
    /// Whether somebody asked for it to be stopped.
    pub stop: bool,
    /// Who trains.
    pub trainer: String,
    /// The model that is fine-tuned.
    pub base: Fingerprint,
    /// The digest of its training data.
    pub data: Option<String>,
    /// Why it was begun.
    pub reason: Option<String>,
    /// What came of it, in words.
    pub outcome: Option<String>,
    /// The model that came out.
    pub model: Option<Fingerprint>,
    /// Since when it is in its state: seconds since 1970.
    pub since: u64,
    /// Who began it, or which process conducts it.
    pub by: String,
}

impl TrainingPicture {
    /// Nothing is known of the models of `index`.
    #[must_use]
    pub fn unknown(index: &str, cause: &str) -> Self {
        Self { index: index.to_owned(), kafka: Some(cause.to_owned()), ..Self::default() }
    }

    /// What the registry says of the models of `index`.
    #[must_use]
    pub fn of(registry: &Registry, index: &str) -> Self {
        let serving = registry.serving(index).map(|entry| served(registry, entry));
        let answers = serving.as_ref().and_then(|serving| serving.now.model.as_ref());
        let mut models: Vec<ModelLine> = registry
            .all_models()
            .map(|entry| ModelLine {
                served: answers == Some(&entry.fingerprint),
                generation: furthest(registry.furthest_of(index, &entry.fingerprint)),
                ..line(entry)
            })
            .collect();
        models.sort_by_cached_key(|line| (!line.served, place(line.state), line.name.clone()));
        let mut runs: Vec<&TrainingRun> = registry.runs(index).collect();
        runs.sort_by_key(|run| (run.state.is_end(), Reverse(run.since)));
        let runs = runs.into_iter().take(RUNS).map(run_line).collect();
        Self { index: index.to_owned(), serving, models, runs, ..Self::default() }
    }
}

fn served(registry: &Registry, entry: &ServingEntry) -> ServedModel {
    let named = |id: &str| {
        let generation = registry.generation(GenerationKey { index: &entry.index, id });
        NamedGeneration {
            generation: id.to_owned(),
            name: generation.map(|generation| generation.name.clone()),
            model: generation.map(|generation| generation.model.clone()),
        }
    };
    ServedModel {
        now: named(&entry.id),
        since: entry.at,
        by: entry.by.clone(),
        previous: entry.previous.as_deref().map(named),
    }
}

fn line(entry: &ModelEntry) -> ModelLine {
    let mut scores: Vec<ScoreLine> = ProvenScore::all(&entry.scores).into_iter().map(score).collect();
    // They come by name, so that general sets keep that order.
    scores.sort_by_key(|score| (score.set != GOLDEN, score.mode != Mode::Vector));
    ModelLine {
        fingerprint: entry.fingerprint.clone(),
        name: entry.name.clone(),
        state: entry.state,
        reason: entry.reason.clone(),
        dimension: entry.dimension,
        served: false,
        generation: None,
        scores,
    }
}

fn furthest(found: Option<&GenerationEntry>) -> Option<ModelGeneration> {
    found.map(|entry| ModelGeneration { id: entry.id.clone(), state: entry.state })
}

fn score(ProvenScore { name, after, before, gain, low, high }: ProvenScore) -> ScoreLine {
    let (set, mode) = if let Some(set) = name.strip_suffix(" hybrid") {
        (set, Mode::Hybrid)
    } else {
        (name.strip_suffix(" vector").unwrap_or(&name), Mode::Vector)
    };
    ScoreLine { set: set.to_owned(), mode, before, after, gain, low, high }
}

/// What waits for a decision comes first.
fn place(state: ModelState) -> u8 {
    match state {
        ModelState::Candidate => 0,
        ModelState::Accepted => 1,
        ModelState::Refused => 2,
        ModelState::Retired => 3,
    }
}

fn run_line(run: &TrainingRun) -> RunLine {
    RunLine {
        id: run.id.clone(),
        state: run.state,
        reached: reached(run),
        stop: run.stop,
        trainer: run.trainer.clone(),
        base: run.base.clone(),
        data: run.data.clone(),
        reason: run.reason.clone(),
        outcome: run.outcome.clone(),
        model: run.model.clone(),
        since: run.since,
        by: run.by.clone(),
    }
}

/// The state before the end is not kept, but what a run has by then tells of it.
fn reached(run: &TrainingRun) -> RunState {
    match run.state {
        RunState::Planned
        | RunState::Submitting
        | RunState::Training
        | RunState::Trained
        | RunState::Judging => run.state,
        RunState::Accepted => RunState::Judging,
        RunState::Refused | RunState::Failed | RunState::Stopped if run.model.is_some() => RunState::Judging,
        // One that was refused before anybody judged it is the base itself, or was refused before.
        RunState::Refused => RunState::Trained,
        RunState::Failed | RunState::Stopped if run.job.is_some() => RunState::Training,
        RunState::Failed | RunState::Stopped => RunState::Planned,
    }
}

#[cfg(test)]
mod tests;
