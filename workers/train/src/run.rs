//! What comes next in a run, and what follows from what a trainer says. Pure.

use std::time::Duration;

use message::{RunState, TrainingRun};

use crate::trainer::{JobState, TrainerTrouble};

/// How long a run may wait in a state for what is away, busy, or has to be mended by a person, before it comes to nothing: a
/// working day and a night.
const PATIENCE: Duration = Duration::from_hours(24);
/// The same for a person who has to say what becomes of a model.
const PATIENCE_OF_PROOF: Duration = Duration::from_hours(7 * 24);
/// How long after its end the output of a job may take to appear: a store that is mounted as a folder writes late.
pub const OUTPUT_PATIENCE: Duration = Duration::from_mins(10);
/// How long after its time a job is tried to be stopped at a trainer that does not do it.
const STOPPING: Duration = Duration::from_mins(10);

/// The next act of who conducts a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextAct {
    /// Make the training data, or find it.
    Prepare,
    /// Look for a job that carries the run's id, and create one only where there is none.
    Submit,
    /// Ask how far the job is.
    Look {
        /// The trainer's name of it.
        job: String,
    },
    /// Read what came out, and put it where models are.
    Register,
    /// Compare it with what is served.
    Judge,
    /// Stop the job; without a name, the one that carries the run's id, if there is one.
    Stop {
        /// The trainer's name of it.
        job: Option<String>,
    },
    /// Say that it has ended.
    End {
        /// How.
        state: RunState,
        /// Why.
        outcome: String,
    },
}

impl NextAct {
    /// Whether a stop that somebody asks for meanwhile may break it off. Creating a job may not be broken off: whether there is
    /// one would be unknown.
    #[must_use]
    pub fn may_be_interrupted(&self) -> bool {
        matches!(self, Self::Prepare | Self::Look { .. } | Self::Register | Self::Judge)
    }
}

/// What comes next; none when the run has ended.
#[must_use]
pub fn next(run: &TrainingRun) -> Option<NextAct> {
    let broken = |what: &str| NextAct::End {
        state: RunState::Failed,
        outcome: format!("the run is {} and names no {what}: start another one", run.state.word()),
    };
    if run.stop {
        return match run.state {
            RunState::Submitting | RunState::Training => Some(NextAct::Stop { job: run.job.clone() }),
            RunState::Planned | RunState::Trained | RunState::Judging => {
                Some(NextAct::End { state: RunState::Stopped, outcome: stopped(run) })
            }
            RunState::Accepted | RunState::Refused | RunState::Failed | RunState::Stopped => None,
        };
    }
    match run.state {
        RunState::Planned => Some(NextAct::Prepare),
        RunState::Submitting if run.data.is_none() => Some(broken("training data")),
        RunState::Submitting => Some(NextAct::Submit),
        RunState::Training => {
            Some(run.job.clone().map_or_else(|| broken("job"), |job| NextAct::Look { job }))
        }
        RunState::Trained => Some(NextAct::Register),
        RunState::Judging if run.model.is_none() => Some(broken("model")),
        RunState::Judging => Some(NextAct::Judge),
        RunState::Accepted | RunState::Refused | RunState::Failed | RunState::Stopped => None,
    }
}

/// Whether a job of the run may have been created that nobody knows yet.
#[must_use]
pub fn submits(run: &TrainingRun) -> bool {
    run.state == RunState::Submitting
}

/// What to say of a run that somebody stopped.
#[must_use]
pub fn stopped(run: &TrainingRun) -> String {
    run.outcome.clone().unwrap_or_else(|| "somebody asked for it to be stopped".to_owned())
}

/// The run in another state, which it enters `at` so many seconds since 1970.
#[must_use]
pub fn moved(run: &TrainingRun, state: RunState, at: u64) -> TrainingRun {
    TrainingRun { state, since: at, ..run.clone() }
}

/// The run at its end.
#[must_use]
pub fn ended(run: &TrainingRun, (state, outcome): (RunState, String), at: u64) -> TrainingRun {
    TrainingRun { outcome: Some(outcome), ..moved(run, state, at) }
}

