//! Does what comes next, each by the command that a person would take for it.

use std::time::Duration;

use ::drift::{DAY, DriftLook, DriftTrouble};
use generation::Generation;
use message::{Fingerprint, TrainingRun};
use objects::S3Store;
use process::Failure;
use registry::Registry;
use serde_json::{Value, json};
use tokio::time::Instant;
use training::CorpusRefusal;

use super::manner::AGAIN;
use super::next::{NextAct, NextStep, judged_before};
use crate::cli::{
    CompareGenerations, GenerationAsk, KeepUp, MakeTrainingData, MeasureDrift, PromoteGeneration,
    PromotionBounds, RegistrySettings, StartGeneration, TrainNow,
};
use crate::command::generation::Ground;
use crate::command::generation::compare::beside;
use crate::command::generation::promote::{Direction, PromotionBasis, PromotionEnd, serve, served_without};
use crate::command::generation::start::start;
use crate::command::generation::status::{BuildLack, until_audited};
use crate::command::{drift, train};

/// Who enters what is changed.
const BY: &str = "keep-up";
/// How long a generation is waited for before one looks again at everything.
const BUILDING: Duration = Duration::from_mins(5);
/// Before a generation that an audit found unequal is audited again, in seconds: an audit reads everything.
const AUDIT_AGAIN: u64 = 900;

/// What came of an act.
#[derive(Debug)]
pub(super) enum ActEnd {
    /// It was done: what, for people and for programs.
    Done(String, Value),
    /// Not now, and nothing failed.
    Later {
        /// Why.
        what: String,
        /// After how many seconds it is tried again, where trying costs much.
        again: Option<u64>,
    },
}

impl ActEnd {
    /// As soon as one looks again.
    fn soon(what: String) -> Self {
        Self::Later { what, again: None }
    }

    /// Not before so many seconds.
    fn after(again: u64, what: String) -> Self {
        Self::Later { what, again: Some(again) }
    }
}

/// What acts are done with.
pub(super) struct Hands<'a> {
    ask: &'a KeepUp,
    /// The generation that was compared last, and what was found: it is shown once.
    compared: Option<(String, Value)>,
}

/// What commands about generations want.
pub(super) fn asked(ask: &KeepUp) -> GenerationAsk {
    GenerationAsk { world: ask.world.clone(), by: BY.to_owned(), json: ask.json }
}

impl<'a> Hands<'a> {
    /// Hands that work by these settings.
    pub(super) fn new(ask: &'a KeepUp) -> Self {
        Self { ask, compared: None }
    }

    /// Does what comes next. `registry` says what the step follows from, and `served` is served.
    pub(super) async fn act(
        &mut self,
        step: &NextStep,
        (registry, served): (&Registry, &Generation),
    ) -> Result<ActEnd, Failure> {
        if step.act.needs_served() {
            self.fetch(registry, served).await?;
        }
        match &step.act {
            NextAct::Wait { .. } | NextAct::Rest { .. } => Ok(ActEnd::soon(step.act.about())),
            NextAct::Build { model } => Box::pin(self.build(model)).await,
            NextAct::Prove { id } => Box::pin(self.prove(id)).await,
            NextAct::Promote { id } => Box::pin(self.promote(id, registry)).await,
            NextAct::Learn { base } => Box::pin(self.learn(base, (registry, &step.why))).await,
            NextAct::Measure => Box::pin(self.measure()).await,
        }
    }

    /// Fetches the model that is served, if it is not on this machine: another one may have built with it.
    async fn fetch(&self, registry: &Registry, served: &Generation) -> Result<(), Failure> {
        let KeepUp { world, further, .. } = self.ask;
        let (settings, known) = (&world.generation, registry.model(&served.model));
        let (Some(models), Some(entry)) = (&further.models, known.filter(|model| model.bundle.is_some()))
        else {
            return Ok(());
        };
        let own = settings.model.open()?;
        if model::generation(&own, &settings.backend).model != served.model {
            bundles::fetch(&S3Store::new(&world.bucket.store)?, entry, models).await?;
        }
        Ok(())
    }

    async fn build(&self, model: &Fingerprint) -> Result<ActEnd, Failure> {
        let ask = StartGeneration {
            ask: asked(self.ask),
            with_model: Some(model.to_string()),
            further: self.ask.further.clone(),
            shards: None,
            replicas: None,
            vectors: Vec::new(),
            instance: 0,
            dry_run: false,
        };
        let (estimate, next) = start(&ask).await?;
        let (passages, tokens) = (estimate.passages, estimate.tokens);
        let what =
            format!("generation {} with {}: {passages} passages, about {tokens} tokens", next.id, next.name);
        Ok(ActEnd::Done(what, serde_json::to_value(&estimate)?))
    }

    async fn prove(&self, id: &str) -> Result<ActEnd, Failure> {
        let ask = asked(self.ask);
        let not_yet = |cause: String| format!("generation {id} is not built yet: {cause}");
        Ok(match until_audited(&Ground::new(&ask), id, Instant::now() + BUILDING).await? {
            None => ActEnd::Done(format!("generation {id} is built"), json!({ "generation": id })),
            Some(BuildLack::Records(cause)) => ActEnd::soon(not_yet(cause)),
            Some(BuildLack::Equality(cause)) => ActEnd::after(AUDIT_AGAIN, not_yet(cause)),
        })
    }

