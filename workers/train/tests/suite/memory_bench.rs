//! The trainer in memory, and its own faults.

use train::trainer::{JobState, MemoryTrainer, Trainer as _, TrainerFault, TrainerTrouble};

use super::bench::{Bench, Ending, job};

pub(crate) struct MemoryBench(MemoryTrainer);

#[expect(clippy::unused_async, reason = "as the other benches")]
pub(crate) async fn open() -> MemoryBench {
    MemoryBench(MemoryTrainer::default())
}

impl Bench for MemoryBench {
    type Trainer = MemoryTrainer;

    fn trainer(&self) -> &MemoryTrainer {
        &self.0
    }

    async fn begin(&self, job: &str) {
        self.0.set(job, JobState::Running { detail: "step 1 of 2".to_owned() });
        for _ in 0..300 {
            self.0.say(job, &"x".repeat(2000));
        }
    }

    async fn end(&self, job: &str, ending: Ending) {
        match ending {
            Ending::Succeeds => self.0.set(job, JobState::Succeeded),
            Ending::Fails => self.0.set(job, JobState::Failed { reason: "it went wrong".to_owned() }),
            Ending::Vanishes => self.0.forget(job),
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_unclear_and_tells_nothing_of_what_happened() {
    let trainer = MemoryTrainer::default();
    for (fault, created) in [(TrainerFault::LostBefore, 0), (TrainerFault::LostAfter, 1)] {
        trainer.inject(fault);
        let unclear = trainer.create(&job("a")).await;
        assert!(matches!(unclear, Err(TrainerTrouble::Unclear(_))), "{unclear:?}");
        assert_eq!((trainer.created(), trainer.find("a").await.unwrap().is_some()), (created, created == 1));
    }
    trainer.inject(TrainerFault::Busy(None));
    assert!(matches!(trainer.look("memory-1").await, Err(TrainerTrouble::Busy { .. })));
    assert!(trainer.look("memory-1").await.is_ok() && trainer.orders() == [job("a")]);
}
