//! What comes next, by what the registry and the reports of drift say now. Pure.
//!
//! Nothing is remembered from one look to the next that a kill could lose: whoever asks again is told the same.

use generation::Generation;
use message::{
    BuildState, DriftReport, Fingerprint, GenerationEntry, ModelEntry, ModelState, RunState, TrainingRun,
};
use registry::rules::{is_conducted, word};
use registry::{GenerationKey, Registry};

use super::manner::KeepManner;
use crate::command::train::runs::time_of;

/// What is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    /// Models, generations, runs, and what is served.
    pub(super) registry: &'a Registry,
    /// What the indexes are called outside.
    pub(super) index: &'a str,
    /// What is served.
    pub(super) served: &'a Generation,
    /// What was said of its drift.
    pub(super) seen: &'a SeenDrift,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// What the reports say of the space that is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SeenDrift {
    /// When somebody looked last: seconds since 1970.
    measured: Option<u64>,
    /// The newest report that asks for a training.
    alarm: Option<DriftAlarm>,
}

/// A report that asks for a training.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DriftAlarm {
    at: u64,
    words: String,
}

impl SeenDrift {
    /// Takes the next report of this space. One from the future, of a clock that was wrong, says nothing.
    pub(super) fn take(&mut self, report: &DriftReport, now: u64) {
        let at = report.current.until;
        if at > now {
            return;
        }
        self.measured = self.measured.max(Some(at));
        if report.signal && self.alarm.as_ref().is_none_or(|alarm| alarm.at <= at) {
            let evidence: Vec<&str> = report.signals.iter().map(|signal| signal.evidence.as_str()).collect();
            let words = if evidence.is_empty() { report.text.clone() } else { evidence.join("; ") };
            self.alarm = Some(DriftAlarm { at, words });
        }
    }
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextAct {
    /// Nothing while a run has not ended.
    Wait {
        /// Which.
        run: String,
        /// How far it is.
        state: RunState,
    },
    /// Begin to build a generation.
    Build {
        /// With which model.
        model: Fingerprint,
    },
    /// Prove that a generation is built.
    Prove {
        /// Which.
        id: String,
    },
    /// Serve a generation.
    Promote {
        /// Which.
        id: String,
    },
    /// Make training data, and enter a run.
    Learn {
        /// The model that it begins with.
        base: Fingerprint,
    },
    /// Look for drift.
    Measure,
    /// Nothing.
    Rest {
        /// Until when: seconds since 1970; none where nobody goes on.
        until: Option<u64>,
    },
}

impl NextAct {
    /// What it is called.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Wait { .. } => "wait",
            Self::Build { .. } => "build",
            Self::Prove { .. } => "prove",
            Self::Promote { .. } => "promote",
            Self::Learn { .. } => "learn",
            Self::Measure => "measure",
            Self::Rest { .. } => "rest",
        }
    }

    /// Whether the model that is served has to be on this machine: with it documents are compared, ranked or embedded.
    pub(super) fn needs_served(&self) -> bool {
        match self {
            Self::Build { .. } | Self::Learn { .. } | Self::Measure => true,
            Self::Wait { .. } | Self::Prove { .. } | Self::Promote { .. } | Self::Rest { .. } => false,
        }
    }

    /// What it is about; follows its word.
    pub(super) fn about(&self) -> String {
        match self {
            Self::Wait { run, state } => format!("for the run {run}, which is {}", state.word()),
            Self::Build { model } => format!("a generation with the model {}", model.short()),
            Self::Prove { id } => format!("that generation {id} is built"),
            Self::Promote { id } => format!("generation {id}"),
            Self::Learn { base } => {
                format!("from new training data, beginning with the model {}", base.short())
            }
            Self::Measure => "the drift of documents and questions".to_owned(),
            Self::Rest { until: Some(until) } => format!("until {}", time_of(*until)),
            Self::Rest { until: None } => "as nothing more is to be done now".to_owned(),
        }
    }
}

/// What is to be told, and then done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NextStep {
    /// What people should know, or do.
    pub(super) tells: Vec<String>,
    /// What is done.
    pub(super) act: NextAct,
    /// Why.
    pub(super) why: String,
}

/// What becomes of an accepted model.
enum ModelCourse {
    /// This is done with it.
    Act(NextAct),
    /// A person has to do this first, and no other model is trained before.
    Stuck(String),
    /// It is tried again a little later, and no other model is trained before.
    Held,
    /// A person may do this.
    Told(String),
    /// Nothing more: a person decided so.
    Over,
}

