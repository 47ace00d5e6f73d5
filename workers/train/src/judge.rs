//! The seam of what proves a model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use eval::finished::FinishedTraining;
use message::{ModelEntry, TrainingRun};

use crate::trainer::ObjectPlace;

/// What came out of a run, and is to be proven.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedOutput {
    /// Where the trainer's output is.
    pub place: ObjectPlace,
    /// What the trainer says of it, with the scores of each seed.
    pub done: FinishedTraining,
    /// The model, as it is registered: a candidate, whose bundle is in the store.
    pub model: ModelEntry,
}

/// What a proof says.
#[derive(Clone, Debug, PartialEq)]
pub struct ProofVerdict {
    /// Whether generations may be built with the model.
    pub accepted: bool,
    /// The reasons, as one line for people.
    pub summary: String,
    /// What it scored, by what was measured, such as `golden ndcg@10`.
    pub scores: BTreeMap<String, f64>,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofTrouble {
    /// Not now: try again.
    #[error("the model cannot be judged now: {0}")]
    Wait(String),
    /// Not at all; the text says why.
    #[error("the model cannot be judged: {0}")]
    Impossible(String),
}

/// Compares a model with what is served. Dropping its future leaves nothing half done.
pub trait Proof: Send + Sync {
    /// The verdict, beside what is served when it is given. Asked again about the same output while that is served, it gives
    /// the same.
    ///
    /// # Errors
    /// See [`ProofTrouble`].
    fn prove(
        &self,
        run: &TrainingRun,
        output: &TrainedOutput,
    ) -> impl Future<Output = Result<ProofVerdict, ProofTrouble>> + Send;
}

/// A proof in memory, which says what a test says. Clones are the same one.
#[derive(Clone, Debug)]
pub struct MemoryProof(Arc<Mutex<Result<ProofVerdict, ProofTrouble>>>);

impl MemoryProof {
    /// A proof that says this of every model.
    #[must_use]
    pub fn new(verdict: Result<ProofVerdict, ProofTrouble>) -> Self {
        Self(Arc::new(Mutex::new(verdict)))
    }

    /// From now on it says something else.
    pub fn say(&self, verdict: Result<ProofVerdict, ProofTrouble>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
    }
}

impl Proof for MemoryProof {
    async fn prove(&self, _: &TrainingRun, _: &TrainedOutput) -> Result<ProofVerdict, ProofTrouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
