//! What becomes of a run that is stopped, whose output cannot be used, or whose model does not pass: over memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod bench;

use std::time::Duration;

use bench::{Bench, deliver, put, steps, verdict};
use message::{ModelState, RunState};
use registry::rules;
use tokio::time::sleep;
use train::StepEnd;
use train::judge::ProofTrouble;
use train::trainer::{JobState, Trainer as _, TrainerFault};

/// A run that is in this state, conducted by `one`.
async fn at(state: RunState, bench: &Bench) -> bench::Tested {
    let mut one = bench.conductor("one");
    while bench.run().await.state != state {
        match one.step().await.unwrap() {
            StepEnd::Moved => {}
            StepEnd::Wait(_) => sleep(Duration::from_secs(1)).await,
            other @ (StepEnd::Idle | StepEnd::StandBy) => panic!("{other:?}"),
        }
    }
    one
}

#[tokio::test(start_paused = true)]
async fn a_run_is_stopped_in_any_state_and_its_job_too() {
    use RunState::{Judging, Planned, Submitting, Trained, Training};
    for state in [Planned, Submitting, Training, Trained, Judging] {
        let bench = Bench::new().await;
        let mut one = at(state, &bench).await;
        bench.ask_to_stop().await;
        assert!(steps(&mut one).await.unwrap());
        let run = bench.run().await;
        assert_eq!(run.state, RunState::Stopped, "{state:?}");
        assert_eq!(run.outcome.as_deref(), Some("asked to stop by maria"));
        if state == Training {
            assert!(matches!(bench.trainer.look("memory-1").await, Ok(JobState::Stopped { .. })));
        }
        // What was registered is left as it is: somebody may accept it yet.
        let model = bench.model().await.map(|model| model.state);
        assert_eq!(model, (state == Judging).then_some(ModelState::Candidate), "{state:?}");
    }
}

/// Its job was created, and nobody knows its name.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_while_its_job_is_not_known_stops_that_job() {
    let bench = Bench::new().await;
    let mut one = at(RunState::Submitting, &bench).await;
    bench.trainer.inject(TrainerFault::LostAfter);
    assert!(matches!(one.step().await.unwrap(), StepEnd::Wait(_)));
    bench.ask_to_stop().await;
    assert!(steps(&mut one).await.unwrap());
    assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Stopped, 1));
    assert!(matches!(bench.trainer.look("memory-1").await, Ok(JobState::Stopped { .. })));
}

/// A stop is heard of while the process waits between two looks.
#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_of_while_a_run_waits() {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let asked = async {
        sleep(Duration::from_mins(3)).await;
        bench.ask_to_stop().await;
    };
    let ((), ()) = tokio::join!(asked, bench.conduct(&["one"]));
    assert_eq!(bench.run().await.state, RunState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_not_what_it_says_is_not_used() {
    let changes: [(&str, &[u8], &str); 3] = [
        ("bundle/model.onnx", b"another graph", "sha-256"),
        ("bundle/bundle.json", b"{}", "sha-256"),
        ("done.json", b"{\"format\": 1}", "done.json is not what"),
    ];
    for (name, bytes, words) in changes {
        let bench = Bench::new().await;
        let mut one = at(RunState::Trained, &bench).await;
        put(&bench.store, name, bytes).await;
        assert!(steps(&mut one).await.unwrap());
        let run = bench.run().await;
        let outcome = run.outcome.unwrap();
        assert!(run.state == RunState::Failed && outcome.contains(words), "{name}: {outcome}");
        assert_eq!((bench.model().await, run.model), (None, None), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_late_is_waited_for_and_one_that_never_comes_is_not() {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let mut one = at(RunState::Training, &bench).await;
    bench.trainer.set("memory-1", JobState::Succeeded);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    let late = bench.run().await.state;
    bench::pass(11 * 60);
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    assert!(late == RunState::Trained && run.state == RunState::Failed, "{late:?} {run:?}");
    assert!(run.outcome.unwrap().contains("no done.json"));

    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let mut one = at(RunState::Training, &bench).await;
    bench.trainer.set("memory-1", JobState::Succeeded);
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    deliver(&bench.store, b"a graph").await;
    assert!(steps(&mut one).await.unwrap());
    assert_eq!(bench.run().await.state, RunState::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_not_pass_stays_with_the_reason() {
    let bench = Bench::new().await;
    let why = "scifact: worse by 0.03 to 0.05";
    bench.proof.say(Ok(verdict(false, why)));
    bench.conduct(&["one"]).await;
    let (run, model) = (bench.run().await, bench.model().await.unwrap());
    assert_eq!((run.state, run.outcome.as_deref()), (RunState::Refused, Some(why)));
    assert_eq!((model.state, model.reason.as_deref()), (ModelState::Refused, Some(why)));
    assert!(model.bundle.is_some() && model.scores.contains_key("golden ndcg@10"), "{model:?}");
    // Another run may begin.
    let next = message::TrainingRun { id: bench::ID.replace('0', "f"), ..bench::planned() };
    bench.change(|registry| rules::enter_run(registry, next.clone())).await;
    assert!(bench.registry().await.open_run(bench::INDEX).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_person_refused_is_refused_without_a_proof() {
    let bench = Bench::new().await;
    let mut one = at(RunState::Judging, &bench).await;
    let model = bench.model().await.unwrap().fingerprint;
    let refused = (ModelState::Refused, Some("it forgets".to_owned()));
    bench.change(|registry| rules::mark_model(registry, &model, refused.clone())).await;
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Refused && run.outcome.unwrap().contains("it forgets"));
}

/// A person says what becomes of the model while nothing can judge it.
#[tokio::test(start_paused = true)]
async fn a_persons_word_decides_where_there_is_no_verdict() {
    let bench = Bench::new().await;
    bench.proof.say(Err(ProofTrouble::Wait("no golden set".to_owned())));
    let mut one = at(RunState::Judging, &bench).await;
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    let model = bench.model().await.unwrap().fingerprint;
    bench.change(|registry| rules::mark_model(registry, &model, (ModelState::Accepted, None))).await;
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Accepted && run.outcome.unwrap().contains("accepted"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_cannot_be_judged_fails_the_run_and_stays_a_candidate() {
    let bench = Bench::new().await;
    bench.proof.say(Err(ProofTrouble::Impossible("there is no golden set".to_owned())));
    bench.conduct(&["one"]).await;
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("no golden set"));
    assert_eq!(bench.model().await.unwrap().state, ModelState::Candidate);
}