/// What comes next.
pub(super) fn next(sight: &Sight<'_>, manner: &KeepManner) -> NextStep {
    if let Some(run) = sight.registry.open_run(sight.index) {
        return NextStep { tells: Vec::new(), act: waiting(run), why: waited_for(run) };
    }
    let (mut tells, mut is_stuck) = (Vec::new(), false);
    if let Some((run, model)) = accepted(sight) {
        match course(sight, (run, model), manner) {
            ModelCourse::Act(act) => {
                let why = format!("the run {} gave {}, which was accepted", run.id, named(model));
                return NextStep { tells, act, why };
            }
            ModelCourse::Stuck(words) => {
                is_stuck = true;
                tells.push(words);
            }
            ModelCourse::Held => is_stuck = true,
            ModelCourse::Told(words) => tells.push(words),
            ModelCourse::Over => {}
        }
    }
    tells.extend(unanswered(sight));
    if let Some(alarm) = alarm(sight).filter(|_| !is_stuck) {
        let base = sight.registry.model(&sight.served.model).filter(|model| model.bundle.is_some());
        match base {
            None => tells.push(format!(
                "drift: {}; and the model that is served, {} ({}), is not in the store, so that no trainer could fetch it: \
                 `millrace model add DIR` puts it there",
                alarm.words,
                sight.served.name,
                sight.served.model.short()
            )),
            Some(base) if manner.held.learn <= sight.now => {
                let act = NextAct::Learn { base: base.fingerprint.clone() };
                return NextStep { tells, act, why: format!("drift: {}", alarm.words) };
            }
            Some(_) => {}
        }
    }
    let (act, why) = measure_or_rest(sight, manner);
    NextStep { tells, act, why }
}

fn waiting(run: &TrainingRun) -> NextAct {
    NextAct::Wait { run: run.id.clone(), state: run.state }
}

fn waited_for(run: &TrainingRun) -> String {
    if is_conducted(run) {
        return format!("conducted by {}", run.by);
    }
    format!("no process conducts it yet: start `train` with MILLRACE_TRAINER={}", run.trainer)
}

/// The newest run that ended with an accepted model, and that model, unless it is served or a person refused it since. Older runs
/// do not count any more.
fn accepted<'a>(sight: &Sight<'a>) -> Option<(&'a TrainingRun, &'a ModelEntry)> {
    let run = newest(sight.registry.runs(sight.index).filter(|run| run.state == RunState::Accepted))?;
    let model = sight.registry.model(run.model.as_ref()?)?;
    let is_wanted = model.state == ModelState::Accepted && model.fingerprint != sight.served.model;
    is_wanted.then_some((run, model))
}

fn newest<'a>(runs: impl Iterator<Item = &'a TrainingRun>) -> Option<&'a TrainingRun> {
    runs.max_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)))
}

fn course(sight: &Sight<'_>, (run, model): (&TrainingRun, &ModelEntry), manner: &KeepManner) -> ModelCourse {
    if was_served(sight, model) {
        return ModelCourse::Over;
    }
    let (is_outdated, short) = (is_outdated(sight, run), model.fingerprint.short());
    let Some(entry) = sight.registry.furthest_of(sight.index, &model.fingerprint) else {
        if is_outdated {
            return ModelCourse::Told(format!(
                "{} was accepted before what is served was changed, so it is not built by itself: `millrace generation start \
                 --with-model {short}` builds it",
                named(model)
            ));
        }
        return ModelCourse::Act(NextAct::Build { model: model.fingerprint.clone() });
    };
    let id = entry.id.clone();
    match entry.state {
        BuildState::Building if manner.held.prove > sight.now => ModelCourse::Held,
        BuildState::Building => ModelCourse::Act(NextAct::Prove { id }),
        BuildState::Paused | BuildState::Failed => ModelCourse::Stuck(stopped(entry, model)),
        BuildState::Retiring | BuildState::Retired => ModelCourse::Over,
        BuildState::Built => {
            let is_gone_back = is_gone_back(sight);
            if manner.promote && !is_outdated && !is_gone_back {
                return ModelCourse::Act(NextAct::Promote { id });
            }
            let why = if manner.promote && is_gone_back {
                "; somebody went back to what is served, so that nothing is promoted by itself until a person has promoted something"
            } else {
                ""
            };
            ModelCourse::Told(format!(
                "generation {id} with {} is built and waits: `millrace generation promote {id}` serves it{why}",
                named(model)
            ))
        }
    }
}

