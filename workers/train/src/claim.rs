//! Which of several processes conducts a run. Stage: awaits a [`Broker`].
//!
//! Two processes must never create two jobs of one run. So a process says in the registry that it conducts a run, by
//! compare-and-set, and says so again every [`RENEWED`] for as long as it acts. Another process takes the run only when
//! nothing was said of it for [`SILENCE`], by its own clock, and then looks for a job before it creates one. A process that could
//! not say it for [`CUT_OFF`] breaks off what it does. What is left is a process that is frozen between looking and creating,
//! for longer than [`SILENCE`], and then goes on.

use std::time::Duration;

use message::{RegistryEntry, TrainingRun};
use registry::rules;
use registry::{Registry, RegistryError, RegistryWriter};
use stream::Broker;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

/// How often a process says that it conducts a run.
pub const RENEWED: Duration = Duration::from_secs(10);
/// How long a process may go on after its last word was written.
pub const CUT_OFF: Duration = Duration::from_secs(40);
/// How long nothing may be said of a run before another process takes it. It is also the time that a job, which a process created
/// just before it was killed, has to appear in the trainer's list.
pub const SILENCE: Duration = Duration::from_mins(1);
/// How soon a word is tried again that could not be written.
const AGAIN: Duration = Duration::from_secs(2);

/// What became of an act.
#[derive(Debug)]
pub enum HeldAct<T> {
    /// It ended.
    Done(T),
    /// It was broken off: somebody asked for the run to be stopped.
    Asked,
    /// It was broken off: another process conducts the run, or this one was cut off.
    Lost(String),
}

/// This process, as one that conducts runs.
#[derive(Clone, Debug)]
pub struct RunClaim<B> {
    writer: RegistryWriter<B>,
    instance: String,
}

impl<B: Broker> RunClaim<B> {
    /// The process `instance`, a name that no other process has.
    #[must_use]
    pub fn new(writer: RegistryWriter<B>, instance: &str) -> Self {
        Self { writer, instance: instance.to_owned() }
    }

    /// Says that this process conducts `run`, which `run.by` conducted or asked for, and gives the run as it is then.
    ///
    /// # Errors
    /// As [`RegistryWriter::change`]: refused when another process was first.
    pub async fn take(&self, run: &TrainingRun) -> Result<TrainingRun, RegistryError> {
        let mut taken = run.clone();
        let rule = |registry: &Registry| {
            let entries = rules::claim_run(registry, &run.id, (&self.instance, &run.by))?;
            for entry in &entries {
                if let RegistryEntry::Run(run) = entry {
                    taken = run.clone();
                }
            }
            Ok(entries)
        };
        self.writer.change(rule).await?;
        Ok(taken)
    }

    /// Lets go of a run, which another process may take at once.
    ///
    /// # Errors
    /// As [`RegistryWriter::change`].
    pub async fn release(&self, run: &str) -> Result<(), RegistryError> {
        self.writer.change(|registry| rules::release_run(registry, run, &self.instance)).await
    }

    /// Awaits `act` and says meanwhile that this process conducts `run`. `last` is when the last such word was begun to be written,
    /// and is kept so. A stop that somebody asks for breaks the act off where it may be `interrupted`.
    pub async fn during<T>(
        &self,
        run: &TrainingRun,
        last: &mut Instant,
        interrupted: bool,
        act: impl Future<Output = T>,
    ) -> HeldAct<T> {
        let known = TrainingRun { stop: run.stop || !interrupted, ..run.clone() };
        tokio::select! {
            biased;
            done = act => HeldAct::Done(done),
            end = self.keep(&known, last) => match end {
                KeepEnd::Asked => HeldAct::Asked,
                KeepEnd::Lost(why) => HeldAct::Lost(why),
            }
        }
    }

    /// Says so again and again, until it cannot, or until somebody asks for a stop of which `run` does not know.
    async fn keep(&self, run: &TrainingRun, last: &mut Instant) -> KeepEnd {
        let mut pause = RENEWED.saturating_sub(last.elapsed());
        loop {
            sleep(pause).await;
            let began = Instant::now();
            match timeout(CUT_OFF.saturating_sub(last.elapsed()), self.take(run)).await {
                Ok(Ok(there)) if there.stop && !run.stop => return KeepEnd::Asked,
                Ok(Ok(_)) => (*last, pause) = (began, RENEWED),
                Ok(Err(RegistryError::Refused(why))) => return KeepEnd::Lost(why.to_string()),
                Ok(Err(error)) if last.elapsed() < CUT_OFF => {
                    warn!(run = run.id, cause = %error, "it could not be said that this process conducts the run");
                    pause = AGAIN;
                }
                Ok(Err(_)) | Err(_) => {
                    let seconds = CUT_OFF.as_secs();
                    return KeepEnd::Lost(format!(
                        "nothing could be written to the topic `models` for {seconds} s"
                    ));
                }
            }
        }
    }
}

enum KeepEnd {
    Asked,
    Lost(String),
}
