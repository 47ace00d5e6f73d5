//! Drives the run of one index, step by step. Stage: awaits a [`Broker`], a [`Trainer`], a [`DataMaker`], a [`Proof`] and a
//! [`FileStore`].
//!
//! A step is one act and one word in the registry, so that whoever is killed between two of them, or in the middle of one, is
//! followed by a process that reads the word and goes on. Creating a job is the one act that must not be repeated: the word that
//! it may be created comes first, and from then on it is looked for before it is created.

mod acts;
mod rest;

use backoff::Backoff;
use message::{RegistryEntry, RunState, TrainingRun};
use objects::FileStore;
use registry::{Registry, RegistryError, RegistryWriter, rules};
use stream::Broker;
use telemetry::{Counter, Gauge, Label, count_of, set};
use tokio::time::{Duration, Instant};
use tracing::{debug, error, info, warn};

use crate::change::{RunChange, entries};
use crate::claim::{HeldAct, RunClaim, SILENCE};
use crate::data::DataMaker;
use crate::judge::Proof;
use crate::output::ModelShelf;
use crate::run::{ended, given_up, next, submits};
use crate::trainer::{Trainer, TrainerOptions};

/// How often a job may be created whose creation nobody can tell from the answer, and that nobody finds afterwards. After one more
/// it is only looked for.
const MOST_UNCLEAR: u32 = 3;
/// How long after such an answer is looked for the job.
const SETTLES: Duration = Duration::from_secs(30);
/// What is added where a run is given up before that is known.
const IN_DOUBT: &str = "; whether a job was created is not known: look for one of this run at the trainer, since it would cost money";

/// What a conductor works with.
#[derive(Clone, Debug)]
pub struct ConductorParts<B, T, D, P, S> {
    /// Where runs stand.
    pub broker: B,
    /// Who trains.
    pub trainer: T,
    /// What is learnt from.
    pub data: D,
    /// What a model has to pass.
    pub proof: P,
    /// Where data, outputs and models are.
    pub store: S,
}

/// For whom a conductor works, and how.
#[derive(Clone, Debug)]
pub struct ConductSettings {
    /// What the indexes are called outside.
    pub index: String,
    /// This process: a name that no other process has.
    pub instance: String,
    /// The bucket that data and outputs are in.
    pub bucket: String,
    /// Runs of which trainer it conducts, as [`message::TrainingRun::trainer`] names it.
    pub trainer: String,
    /// How models are trained.
    pub options: TrainerOptions,
    /// How long a job may take.
    pub longest: Duration,
    /// Where models go.
    pub shelf: ModelShelf,
    /// Seconds since 1970.
    pub clock: fn() -> u64,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// The run went on: there is more to do.
    Moved,
    /// There is nothing to do.
    Idle,
    /// The same step comes again, after this time if one was asked for.
    Wait(Option<Duration>),
    /// Another process conducts the run.
    StandBy,
}

/// What came of an act.
enum ActEnd {
    Go(Box<RunChange>),
    /// The job goes on; for the log.
    Runs(String),
    /// Not now: when again, and why.
    Wait(Option<Duration>, String),
    /// Not before a person has mended something.
    Alarm(String),
    /// A job may have been created.
    Unclear(String),
}

/// A run that another process conducts: how many words were said of it, and since when.
struct Watched {
    run: String,
    words: u64,
    since: Instant,
}

/// Conducts the runs of one index, one at a time.
pub struct Conductor<B, T, D, P, S> {
    parts: ConductorParts<B, T, D, P, S>,
    settings: ConductSettings,
    writer: RegistryWriter<B>,
    claim: RunClaim<B>,
    watched: Option<Watched>,
    /// The run that this process conducts, as it was last, and when the last word of it was begun to be written.
    held: Option<(TrainingRun, Instant)>,
    /// How often the creation of its job was unclear, and why the last time.
    unclear: (u32, String),
    /// A run for another trainer, as it was logged.
    told: String,
}

impl<B: Broker, T: Trainer, D: DataMaker, P: Proof, S: FileStore> Conductor<B, T, D, P, S> {
    /// A conductor that conducts nothing yet.
    #[must_use]
    pub fn new(parts: ConductorParts<B, T, D, P, S>, settings: ConductSettings) -> Self {
        let writer = RegistryWriter::new(parts.broker.clone(), &settings.index);
        let claim = RunClaim::new(writer.clone(), &settings.instance);
        let (watched, held, unclear, told) = (None, None, (0, String::new()), String::new());
        Self { parts, settings, writer, claim, watched, held, unclear, told }
    }

