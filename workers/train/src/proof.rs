//! The proof that `train` uses: `eval`'s gate, on the golden questions of the run's data. Stage: awaits a broker, a store and two
//! encoders.

use std::path::{Path, PathBuf};

use eval::gate::{GateBounds, GateInput, judge};
use eval::guard::{GuardFolder, GuardSet};
use eval::judged::{FetchDataError, JudgedData, fetch_judged};
use eval::looks::{GoldenLook, LookTrouble, count};
use eval::opened::OpenedModel;
use eval::proof::{ProofSets, measure};
use message::{ModelEntry, TrainingRun};
use model::{Bundle, Encoder as _, EncoderSettings};
use objects::{FileStore, Remedy};
use registry::GenerationKey;
use stream::Broker;
use tracing::info;

use crate::judge::{Proof, ProofTrouble, ProofVerdict, TrainedOutput};
use crate::output::OutputTrouble;

/// What a proof is made with.
#[derive(Clone, Debug)]
pub struct ProofSettings {
    /// The bucket of training data.
    pub bucket: String,
    /// A folder for what is fetched: two models and a judged set.
    pub scratch: PathBuf,
    /// What runs the models.
    pub encoder: EncoderSettings,
    /// The dimension that the trainer is asked for; none for that of what is served.
    pub dimension: Option<usize>,
    /// General sets.
    pub guards: Vec<GuardFolder>,
    /// Documents of a general set that are embedded, at most.
    pub guard_documents: usize,
}

/// Compares a model with what is served.
#[derive(Clone, Debug)]
pub struct GateProof<B, S> {
    broker: B,
    store: S,
    settings: ProofSettings,
}

impl<B: Broker, S: FileStore> GateProof<B, S> {
    /// A proof with these settings.
    #[must_use]
    pub fn new(broker: B, store: S, settings: ProofSettings) -> Self {
        Self { broker, store, settings }
    }

    async fn opened(&self, entry: &ModelEntry, folder: &Path) -> Result<OpenedModel, ProofTrouble> {
        let found = bundles::fetch(&self.store, entry, &folder.join("models")).await;
        let folder = found.map_err(|trouble| of_output(trouble.into()))?;
        let settings = self.settings.encoder.clone();
        let open = move || {
            let bundle = Bundle::open(&folder).map_err(|error| impossible(&error))?;
            OpenedModel::open(bundle, &settings).map_err(|error| impossible(&error))
        };
        tokio::task::spawn_blocking(open).await.map_err(|error| ProofTrouble::Wait(error.to_string()))?
    }

    /// What is served, or while the registry says nothing of that the model that the run began with.
    async fn rival(&self, run: &TrainingRun) -> Result<ModelEntry, ProofTrouble> {
        let registry = registry::read(&self.broker).await;
        let registry = registry.map_err(|error| ProofTrouble::Wait(process::chain(&error)))?;
        let served = registry
            .serving(&run.index)
            .and_then(|serving| registry.generation(GenerationKey { index: &run.index, id: &serving.id }));
        let rival = served.map_or(&run.base, |served| &served.model);
        let known = registry.model(rival).filter(|model| model.bundle.is_some()).cloned();
        known.ok_or_else(|| {
            let rival = rival.short();
            ProofTrouble::Impossible(format!(
                "the model {rival} that it has to be better than is not in the store: put it there with `millrace model add DIR`"
            ))
        })
    }

    /// Measuring takes hours: a verdict beside what is not served any more says nothing of what is.
    async fn still(&self, run: &TrainingRun, compared: &ModelEntry) -> Result<(), ProofTrouble> {
        let rival = self.rival(run).await?;
        if rival.fingerprint == compared.fingerprint {
            return Ok(());
        }
        Err(ProofTrouble::Wait(format!(
            "what is served changed while it was judged: it was compared with {}, and has to be better than {}",
            compared.fingerprint.short(),
            rival.fingerprint.short()
        )))
    }

