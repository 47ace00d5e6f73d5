//! What every trainer is tried on.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use train::trainer::{JobState, Trainer, TrainerOptions, TrainingJob};

/// How a job is made to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Succeeds,
    /// It fails, and says `it went wrong`.
    Fails,
    /// Nothing of it is left.
    Vanishes,
}

/// A trainer, and the power over its jobs.
pub(crate) trait Bench {
    type Trainer: Trainer;

    fn trainer(&self) -> &Self::Trainer;

    /// Makes it run.
    async fn begin(&self, job: &str);

    /// Makes it end.
    async fn end(&self, job: &str, ending: Ending);
}

pub(crate) fn job(run: &str) -> TrainingJob {
    let place = |text: &str| text.parse().unwrap();
    TrainingJob {
        run: run.to_owned(),
        data: place("docs/.millrace/training/a1b2c3/"),
        base: place("docs/.millrace/models/f00d/"),
        output: place(&format!("docs/.millrace/runs/{run}/")),
        name: "domain-emb".to_owned(),
        version: "2".to_owned(),
        options: TrainerOptions { seeds: Some(2), ..TrainerOptions::default() },
    }
}

/// Looks until the job stands as is asked for.
pub(crate) async fn until<T: Trainer>(trainer: &T, job: &str, is_it: impl Fn(&JobState) -> bool) -> JobState {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let state = trainer.look(job).await.unwrap();
        if is_it(&state) {
            return state;
        }
        assert!(Instant::now() < end, "it stays {state:?}");
        sleep(Duration::from_millis(30)).await;
    }
}

pub(crate) fn is_running(state: &JobState) -> bool {
    matches!(state, JobState::Running { .. })
}
