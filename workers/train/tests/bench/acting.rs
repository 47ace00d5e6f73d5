//! Trainer, data and proof in memory, which take a moment, and in which a process can be killed before and after each call.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use message::TrainingRun;
use objects::MemoryStore;
use stream::memory::Memory;
use tokio::time::sleep;
use train::data::{DataMaker, DataTrouble, MemoryData};
use train::judge::{MemoryProof, Proof, ProofTrouble, ProofVerdict, TrainedOutput};
use train::trainer::{JobState, MemoryTrainer, Trainer, TrainerTrouble, TrainingJob};

use super::{TrainerPlan, deliver};

/// How long a call takes.
const MOMENT: Duration = Duration::from_millis(10);

/// Where a process is killed: at which of the places that it passes.
#[derive(Clone, Debug)]
pub(crate) struct Kill(Arc<Mutex<Option<usize>>>);

impl Kill {
    pub(crate) fn never() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(crate) fn at(place: usize) -> Self {
        Self(Arc::new(Mutex::new(Some(place))))
    }

    /// A place. A process that is killed here never goes on.
    async fn place(&self) {
        sleep(MOMENT).await;
        let strikes = match &mut *self.0.lock().unwrap() {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if strikes {
            pending::<()>().await;
        }
    }

    /// Awaits `call` with a place before and one after it.
    async fn around<T>(&self, call: impl Future<Output = T> + Send) -> T {
        self.place().await;
        let answer = call.await;
        self.place().await;
        answer
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Acting {
    pub(crate) inner: MemoryTrainer,
    pub(crate) store: MemoryStore,
    pub(crate) broker: Memory,
    pub(crate) kill: Kill,
    pub(crate) looks: Arc<AtomicUsize>,
    pub(crate) plan: TrainerPlan,
}

impl Trainer for Acting {
    async fn find(&self, run: &str) -> Result<Option<String>, TrainerTrouble> {
        self.kill.around(self.inner.find(run)).await
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, TrainerTrouble> {
        let created = async {
            let created = self.inner.create(job).await;
            self.broker.fail_publishes(self.plan.fails);
            created
        };
        self.kill.around(created).await
    }

    async fn look(&self, job: &str) -> Result<JobState, TrainerTrouble> {
        let looked = async {
            let state = self.inner.look(job).await?;
            if !self.plan.delivers || state.is_ended() {
                return Ok(state);
            }
            if self.looks.fetch_add(1, Ordering::Relaxed) == 0 {
                self.inner.set(job, JobState::Running { detail: "step 1 of 2".to_owned() });
            } else {
                deliver(&self.store, self.plan.graph).await;
                self.inner.set(job, JobState::Succeeded);
            }
            self.inner.look(job).await
        };
        self.kill.around(looked).await
    }

    async fn stop(&self, job: &str) -> Result<(), TrainerTrouble> {
        self.kill.around(self.inner.stop(job)).await
    }

    async fn log(&self, job: &str) -> Result<Vec<String>, TrainerTrouble> {
        self.kill.around(self.inner.log(job)).await
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ActingData(pub(crate) MemoryData, pub(crate) Kill);

impl DataMaker for ActingData {
    async fn make(&self, run: &TrainingRun) -> Result<String, DataTrouble> {
        self.1.around(self.0.make(run)).await
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ActingProof(pub(crate) MemoryProof, pub(crate) Kill);

impl Proof for ActingProof {
    async fn prove(&self, run: &TrainingRun, output: &TrainedOutput) -> Result<ProofVerdict, ProofTrouble> {
        self.1.around(self.0.prove(run, output)).await
    }
}
