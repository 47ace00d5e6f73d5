//! The acts of a run. Each gives what is to be written, and writes no word itself.

use bytes::Bytes;
use message::{Fingerprint, ModelEntry, RunState, TrainingRun};
use objects::FileStore;
use registry::Registry;
use stream::Broker;
use tracing::debug;

use super::{ActEnd, Conductor, IN_DOUBT, MOST_UNCLEAR};
use crate::change::{RunChange, told};
use crate::data::{DataMaker, DataTrouble, data_place};
use crate::judge::{Proof, ProofTrouble, TrainedOutput};
use crate::output::{OutputTrouble, log_of, look_done, output_place, shelve};
use crate::run::{
    JobAnswer, NextAct, OUTPUT_PATIENCE, ended, follow_job, is_left_running, is_over, left_running,
    model_name, moved, overdue, stopped, uncreated,
};
use crate::trainer::{ObjectPlace, Trainer, TrainerTrouble, TrainingJob};

impl<B: Broker, T: Trainer, D: DataMaker, P: Proof, S: FileStore> Conductor<B, T, D, P, S> {
    /// Does one act.
    pub(super) async fn perform(&self, registry: &Registry, run: &TrainingRun, act: NextAct) -> ActEnd {
        let done = match act {
            NextAct::Prepare => self.prepare(registry, run).await,
            NextAct::Submit => self.submit(registry, run).await,
            NextAct::Look { job } => self.look(run, &job).await,
            NextAct::Register => self.register(registry, run).await,
            NextAct::Judge => self.judge(registry, run).await,
            NextAct::Stop { job } => self.stop(run, job).await,
            NextAct::End { state, outcome } => Err(self.end(run, state, outcome)),
        };
        done.unwrap_or_else(|end| end)
    }

    fn now(&self) -> u64 {
        (self.settings.clock)()
    }

    fn end(&self, run: &TrainingRun, state: RunState, outcome: impl Into<String>) -> ActEnd {
        go(RunChange::Move(ended(run, (state, outcome.into()), self.now())))
    }

    fn fail(&self, run: &TrainingRun, why: impl Into<String>) -> ActEnd {
        self.end(run, RunState::Failed, why)
    }

    /// What to do about a trainer that did not do what it was asked.
    fn troubled(&self, run: &TrainingRun, trouble: TrainerTrouble) -> ActEnd {
        match trouble {
            TrainerTrouble::Busy { after, .. } => ActEnd::Wait(after, trouble.to_string()),
            TrainerTrouble::Denied(why) => ActEnd::Alarm(why),
            TrainerTrouble::Refused(_) => self.fail(run, trouble.to_string()),
            TrainerTrouble::Unclear(_) => ActEnd::Wait(None, trouble.to_string()),
        }
    }

    fn unread(&self, run: &TrainingRun, trouble: OutputTrouble) -> ActEnd {
        match trouble {
            OutputTrouble::Wait(why) => ActEnd::Wait(None, why),
            OutputTrouble::Unusable(_) => self.fail(run, trouble.to_string()),
        }
    }

    async fn prepare(&self, registry: &Registry, run: &TrainingRun) -> Result<ActEnd, ActEnd> {
        // What cannot be trained needs no data.
        self.base(registry, run)?;
        let digest = match self.parts.data.make(run).await {
            Ok(digest) => digest,
            Err(DataTrouble::Wait(why)) => return Err(ActEnd::Wait(None, why)),
            Err(DataTrouble::Unusable(why)) => return Err(self.fail(run, why)),
        };
        let output = output_place(&self.settings.bucket, &run.id).to_string();
        let next = moved(run, RunState::Submitting, self.now());
        Ok(go(RunChange::Move(TrainingRun { data: Some(digest), output: Some(output), ..next })))
    }