    async fn sets(
        &self,
        run: &TrainingRun,
        folder: &Path,
    ) -> Result<(JudgedData, Vec<GuardSet>), ProofTrouble> {
        let digest = run.data.as_deref().unwrap_or_default();
        let data = fetch_judged(&self.store, (&self.settings.bucket, digest), &folder.join("data")).await;
        let data = data.map_err(|error| of_data(&error))?;
        if data.index != run.index {
            return Err(ProofTrouble::Impossible(format!(
                "its data {digest} is of the index {}, whose golden questions say nothing of {}",
                data.index, run.index
            )));
        }
        let (places, most) = (self.settings.guards.clone(), self.settings.guard_documents);
        let read = move || places.iter().map(|place| place.read(most)).collect::<Result<Vec<_>, _>>();
        let guards = tokio::task::spawn_blocking(read).await;
        let guards = guards.map_err(|error| ProofTrouble::Wait(error.to_string()))?;
        // Without a set that is asked for the model would be accepted unseen; the set can be put back.
        Ok((data, guards.map_err(|error| ProofTrouble::Wait(error.to_string()))?))
    }

    async fn look(
        &self,
        data: &JudgedData,
        [base, candidate]: [&OpenedModel; 2],
    ) -> Result<(), ProofTrouble> {
        let (candidate, base) = (candidate.fingerprint.as_str(), base.fingerprint.as_str());
        let look = GoldenLook::at(stream::wall_seconds(), data, candidate, base);
        let looks = count(&self.store, &self.settings.bucket, &data.index, &look).await;
        let looks = looks.map_err(|error: LookTrouble| ProofTrouble::Wait(process::chain(&error)))?;
        info!(looks, "the golden questions are looked at");
        Ok(())
    }
}

impl<B: Broker, S: FileStore> Proof for GateProof<B, S> {
    async fn prove(&self, run: &TrainingRun, output: &TrainedOutput) -> Result<ProofVerdict, ProofTrouble> {
        let scratch = &self.settings.scratch;
        let of_scratch = |error: std::io::Error| {
            ProofTrouble::Wait(format!("the folder {} cannot be written: {error}", scratch.display()))
        };
        tokio::fs::create_dir_all(scratch).await.map_err(of_scratch)?;
        // Dropped, it is removed.
        let folder = tempfile::Builder::new().prefix("proof-").tempdir_in(scratch).map_err(of_scratch)?;
        let (data, guards) = self.sets(run, folder.path()).await?;
        let rival = self.rival(run).await?;
        let base = self.opened(&rival, folder.path()).await?;
        let candidate = self.opened(&output.model, folder.path()).await?;
        self.look(&data, [&base, &candidate]).await?;
        let sets = ProofSets { golden: data.golden, guards };
        let outcome = measure(&base.measured(), &candidate.measured(), &sets, &()).await;
        let measures = outcome.map_err(|error| impossible(&error))?;
        self.still(run, &rival).await?;
        let input = GateInput {
            measures,
            seeds: Some(output.done.seeds()),
            asked_dimension: self.settings.dimension.unwrap_or_else(|| base.encoder.dimension()),
            bounds: GateBounds::default(),
        };
        let verdict = judge(&input);
        Ok(ProofVerdict {
            accepted: verdict.accepted,
            summary: format!("{} (compared with {})", verdict.summary(), rival.fingerprint.short()),
            scores: input.measures.scores(),
        })
    }
}

fn impossible(error: &(dyn std::error::Error + 'static)) -> ProofTrouble {
    ProofTrouble::Impossible(process::chain(error))
}

fn of_output(trouble: OutputTrouble) -> ProofTrouble {
    match trouble {
        OutputTrouble::Wait(why) => ProofTrouble::Wait(why),
        OutputTrouble::Unusable(_) => impossible(&trouble),
    }
}

fn of_data(error: &FetchDataError) -> ProofTrouble {
    match error {
        FetchDataError::Store(store) if store.remedy() != Remedy::Refuse => {
            ProofTrouble::Wait(store.to_string())
        }
        FetchDataError::Store(_)
        | FetchDataError::Gone(_)
        | FetchDataError::File(_)
        | FetchDataError::Place(_)
        | FetchDataError::Other { .. } => impossible(error),
    }
}
