//! Between the steps: how long until the next one, and what is said meanwhile.

use std::time::Duration;

use backoff::{Backoff, Delays};
use objects::FileStore;
use registry::Heard;
use stream::Broker;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::{Conductor, StepEnd};
use crate::claim::HeldAct;
use crate::data::DataMaker;
use crate::judge::Proof;
use crate::run::submits;
use crate::trainer::Trainer;

/// The first and the longest time between two looks at a job, or two attempts at what did not work: a run lasts for hours, and a
/// trainer's interface counts how often it is asked.
const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));
/// How soon is looked again at a run that another process conducts.
const STAND_BY: Duration = Duration::from_secs(5);
/// How soon is looked again after a word that this process wrote itself and may not have heard yet.
const HEARD: Duration = Duration::from_millis(200);
/// How long letting go of a run may take when the process stops.
const LET_GO: Duration = Duration::from_secs(5);

/// How a conductor rests.
enum Rest {
    /// Until there is a run to conduct.
    Idle,
    /// For so long, while it conducts a run.
    For(Duration),
}

impl<B: Broker, T: Trainer, D: DataMaker, P: Proof, S: FileStore> Conductor<B, T, D, P, S> {
    /// Conducts one run after the other, until `stopping` is ready. `heard` is what the registry says.
    pub async fn conduct(
        mut self,
        mut heard: watch::Receiver<Option<Heard>>,
        stopping: impl Future<Output = ()>,
    ) {
        tokio::pin!(stopping);
        let mut delays = looks();
        loop {
            let step = tokio::select! {
                biased;
                () = &mut stopping => break,
                step = Box::pin(self.step()) => step,
            };
            let rest = match step {
                Ok(StepEnd::Moved) => {
                    delays = looks();
                    continue;
                }
                Ok(StepEnd::Idle) => Rest::Idle,
                Ok(StepEnd::StandBy) => Rest::For(STAND_BY),
                Ok(StepEnd::Wait(after)) => Rest::For(delays.next_delay(after)),
                Err(cause) => {
                    let delay = delays.next_delay(None);
                    warn!(%cause, ?delay, "waiting for the registry");
                    Rest::For(delay)
                }
            };
            tokio::select! {
                biased;
                () = &mut stopping => break,
                () = self.rest(rest, &mut heard) => {}
            }
        }
        self.let_go().await;
    }

    async fn rest(&mut self, rest: Rest, heard: &mut watch::Receiver<Option<Heard>>) {
        match (rest, &mut self.held) {
            (Rest::Idle, _) => {
                sleep(HEARD).await;
                let (index, trainer) = (&self.settings.index, &self.settings.trainer);
                let wanted = |heard: &Option<Heard>| {
                    let run = heard.as_ref().and_then(|heard| heard.registry.open_run(index));
                    run.is_some_and(|run| run.trainer == *trainer)
                };
                // Without a sender nothing more is heard, and the process ends.
                if heard.wait_for(wanted).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            (Rest::For(time), None) => sleep(time).await,
            (Rest::For(time), Some((run, last))) => {
                if let HeldAct::Lost(why) = self.claim.during(run, last, true, sleep(time)).await {
                    warn!(run = run.id, why, "this process does not conduct the run any more");
                    self.held = None;
                }
            }
        }
    }

    /// Lets another process go on at once, unless a job may have been created just now: it needs time to be found.
    async fn let_go(&self) {
        let Some((run, _)) = &self.held else { return };
        if submits(run) {
            return;
        }
        match timeout(LET_GO, self.claim.release(&run.id)).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => warn!(run = run.id, %cause, "the run could not be let go of"),
            Err(_) => warn!(run = run.id, "the run could not be let go of: Kafka did not answer"),
        }
    }
}

fn looks() -> Delays {
    Backoff::try_new(LOOKS.0, LOOKS.1).unwrap_or(Backoff::SERVER).start()
}