/// Why a run has waited long enough in its state; none while it may go on waiting for `why`. A job has a limit of its own
/// ([`is_left_running`]), and a run that must be stopped is not given up.
#[must_use]
pub fn given_up(run: &TrainingRun, why: &str, now: u64) -> Option<String> {
    let most = match run.state {
        RunState::Planned | RunState::Submitting | RunState::Trained => PATIENCE,
        RunState::Judging => PATIENCE_OF_PROOF,
        RunState::Training
        | RunState::Accepted
        | RunState::Refused
        | RunState::Failed
        | RunState::Stopped => return None,
    };
    let hours = most.as_secs() / 3600;
    (!run.stop && is_over(run, now, most)).then(|| format!("given up after {hours} hours: {why}"))
}

/// Whether the run has been in its state for longer than `most`.
#[must_use]
pub fn is_over(run: &TrainingRun, now: u64, most: Duration) -> bool {
    now.saturating_sub(run.since) > most.as_secs()
}

/// Whether nobody tries any more to stop the job of a run, which may take `most`: the trainer refuses to, or did not do it for
/// long enough after that time. Without this a trainer that never answers would keep the run for ever.
#[must_use]
pub fn is_left_running(run: &TrainingRun, trouble: &TrainerTrouble, now: u64, most: Duration) -> bool {
    match trouble {
        TrainerTrouble::Refused(_) => true,
        TrainerTrouble::Busy { .. } | TrainerTrouble::Denied(_) | TrainerTrouble::Unclear(_) => {
            is_over(run, now, most.saturating_add(STOPPING))
        }
    }
}

/// What to say of a job that could not be stopped.
#[must_use]
pub fn left_running(job: &str, trouble: &TrainerTrouble) -> String {
    format!(
        "its job {job} could not be stopped ({trouble}): it may still run and cost money, so stop it at the trainer by hand"
    )
}

/// What to say of a job that took longer than `most`.
#[must_use]
pub fn overdue(most: Duration) -> String {
    let hours = most.as_secs() / 3600;
    format!(
        "the job took longer than {hours} hours and had to be stopped: allow more (MILLRACE_TRAIN_MOST_HOURS), or train on less"
    )
}

/// What to say where no job could be created: after `times` requests of which nobody can tell what became, the last for `why`.
#[must_use]
pub fn uncreated(times: u32, why: &str) -> String {
    format!(
        "no job could be created: nobody knows what became of {times} requests, and no job of this run is found; should one appear \
         at the trainer, stop it there: {why}"
    )
}

/// What follows from the state of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobAnswer {
    /// It goes on; for the log.
    Wait(String),
    /// It has taken longer than it may: it has to be stopped. The run then ends with these words.
    Overdue(String),
    /// The trainer does not know it any more: its output says whether it ended well.
    Gone,
    /// The run goes on so.
    Next(Box<TrainingRun>),
}

/// What follows from `job`, the state of the run's job, `now`. A job may take `most`.
#[must_use]
pub fn follow_job(run: &TrainingRun, job: JobState, now: u64, most: Duration) -> JobAnswer {
    let end = |state, outcome| JobAnswer::Next(Box::new(ended(run, (state, outcome), now)));
    let late = is_over(run, now, most);
    match job {
        JobState::Waiting(_) | JobState::Running { .. } if late => JobAnswer::Overdue(overdue(most)),
        JobState::Waiting(why) => JobAnswer::Wait(format!("the job waits: {why}")),
        JobState::Running { detail } => JobAnswer::Wait(detail),
        JobState::Succeeded => JobAnswer::Next(Box::new(moved(run, RunState::Trained, now))),
        JobState::Failed { reason } => end(RunState::Failed, format!("the job failed: {reason}")),
        // Stopped here, and this process was killed before it could say so.
        JobState::Stopped { .. } if late => end(RunState::Failed, overdue(most)),
        JobState::Stopped { reason } => {
            end(RunState::Stopped, format!("the job was stopped at the trainer: {reason}"))
        }
        JobState::Gone => JobAnswer::Gone,
    }
}

/// What a model is called that was trained from `base` for `index`. One that was trained again keeps its name.
#[must_use]
pub fn model_name(base: &str, index: &str) -> String {
    let ending = format!("+{index}");
    format!("{}{ending}", base.strip_suffix(&ending).unwrap_or(base))
}

#[cfg(test)]
mod tests;
