//! A trainer in memory, whose jobs do what a test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::trainer::{JobState, Trainer, TrainerTrouble, TrainingJob, shown};

/// A failure to inject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainerFault {
    /// The next call finds the trainer busy.
    Busy(Option<Duration>),
    /// The next call is denied.
    Denied(String),
    /// The next call is refused.
    Refused(String),
    /// The next call to create a job does not arrive, and nobody can tell.
    LostBefore,
    /// The next call to create a job creates it, but its answer is lost.
    LostAfter,
}

/// A trainer in memory. Clones share its jobs.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrainer {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<String, Job>,
    created: usize,
    faults: VecDeque<TrainerFault>,
}

#[derive(Debug)]
struct Job {
    order: TrainingJob,
    state: JobState,
    log: Vec<String>,
}

impl MemoryTrainer {
    /// Adds a failure; each strikes once, in order.
    pub fn inject(&self, fault: TrainerFault) {
        self.lock().faults.push_back(fault);
    }

    /// Sets how a job stands; nothing happens when there is no such job.
    pub fn set(&self, job: &str, state: JobState) {
        if let Some(job) = self.lock().jobs.get_mut(job) {
            job.log.push(format!("{state:?}"));
            job.state = state;
        }
    }

    /// Adds a line to a job's log.
    pub fn say(&self, job: &str, line: &str) {
        if let Some(job) = self.lock().jobs.get_mut(job) {
            job.log.push(line.to_owned());
        }
    }

    /// Makes a job vanish.
    pub fn forget(&self, job: &str) {
        self.lock().jobs.remove(job);
    }

    /// How many jobs were ever created.
    #[must_use]
    pub fn created(&self) -> usize {
        self.lock().created
    }

    /// The jobs that there are, as they were ordered.
    #[must_use]
    pub fn orders(&self) -> Vec<TrainingJob> {
        self.lock().jobs.values().map(|job| job.order.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave this state half-changed: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next fault, unless it waits for a job to be created.
    fn strike(&mut self) -> Result<(), TrainerTrouble> {
        match self.faults.front() {
            None | Some(TrainerFault::LostBefore | TrainerFault::LostAfter) => return Ok(()),
            Some(TrainerFault::Busy(_) | TrainerFault::Denied(_) | TrainerFault::Refused(_)) => {}
        }
        match self.faults.pop_front() {
            Some(TrainerFault::Busy(after)) => {
                Err(TrainerTrouble::Busy { after, why: "injected".to_owned() })
            }
            Some(TrainerFault::Denied(what)) => Err(TrainerTrouble::Denied(what)),
            Some(TrainerFault::Refused(what)) => Err(TrainerTrouble::Refused(what)),
            Some(TrainerFault::LostBefore | TrainerFault::LostAfter) | None => Ok(()),
        }
    }

    fn add(&mut self, order: &TrainingJob) -> String {
        self.created += 1;
        let name = format!("memory-{}", self.created);
        let state = JobState::Waiting("created".to_owned());
        self.jobs.insert(name.clone(), Job { order: order.clone(), state, log: vec!["created".to_owned()] });
        name
    }
}

impl Trainer for MemoryTrainer {
    async fn find(&self, run: &str) -> Result<Option<String>, TrainerTrouble> {
        let mut state = self.lock();
        state.strike()?;
        Ok(state.jobs.iter().find(|(_, job)| job.order.run == run).map(|(name, _)| name.clone()))
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, TrainerTrouble> {
        let mut state = self.lock();
        state.strike()?;
        let unclear = |when: &str| TrainerTrouble::Unclear(format!("injected, {when} it was created"));
        let lost = state
            .faults
            .pop_front_if(|fault| matches!(fault, TrainerFault::LostBefore | TrainerFault::LostAfter));
        match lost {
            Some(TrainerFault::LostBefore) => Err(unclear("before")),
            Some(_) => {
                state.add(job);
                Err(unclear("after"))
            }
            None => Ok(state.add(job)),
        }
    }

    async fn look(&self, job: &str) -> Result<JobState, TrainerTrouble> {
        let mut state = self.lock();
        state.strike()?;
        Ok(state.jobs.get(job).map_or(JobState::Gone, |job| job.state.clone()))
    }

    async fn stop(&self, job: &str) -> Result<(), TrainerTrouble> {
        let mut state = self.lock();
        state.strike()?;
        if let Some(job) = state.jobs.get_mut(job)
            && !job.state.is_ended()
        {
            job.state = JobState::Stopped { reason: "asked to stop".to_owned() };
        }
        Ok(())
    }

    async fn log(&self, job: &str) -> Result<Vec<String>, TrainerTrouble> {
        let mut state = self.lock();
        state.strike()?;
        Ok(shown(state.jobs.get(job).map(|job| job.log.clone()).unwrap_or_default()))
    }
}