    /// Compares a generation with the one that is served, once.
    async fn compare(&mut self, id: &str) -> Result<Value, Failure> {
        if let Some((compared, found)) = &self.compared
            && compared == id
        {
            return Ok(found.clone());
        }
        let (ask, sample) = (asked(self.ask), CompareGenerations::SAMPLE);
        let found = beside(&CompareGenerations { id: Some(id.to_owned()), ask, sample }).await?;
        if !self.ask.json {
            found.print();
        }
        let found = serde_json::to_value(&found)?;
        self.compared = Some((id.to_owned(), found.clone()));
        Ok(found)
    }

    /// Serves a generation, unless a person has changed since the look what that was decided upon.
    async fn promote(&mut self, id: &str, registry: &Registry) -> Result<ActEnd, Failure> {
        let basis = PromotionBasis::of(registry, &self.ask.world.generation.index.index);
        let compared = self.compare(id).await?;
        let (ask, bounds) = (asked(self.ask), PromotionBounds::default());
        let ask = PromoteGeneration { id: Some(id.to_owned()), ask, bounds };
        Ok(match serve(&ask, Direction::Forth, Some(basis)).await? {
            PromotionEnd::Not(cause) => ActEnd::soon(cause),
            PromotionEnd::Served { id, committed, everywhere, late } => {
                let (committed, everywhere) = (committed.as_secs_f64(), everywhere.as_secs_f64());
                let what = if late.is_empty() {
                    format!("generation {id} is served, after {everywhere:.1} s")
                } else {
                    format!("generation {}", served_without(&id, &late))
                };
                let found = json!({
                    "serving": id, "committed_after": committed, "everywhere_after": everywhere, "late": late, "compared": compared,
                });
                ActEnd::Done(what, found)
            }
        })
    }

    async fn learn(
        &self,
        base: &Fingerprint,
        (registry, reason): (&Registry, &str),
    ) -> Result<ActEnd, Failure> {
        let KeepUp { world, further, onnx, pairs, trainer, .. } = self.ask;
        let ask = MakeTrainingData {
            world: world.clone(),
            further: further.clone(),
            onnx: onnx.clone(),
            to: None,
            pairs: pairs.clone(),
            dry_run: false,
            json: false,
        };
        let made = match train::data::make(&ask).await {
            Err(failure) if failure.is::<CorpusRefusal>() => {
                return Ok(ActEnd::after(AGAIN, failure.to_string()));
            }
            made => made?,
        };
        let data = made.digest().ok_or("no training data was made")?.to_owned();
        if let Some(run) = judged_before((registry, &world.generation.index.index), base, &data) {
            return Ok(ActEnd::after(DAY, same_data(run)));
        }
        let registry = RegistrySettings {
            kafka: world.kafka.clone(),
            index: world.generation.index.clone(),
            json: false,
        };
        let ask = TrainNow {
            data,
            base: Some(base.to_string()),
            trainer: *trainer,
            reason: Some(reason.to_owned()),
            by: BY.to_owned(),
            dry_run: false,
            registry,
            bucket: world.bucket.clone(),
        };
        let (run, model) = train::runs::enter(&ask).await?;
        let what = format!(
            "the run {} trains {} ({}) on {} pairs, the data {}",
            run.id,
            model.name,
            model.fingerprint.short(),
            made.pairs(),
            ask.data
        );
        Ok(ActEnd::Done(what, serde_json::to_value(&run)?))
    }

    async fn measure(&self) -> Result<ActEnd, Failure> {
        let KeepUp { world, further, onnx, drift: choices, .. } = self.ask;
        let ask = MeasureDrift {
            world: world.clone(),
            further: further.clone(),
            onnx: onnx.clone(),
            reference: false,
            choices: choices.clone(),
            fail_on_signal: false,
            json: false,
        };
        Ok(match drift::look(&ask).await {
            Err(failure) if matches!(failure.downcast_ref(), Some(DriftTrouble::TooFew { .. })) => {
                ActEnd::after(AGAIN, failure.to_string())
            }
            looked => match looked? {
                DriftLook::Compared(report) => {
                    ActEnd::Done(report.text.clone(), serde_json::to_value(&report)?)
                }
                DriftLook::Taken(taken) => {
                    let window = ::drift::window(&taken.sample, taken.taken, taken.taken);
                    let (passages, documents) = (window.passages, window.documents);
                    ActEnd::Done(
                        format!(
                            "the reference holds {passages} passages of {documents} documents, as they are now"
                        ),
                        json!({ "generation": taken.generation, "space": taken.space, "reference": window }),
                    )
                }
            },
        })
    }
}

fn same_data(run: &TrainingRun) -> String {
    format!(
        "the same data was trained by the run {}, which was {}: nothing else is learned until documents or questions change",
        run.id,
        run.state.word()
    )
}