/// Whether a generation of the model was served until just now: a person went back.
fn was_served(sight: &Sight<'_>, model: &ModelEntry) -> bool {
    let previous = sight.registry.serving(sight.index).and_then(|serving| serving.previous.as_ref());
    let mut of_it = sight.registry.generations(sight.index).filter(|entry| entry.model == model.fingerprint);
    of_it.any(|entry| Some(&entry.id) == previous)
}

/// Whether another generation was promoted after the run had ended. Its model was compared with what was served then, and a person
/// has decided something since. (A first generation that was only entered as served has none before it.)
fn is_outdated(sight: &Sight<'_>, run: &TrainingRun) -> bool {
    let serving = sight.registry.serving(sight.index);
    serving.is_some_and(|serving| serving.previous.is_some() && serving.at > run.since)
}

/// Whether a person went back to what is served: what was served before it came later. A model that is trained from it now may be
/// much the same as the one that was gone back from.
fn is_gone_back(sight: &Sight<'_>) -> bool {
    let find = |id: &str| sight.registry.generation(GenerationKey { index: sight.index, id });
    let Some(serving) = sight.registry.serving(sight.index) else { return false };
    let (Some(served), Some(before)) = (find(&serving.id), serving.previous.as_deref().and_then(find)) else {
        return false;
    };
    // When one was built that is gone since is not known any more: it may have been trained from what is served.
    let is_later = before.state == BuildState::Built && before.since > served.since;
    let gave = |run: &TrainingRun| run.base == served.model && run.model.as_ref() == Some(&before.model);
    is_later || sight.registry.runs(sight.index).any(gave)
}

fn stopped(entry: &GenerationEntry, model: &ModelEntry) -> String {
    let GenerationEntry { id, state, reason, .. } = entry;
    let reason = reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!(
        "generation {id} with {} is {}{reason}: `millrace generation resume {id}` goes on with it, `millrace generation retire {id}` \
         gives it up",
        named(model),
        word(*state)
    )
}

/// The newest report that asks for a training, if it is later than every run.
fn alarm<'a>(sight: &Sight<'a>) -> Option<&'a DriftAlarm> {
    let alarm = sight.seen.alarm.as_ref()?;
    sight.registry.runs(sight.index).all(|run| alarm.at > run.since).then_some(alarm)
}

/// What people should know of the newest report that asks for a training: its run came to nothing, and no other one is begun.
fn unanswered(sight: &Sight<'_>) -> Option<String> {
    let alarm = sight.seen.alarm.as_ref()?;
    let run = newest(sight.registry.runs(sight.index)).filter(|run| run.since >= alarm.at)?;
    let became = match run.state {
        RunState::Failed => "failed",
        RunState::Stopped => "was stopped",
        RunState::Planned
        | RunState::Submitting
        | RunState::Training
        | RunState::Trained
        | RunState::Judging
        | RunState::Accepted
        | RunState::Refused => return None,
    };
    let outcome = run.outcome.as_deref().map(|outcome| format!(" ({outcome})")).unwrap_or_default();
    Some(format!(
        "the drift of {} is not answered: the run {} {became}{outcome}; `millrace train now --data {}` begins another one",
        time_of(alarm.at),
        run.id,
        run.data.as_deref().unwrap_or("DIGEST")
    ))
}

/// The run that trained this model on this data and was judged: another one would give the same. One that failed or was stopped
/// says nothing of it.
pub(super) fn judged_before<'a>(
    (registry, index): (&'a Registry, &'a str),
    base: &Fingerprint,
    data: &str,
) -> Option<&'a TrainingRun> {
    let is_judged = |run: &&TrainingRun| matches!(run.state, RunState::Accepted | RunState::Refused);
    let mut runs = registry.runs(index).filter(is_judged);
    runs.find(|run| run.base == *base && run.data.as_deref() == Some(data))
}

fn measure_or_rest(sight: &Sight<'_>, manner: &KeepManner) -> (NextAct, String) {
    let mut why = "nobody has compared the space that is served yet".to_owned();
    if let Some(last) = sight.seen.measured {
        why = format!("the last measure is of {}", time_of(last));
        let until = manner.every.map(|every| last.saturating_add(every));
        if !until.map_or(last < manner.begun, |until| until <= sight.now) {
            return (NextAct::Rest { until }, why);
        }
    }
    let held = manner.held.measure;
    if held > sight.now {
        let until = manner.every.map(|_| held);
        return (NextAct::Rest { until }, format!("{why}, and it could not be done a short while ago"));
    }
    (NextAct::Measure, why)
}

fn named(model: &ModelEntry) -> String {
    format!("{} ({})", model.name, model.fingerprint.short())
}

#[cfg(test)]
mod tests;
