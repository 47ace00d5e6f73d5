//! A run is driven to its end, whatever happens to its conductor, and never has a second job: over memory.

#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;

use std::time::Duration;

use bench::{BUCKET, Bench, DATA, ID, Kill, base, planned, steps};
use message::{DocumentId, ModelState, RunState};
use objects::{Look, Store as _};
use registry::rules;
use tokio::time::{sleep, timeout};
use train::StepEnd;
use train::trainer::{JobState, Trainer as _, TrainerFault};

#[tokio::test(start_paused = true)]
async fn a_run_goes_from_its_plan_to_a_model_that_may_be_used() {
    let bench = Bench::new().await;
    bench.conduct(&["one"]).await;
    let (run, model) = (bench.run().await, bench.model().await.unwrap());
    assert_eq!((run.state, run.by.as_str()), (RunState::Accepted, "train@one"));
    assert_eq!(run.model.as_ref(), Some(&model.fingerprint));
    assert_eq!(run.outcome.as_deref(), Some("better by 0.02 to 0.04"));
    assert_eq!((model.state, model.scores["golden ndcg@10"]), (ModelState::Accepted, 0.8));
    // Its bundle is where every worker fetches it.
    let place: bundles::BundlePlace = model.bundle.as_deref().unwrap().parse().unwrap();
    for name in model.files.keys() {
        assert!(bench.store.head(&place.file(name).unwrap()).await.unwrap().is_some(), "{name}");
    }
    let orders = bench.trainer.orders();
    assert_eq!((bench.trainer.created(), orders.len()), (1, 1));
    assert_eq!((orders[0].run.as_str(), orders[0].name.as_str()), (ID, "MiniLM+docs"));
    assert_eq!(orders[0].data.to_string(), format!("{BUCKET}/.millrace/training/{DATA}/"));
    assert_eq!(orders[0].base.to_string(), format!("{BUCKET}/.millrace/models/base/"));
    assert_eq!(orders[0].output.to_string(), run.output.unwrap());
    let log = DocumentId::new(BUCKET, &format!(".millrace/runs/{ID}.log")).unwrap();
    let Look::Found { bytes, .. } = bench.store.look(&log, None, 1 << 20).await.unwrap() else {
        panic!("the log was not kept")
    };
    assert!(String::from_utf8_lossy(&bytes).contains("created"), "{bytes:?}");
}

/// A process is killed at each place that it passes, one after the other, before and after each act; another goes on.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_place_goes_on_and_makes_no_second_job() {
    let mut places = 0;
    loop {
        let bench = Bench::new().await;
        let whole = steps(&mut bench.killed("one", &Kill::at(places))).await.unwrap();
        if whole {
            break;
        }
        let before = bench.run().await;
        assert!(!before.state.is_end(), "place {places}: {before:?}");
        assert!(steps(&mut bench.conductor("two")).await.unwrap(), "place {places}");
        let run = bench.run().await;
        assert_eq!(
            run.state,
            RunState::Accepted,
            "place {places}, killed when {}: {run:?}",
            before.state.word()
        );
        assert_eq!(bench.trainer.created(), 1, "place {places}, killed when {}", before.state.word());
        assert_eq!(bench.model().await.unwrap().state, ModelState::Accepted);
        places += 1;
    }
    // Data, find, create, two looks with their logs, and the proof: each with a place before and one after it.
    assert_eq!(places, 16);
}

/// The job is there, and its name could not be written.
#[tokio::test(start_paused = true)]
async fn a_job_whose_name_was_not_written_is_found_again() {
    for same in [true, false] {
        let mut bench = Bench::new().await;
        bench.plan.fails = 1;
        let mut one = bench.conductor("one");
        assert!(steps(&mut one).await.is_err());
        let run = bench.run().await;
        assert_eq!((run.state, &run.job, bench.trainer.created()), (RunState::Submitting, &None, 1));
        let mut next = if same { one } else { bench.conductor("two") };
        assert!(steps(&mut next).await.unwrap());
        assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn two_at_once_make_one_job() {
    let bench = Bench::new().await;
    bench.conduct(&["one", "two", "three"]).await;
    assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, 1));
}