    /// The base's entry, and where its bundle is.
    fn base<'a>(
        &self,
        registry: &'a Registry,
        run: &TrainingRun,
    ) -> Result<(&'a ModelEntry, ObjectPlace), ActEnd> {
        let there = registry.model(&run.base);
        let place = there.and_then(|model| Some((model, model.bundle.as_deref()?.parse().ok()?)));
        place.ok_or_else(|| {
            let base = run.base.short();
            self.fail(
                run,
                format!(
                    "the model {base} that is to be fine-tuned is not in the store: put it there with `millrace model add DIR`"
                ),
            )
        })
    }

    async fn submit(&self, registry: &Registry, run: &TrainingRun) -> Result<ActEnd, ActEnd> {
        let trainer = &self.parts.trainer;
        let found = trainer.find(&run.id).await.map_err(|trouble| self.troubled(run, trouble))?;
        let job = if let Some(job) = found {
            job
        } else if self.unclear.0 > MOST_UNCLEAR {
            let (times, why) = &self.unclear;
            return Err(self.fail(run, uncreated(*times, why)));
        } else {
            let job = self.order(registry, run)?;
            trainer.create(&job).await.map_err(|trouble| match trouble {
                TrainerTrouble::Unclear(_) => ActEnd::Unclear(trouble.to_string()),
                TrainerTrouble::Busy { .. } | TrainerTrouble::Denied(_) | TrainerTrouble::Refused(_) => {
                    self.troubled(run, trouble)
                }
            })?
        };
        let next = moved(run, RunState::Training, self.now());
        Ok(go(RunChange::Move(TrainingRun { job: Some(job), ..next })))
    }

    /// What the trainer is asked for.
    fn order(&self, registry: &Registry, run: &TrainingRun) -> Result<TrainingJob, ActEnd> {
        let (base, place) = self.base(registry, run)?;
        let digest = run.data.as_deref().unwrap_or_default();
        Ok(TrainingJob {
            run: run.id.clone(),
            data: data_place(&self.settings.bucket, digest),
            base: place,
            output: self.output(run),
            name: model_name(&base.name, &run.index),
            version: run.id.clone(),
            options: self.settings.options.clone(),
        })
    }

    fn output(&self, run: &TrainingRun) -> ObjectPlace {
        let told = run.output.as_deref().and_then(|place| place.parse().ok());
        told.unwrap_or_else(|| output_place(&self.settings.bucket, &run.id))
    }

    async fn look(&self, run: &TrainingRun, job: &str) -> Result<ActEnd, ActEnd> {
        let trainer = &self.parts.trainer;
        let state = match trainer.look(job).await {
            Ok(state) => state,
            Err(trouble) => return Err(self.unanswered(run, job, trouble).await),
        };
        self.keep_log(run, job).await;
        match follow_job(run, state, self.now(), self.settings.longest) {
            JobAnswer::Wait(detail) => Ok(ActEnd::Runs(detail)),
            JobAnswer::Next(next) => Ok(go(RunChange::Move(*next))),
            JobAnswer::Overdue(why) => Err(self.end_job(run, job, why).await),
            JobAnswer::Gone => {
                let done = look_done(&self.parts.store, &self.output(run), run).await;
                match done.map_err(|trouble| self.unread(run, trouble))? {
                    Some(_) => Ok(go(RunChange::Move(moved(run, RunState::Trained, self.now())))),
                    None => Ok(self.fail(
                        run,
                        format!("the trainer does not know the job {job} any more, and it left no output"),
                    )),
                }
            }
        }
    }

    /// The trainer does not say how the job is. That is waited for while the job has time; then, or where asking again is no use, an
    /// output that is there counts, and otherwise the job is stopped unseen.
    async fn unanswered(&self, run: &TrainingRun, job: &str, trouble: TrainerTrouble) -> ActEnd {
        let most = self.settings.longest;
        let is_refused = matches!(trouble, TrainerTrouble::Refused(_));
        if !is_refused && !is_over(run, self.now(), most) {
            return self.troubled(run, trouble);
        }
        let why = if is_refused {
            format!("{trouble}; the job had to be stopped")
        } else {
            format!("{}; how far it was is not known ({trouble})", overdue(most))
        };
        if let Ok(Some(_)) = look_done(&self.parts.store, &self.output(run), run).await {
            return go(RunChange::Move(moved(run, RunState::Trained, self.now())));
        }
        self.end_job(run, job, why).await
    }

    /// Stops a job, whose run then fails with the words `why`: also where it could not be stopped for too long.
    async fn end_job(&self, run: &TrainingRun, job: &str, why: String) -> ActEnd {
        match self.parts.trainer.stop(job).await {
            Ok(()) => self.fail(run, why),
            Err(trouble) if is_left_running(run, &trouble, self.now(), self.settings.longest) => {
                self.fail(run, format!("{why}; {}", left_running(job, &trouble)))
            }
            Err(trouble) => self.troubled(run, trouble),
        }
    }

    /// Keeps the last lines of the job's log where `millrace train log` finds them. It is for people: what fails is left.
    async fn keep_log(&self, run: &TrainingRun, job: &str) {
        let lines = match self.parts.trainer.log(job).await {
            Ok(lines) if !lines.is_empty() => lines,
            Ok(_) => return,
            Err(cause) => {
                debug!(run = run.id, %cause, "the job's log was not read");
                return;
            }
        };
        let Ok(place) = log_of(&self.settings.bucket, &run.id) else { return };
        let put =
            self.parts.store.put(&place, Bytes::from(lines.join("\n")), "text/plain; charset=utf-8").await;
        if let Err(cause) = put {
            debug!(run = run.id, %cause, "the job's log was not kept");
        }
    }

    async fn register(&self, registry: &Registry, run: &TrainingRun) -> Result<ActEnd, ActEnd> {
        let (store, place) = (&self.parts.store, self.output(run));
        let done = look_done(store, &place, run).await.map_err(|trouble| self.unread(run, trouble))?;
        let Some(done) = done else {
            let why = format!("the job is done, and there is no done.json at {place}");
            if is_over(run, self.now(), OUTPUT_PATIENCE) {
                return Err(self.fail(run, why));
            }
            return Ok(ActEnd::Wait(None, why));
        };
        let known = |model: &Fingerprint| registry.model(model).cloned();
        let model = shelve(store, &place, &done, &self.settings.shelf, known).await;
        let model = Box::new(model.map_err(|trouble| self.unread(run, trouble))?);
        let next = moved(run, RunState::Judging, self.now());
        let next = TrainingRun { model: Some(model.fingerprint.clone()), ..next };
        Ok(go(RunChange::Register { next, model }))
    }

    async fn judge(&self, registry: &Registry, run: &TrainingRun) -> Result<ActEnd, ActEnd> {
        let Some(model) = run.model.as_ref().and_then(|model| registry.model(model)) else {
            return Err(self.fail(run, "its model is not in the registry any more"));
        };
        if let Some((state, outcome)) = told(model) {
            return Ok(self.end(run, state, outcome));
        }
        let place = self.output(run);
        let done = look_done(&self.parts.store, &place, run).await;
        let Some(done) = done.map_err(|trouble| self.unread(run, trouble))? else {
            return Err(self.fail(run, format!("the output at {place} is gone: somebody removed it")));
        };
        let output = TrainedOutput { place, done, model: model.clone() };
        let verdict = match self.parts.proof.prove(run, &output).await {
            Ok(verdict) => verdict,
            Err(ProofTrouble::Wait(why)) => return Err(ActEnd::Wait(None, why)),
            Err(trouble @ ProofTrouble::Impossible(_)) => return Err(self.fail(run, trouble.to_string())),
        };
        let state = if verdict.accepted { RunState::Accepted } else { RunState::Refused };
        let next = ended(run, (state, verdict.summary), self.now());
        Ok(go(RunChange::Decide { next, scores: verdict.scores }))
    }

    async fn stop(&self, run: &TrainingRun, job: Option<String>) -> Result<ActEnd, ActEnd> {
        let trainer = &self.parts.trainer;
        let is_left =
            |trouble: &TrainerTrouble| is_left_running(run, trouble, self.now(), self.settings.longest);
        let mut outcome = stopped(run);
        let found = match job {
            Some(job) => Ok(Some(job)),
            None => trainer.find(&run.id).await,
        };
        let job = match found {
            Ok(job) => job,
            Err(trouble) if is_left(&trouble) => {
                outcome = format!("{outcome}{IN_DOUBT} ({trouble})");
                None
            }
            Err(trouble) => return Err(self.troubled(run, trouble)),
        };
        if let Some(job) = job {
            match trainer.stop(&job).await {
                Ok(()) => {}
                Err(trouble) if is_left(&trouble) => {
                    outcome = format!("{outcome}; {}", left_running(&job, &trouble));
                }
                Err(trouble) => return Err(self.troubled(run, trouble)),
            }
        }
        Ok(self.end(run, RunState::Stopped, outcome))
    }
}

fn go(change: RunChange) -> ActEnd {
    ActEnd::Go(Box::new(change))
}