    /// Does what comes next in the run of the index, if there is one and no other process conducts it.
    ///
    /// # Errors
    /// When the registry cannot be read or written.
    pub async fn step(&mut self) -> Result<StepEnd, RegistryError> {
        let registry = registry::look(&self.parts.broker).await?;
        let Some(run) = self.open_run(&registry) else {
            self.held = None;
            return Ok(StepEnd::Idle);
        };
        if !self.may_take(&registry, &run) {
            self.held = None;
            return Ok(StepEnd::StandBy);
        }
        let mut last = Instant::now();
        let run = match self.claim.take(&run).await {
            Ok(taken) if taken.state == run.state => taken,
            // Whoever conducted it went on with it meanwhile: what was read is old.
            Ok(_) => return Ok(StepEnd::Moved),
            Err(RegistryError::Refused(_) | RegistryError::Rival) => return Ok(StepEnd::StandBy),
            Err(error) => return Err(error),
        };
        self.watched = None;
        if self.held.as_ref().is_none_or(|(held, _)| held.id != run.id) {
            info!(run = run.id, state = run.state.word(), "this process conducts the run");
            self.unclear = (0, String::new());
        }
        self.held = Some((run.clone(), last));
        show(run.state);
        let Some(act) = next(&run) else { return Ok(StepEnd::Idle) };
        let interrupted = act.may_be_interrupted();
        let doing = Box::pin(self.perform(&registry, &run, act));
        let done = self.claim.during(&run, &mut last, interrupted, doing).await;
        self.held = Some((run.clone(), last));
        match done {
            HeldAct::Done(end) => self.answer(&run, end).await,
            HeldAct::Asked => Ok(StepEnd::Moved),
            HeldAct::Lost(why) => {
                warn!(run = run.id, why, "this process does not conduct the run any more");
                self.held = None;
                Ok(StepEnd::StandBy)
            }
        }
    }

    /// The run of the index that has not ended and is for this trainer.
    fn open_run(&mut self, registry: &Registry) -> Option<TrainingRun> {
        let run = registry.open_run(&self.settings.index)?;
        if run.trainer == self.settings.trainer {
            return Some(run.clone());
        }
        if self.told != run.id {
            self.told.clone_from(&run.id);
            warn!(
                run = run.id,
                trainer = run.trainer,
                own = self.settings.trainer,
                "this run is for another trainer: start a process with that MILLRACE_TRAINER, or stop the run"
            );
        }
        None
    }

    /// Whether this process conducts the run, or may: nobody does, or nothing was said of it for long enough.
    fn may_take(&mut self, registry: &Registry, run: &TrainingRun) -> bool {
        let own = self.held.as_ref().is_some_and(|(held, _)| held.id == run.id && held.by == run.by);
        if own || !rules::is_conducted(run) {
            return true;
        }
        let words = registry.words_of(&run.id);
        match &self.watched {
            Some(watched) if watched.run == run.id && watched.words == words => {
                watched.since.elapsed() >= SILENCE
            }
            Some(_) | None => {
                self.watched = Some(Watched { run: run.id.clone(), words, since: Instant::now() });
                false
            }
        }
    }

    /// Writes what followed from an act, or says how it comes again.
    async fn answer(&mut self, run: &TrainingRun, end: ActEnd) -> Result<StepEnd, RegistryError> {
        let (after, why) = match end {
            ActEnd::Go(change) => return self.go(run, *change).await,
            ActEnd::Runs(detail) => {
                debug!(run = run.id, detail, "the job goes on");
                return Ok(StepEnd::Wait(None));
            }
            ActEnd::Wait(after, why) => {
                warn!(run = run.id, state = run.state.word(), why, "waiting");
                (after, why)
            }
            ActEnd::Alarm(why) => {
                error!(run = run.id, state = run.state.word(), why, "waiting for somebody to mend this");
                (Some(Backoff::LONGEST), why)
            }
            ActEnd::Unclear(why) => {
                let times = self.unclear.0 + 1;
                self.unclear = (times, why.clone());
                warn!(run = run.id, why, times, "whether there is a job is not known: it is looked for");
                (Some(SETTLES), why)
            }
        };
        let now = (self.settings.clock)();
        match given_up(run, &why, now) {
            Some(mut outcome) => {
                if submits(run) && self.unclear.0 > 0 {
                    outcome.push_str(IN_DOUBT);
                }
                let failed = ended(run, (RunState::Failed, outcome), now);
                self.go(run, RunChange::Move(failed)).await
            }
            None => Ok(StepEnd::Wait(after)),
        }
    }

    /// Writes a change.
    async fn go(&mut self, run: &TrainingRun, change: RunChange) -> Result<StepEnd, RegistryError> {
        let mut written = None;
        let rule = |registry: &Registry| {
            let all = entries(registry, run, change.clone())?;
            let run = |entry: &RegistryEntry| {
                if let RegistryEntry::Run(run) = entry { Some(run.clone()) } else { None }
            };
            written = all.iter().find_map(run);
            Ok(all)
        };
        match self.writer.change(rule).await {
            Ok(()) => {
                if let Some(now) = written {
                    self.tell(&now);
                }
                Ok(StepEnd::Moved)
            }
            Err(RegistryError::Rival) => Ok(StepEnd::Wait(None)),
            Err(RegistryError::Refused(why)) => {
                warn!(run = run.id, %why, "the run could not go on so: looking again");
                Ok(StepEnd::Wait(None))
            }
            Err(error) => Err(error),
        }
    }

    /// Logs and counts where a run is now.
    fn tell(&mut self, run: &TrainingRun) {
        let outcome = run.outcome.as_deref().unwrap_or_default();
        info!(run = run.id, state = run.state.word(), outcome, "the run went on");
        show(run.state);
        if run.state.is_end() {
            count_of(Counter::TrainingRunsEnded, &[(Label::State, run.state.word())], 1);
            self.held = None;
        } else if let Some((held, _)) = &mut self.held {
            held.clone_from(run);
        }
    }
}

/// Shows on the page of metrics where the newest run is.
fn show(state: RunState) {
    for one in RunState::ALL {
        set(Gauge::TrainingRun, &[(Label::State, one.word())], if one == state { 1.0 } else { 0.0 });
    }
}