/// While one acts for long, it goes on to say so, and another stands by; once it is dead, the other goes on.
#[tokio::test(start_paused = true)]
async fn another_process_stands_by_until_nothing_is_said_for_a_minute() {
    let bench = Bench::new().await;
    let (mut one, mut two) = (bench.killed("one", &Kill::at(4)), bench.conductor("two"));
    let acts = async {
        // It is in the middle of creating the job, for minutes.
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
        let created = timeout(Duration::from_mins(5), one.step()).await;
        assert!(created.is_err(), "it was to be killed");
    };
    let stands_by = async {
        sleep(Duration::from_secs(1)).await;
        for _ in 0..50 {
            assert_eq!(two.step().await.unwrap(), StepEnd::StandBy);
            sleep(Duration::from_secs(5)).await;
        }
    };
    tokio::join!(acts, stands_by);
    assert_eq!(bench.run().await.by, "train@one");
    assert_eq!(bench.trainer.created(), 0);
    drop(one);
    assert!(steps(&mut two).await.unwrap());
    let run = bench.run().await;
    assert_eq!((run.state, run.by.as_str(), bench.trainer.created()), (RunState::Accepted, "train@two", 1));
}

/// A process that cannot reach Kafka breaks off what it does, before another takes the run.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_cut_off_breaks_off() {
    let bench = Bench::new().await;
    let mut one = bench.killed("one", &Kill::at(4));
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let cut = async {
        sleep(Duration::from_secs(5)).await;
        bench.broker.fail_publishes(usize::MAX);
        sleep(Duration::from_secs(50)).await;
    };
    let ended = async { timeout(Duration::from_secs(50), one.step()).await.expect("it goes on").unwrap() };
    let ((), end) = tokio::join!(cut, ended);
    assert_eq!(end, StepEnd::StandBy);
    assert_eq!(bench.trainer.created(), 0);
}

/// A process that is asked to stop lets go of its run.
#[tokio::test(start_paused = true)]
async fn a_run_is_let_go_of_when_its_process_stops() {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let (telling, heard) = tokio::sync::watch::channel(None);
    tokio::select! {
        never = registry::follow(bench.broker.clone(), telling) => match never {},
        () = bench.conductor("one").conduct(heard, sleep(Duration::from_secs(30))) => {}
    }
    let run = bench.run().await;
    assert_eq!((run.state, rules::is_conducted(&run)), (RunState::Training, false));
    // The next one need not wait.
    assert!(matches!(bench.conductor("two").step().await.unwrap(), StepEnd::Wait(_)));
    assert_eq!(bench.run().await.by, "train@two");
}

#[tokio::test(start_paused = true)]
async fn a_trainer_that_is_busy_or_denies_is_waited_for() {
    for fault in
        [TrainerFault::Busy(Some(Duration::from_secs(7))), TrainerFault::Denied("no quota".to_owned())]
    {
        let bench = Bench::new().await;
        let mut one = bench.conductor("one");
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
        bench.trainer.inject(fault.clone());
        let expected =
            if let TrainerFault::Busy(after) = fault { after } else { Some(Duration::from_mins(5)) };
        assert_eq!(one.step().await.unwrap(), StepEnd::Wait(expected));
        assert!(steps(&mut one).await.unwrap());
        assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_trainer_that_denies_for_a_day_ends_the_run() {
    let bench = Bench::new().await;
    let mut one = bench.conductor("one");
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    bench::pass(25 * 3600);
    bench.trainer.inject(TrainerFault::Denied("no quota".to_owned()));
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    let outcome = run.outcome.unwrap();
    assert!(run.state == RunState::Failed && outcome.contains("no quota"), "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_refused_ends_the_run() {
    let bench = Bench::new().await;
    let mut one = bench.conductor("one");
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    bench.trainer.inject(TrainerFault::Refused("no such instance type".to_owned()));
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("no such instance type"));
    assert_eq!(bench.trainer.created(), 0);
}

/// Whether the job was created is not known: it is looked for, later.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_makes_no_second_job() {
    for (fault, created) in [(TrainerFault::LostAfter, 1), (TrainerFault::LostBefore, 1)] {
        let bench = Bench::new().await;
        let mut one = bench.conductor("one");
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
        bench.trainer.inject(fault);
        assert_eq!(one.step().await.unwrap(), StepEnd::Wait(Some(Duration::from_secs(30))));
        assert!(steps(&mut one).await.unwrap());
        assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, created));
    }
    let bench = Bench::new().await;
    for _ in 0..4 {
        bench.trainer.inject(TrainerFault::LostBefore);
    }
    assert!(steps(&mut bench.conductor("one")).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("no job could be created"));
    assert_eq!(bench.trainer.created(), 0);
}

