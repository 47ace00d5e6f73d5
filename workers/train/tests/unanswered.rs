//! A run does not wait for ever for a trainer that does not answer, and says what it leaves behind: over memory.

#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;

use bench::{Bench, Tested, deliver, steps};
use message::RunState;
use train::StepEnd;
use train::trainer::{JobState, Trainer as _, TrainerFault};

/// A run whose job goes on, and who conducts it. A job may take two hours.
async fn training() -> (Bench, Tested) {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let mut one = bench.conductor("one");
    for _ in 0..2 {
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    }
    assert_eq!(bench.run().await.state, RunState::Training);
    (bench, one)
}

/// The next so many calls do not reach the trainer.
fn away(bench: &Bench, calls: usize) {
    for _ in 0..calls {
        bench.trainer.inject(TrainerFault::Busy(None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_trainer_never_answers_is_given_up_after_its_time_and_names_its_job() {
    let (bench, mut one) = training().await;
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None), "it has time");
    bench::pass(2 * 3600 + 1);
    // Neither the look nor the stop arrives; a moment later that may be otherwise.
    away(&bench, 2);
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    bench::pass(601);
    away(&bench, 2);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    let outcome = run.outcome.unwrap();
    assert_eq!(run.state, RunState::Failed);
    for part in ["longer than 2 hours", "memory-1", "may still run and cost money"] {
        assert!(outcome.contains(part), "{outcome}");
    }
    // The index is free for another run.
    assert!(bench.registry().await.open_run(bench::INDEX).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_job_of_which_nobody_says_how_it_is_is_stopped_after_its_time() {
    let (bench, mut one) = training().await;
    bench::pass(2 * 3600 + 1);
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    let outcome = run.outcome.unwrap();
    assert!(run.state == RunState::Failed && outcome.contains("how far it was is not known"), "{outcome}");
    assert!(matches!(bench.trainer.look("memory-1").await, Ok(JobState::Stopped { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_output_that_came_while_the_trainer_did_not_answer_counts() {
    let (bench, mut one) = training().await;
    deliver(&bench.store, b"a graph").await;
    bench::pass(2 * 3600 + 1);
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    assert!(steps(&mut one).await.unwrap());
    assert_eq!(bench.run().await.state, RunState::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_which_the_trainer_refuses_to_tell_is_stopped() {
    let (bench, mut one) = training().await;
    bench.trainer.inject(TrainerFault::Refused("no such parameter".to_owned()));
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("no such parameter"));
    assert!(matches!(bench.trainer.look("memory-1").await, Ok(JobState::Stopped { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_a_trainer_that_never_answers_ends_too() {
    let (bench, mut one) = training().await;
    bench.ask_to_stop().await;
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    bench::pass(2 * 3600 + 601);
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    let outcome = run.outcome.unwrap();
    assert!(run.state == RunState::Stopped && outcome.starts_with("asked to stop by maria"), "{outcome}");
    assert!(outcome.contains("memory-1") && outcome.contains("may still run"), "{outcome}");

    // Whether there is a job cannot be asked either.
    let bench = Bench::new().await;
    let mut one = bench.conductor("one");
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    bench.ask_to_stop().await;
    bench::pass(2 * 3600 + 601);
    away(&bench, 1);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    assert!(run.state == RunState::Stopped && run.outcome.unwrap().contains("whether a job was created"));
}