/// The last request of those of which nobody knows what became made a job.
#[tokio::test(start_paused = true)]
async fn a_job_of_the_last_unclear_request_is_looked_for_before_the_run_fails() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        bench.trainer.inject(TrainerFault::LostBefore);
    }
    bench.trainer.inject(TrainerFault::LostAfter);
    let mut one = bench.conductor("one");
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    for _ in 0..4 {
        assert_eq!(one.step().await.unwrap(), StepEnd::Wait(Some(Duration::from_secs(30))));
    }
    assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Submitting, 1));
    assert!(steps(&mut one).await.unwrap());
    assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, 1));

    // Nobody can be asked about it any more: whoever reads why the run ended learns that there may be one.
    let bench = Bench::new().await;
    let mut one = bench.conductor("one");
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    bench.trainer.inject(TrainerFault::LostAfter);
    assert!(matches!(one.step().await.unwrap(), StepEnd::Wait(_)));
    bench::pass(25 * 3600);
    bench.trainer.inject(TrainerFault::Busy(None));
    assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("whether a job was created"));
}

#[tokio::test(start_paused = true)]
async fn what_the_trainer_says_of_its_job_ends_the_run() {
    let failed = JobState::Failed { reason: "out of memory".to_owned() };
    let by_hand = JobState::Stopped { reason: "by the console".to_owned() };
    let ends = [
        (failed, RunState::Failed, "out of memory"),
        (by_hand, RunState::Stopped, "by the console"),
        (JobState::Gone, RunState::Failed, "does not know the job"),
    ];
    for (state, end, words) in ends {
        let mut bench = Bench::new().await;
        bench.plan.delivers = false;
        let mut one = bench.conductor("one");
        for _ in 0..2 {
            assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
        }
        bench.trainer.set("memory-1", state);
        assert!(steps(&mut one).await.unwrap());
        let run = bench.run().await;
        let outcome = run.outcome.unwrap();
        assert!(run.state == end && outcome.contains(words), "{:?}: {outcome}", run.state);
        assert_eq!((bench.trainer.created(), bench.model().await), (1, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_vanished_after_it_delivered_is_done() {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let mut one = bench.conductor("one");
    for _ in 0..2 {
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    }
    bench::deliver(&bench.store, b"a graph").await;
    bench.trainer.forget("memory-1");
    assert!(steps(&mut one).await.unwrap());
    assert_eq!((bench.run().await.state, bench.trainer.created()), (RunState::Accepted, 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_is_stopped() {
    let mut bench = Bench::new().await;
    bench.plan.delivers = false;
    let mut one = bench.conductor("one");
    for _ in 0..2 {
        assert_eq!(one.step().await.unwrap(), StepEnd::Moved);
    }
    assert_eq!(one.step().await.unwrap(), StepEnd::Wait(None));
    bench::pass(2 * 3600 + 1);
    assert!(steps(&mut one).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("longer than 2 hours"));
    assert!(matches!(bench.trainer.look("memory-1").await, Ok(JobState::Stopped { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_run_without_its_base_makes_no_job() {
    let bench = Bench::empty().await;
    bench.change(|registry| rules::enter_run(registry, planned())).await;
    assert!(steps(&mut bench.conductor("one")).await.unwrap());
    let run = bench.run().await;
    assert!(run.state == RunState::Failed && run.outcome.unwrap().contains("millrace model add"));
    assert_eq!((bench.trainer.created(), run.base), (0, base()));
}

#[tokio::test(start_paused = true)]
async fn a_run_for_another_trainer_is_left_alone() {
    let bench = Bench::empty().await;
    let other = message::TrainingRun { trainer: "pai".to_owned(), ..planned() };
    bench.change(|registry| rules::enter_run(registry, other.clone())).await;
    assert_eq!(bench.conductor("one").step().await.unwrap(), StepEnd::Idle);
    assert_eq!(bench.run().await.by, "maria");
}
