//! What holds for a process on this machine: it outlives whoever started it, and is started once.
#![expect(clippy::disallowed_methods, reason = "edge: files of a test")]

use std::time::Duration;

use bytes::Bytes;
use objects::{Look, Store as _, StoreFault};
use train::trainer::{JobState, LocalSettings, LocalTrainer, Trainer as _, TrainerTrouble, TrainingJob};

use super::bench::{Bench as _, is_running, job, until};
use super::local_bench::{LocalBench, open, pid, put};

const RUN: &str = "0123456789ab";
const NEXT: &str = "ba9876543210";

async fn stored(bench: &LocalBench, name: &str) -> Option<String> {
    let object = job(RUN).output.object(name).unwrap();
    let Look::Found { bytes, .. } = bench.store.look(&object, None, 1 << 20).await.unwrap() else {
        return None;
    };
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn failed(bench: &LocalBench) -> String {
    let state = until(bench.trainer(), RUN, JobState::is_ended).await;
    let JobState::Failed { reason } = state else { panic!("{state:?}") };
    reason
}

#[tokio::test]
async fn a_trainer_that_is_started_anew_goes_on_watching() {
    let bench = open().await;
    assert_eq!(bench.trainer().create(&job(RUN)).await.unwrap(), RUN);
    let another = bench.another();
    assert_eq!(another.find(RUN).await.unwrap().as_deref(), Some(RUN));
    let step = |state: &JobState| matches!(state, JobState::Running { detail } if detail == "step 1 of 2, seed 1, loss 0.5000");
    until(&another, RUN, step).await;
    assert_eq!(another.create(&job(RUN)).await.unwrap(), RUN);
    assert_eq!(bench.starts(RUN), 1, "it was started a second time");
    bench.say_end(RUN, "0");
    assert_eq!(until(&another, RUN, JobState::is_ended).await, JobState::Succeeded);
    assert_eq!(stored(&bench, "bundle/model.onnx").await.as_deref(), Some("weights"));
    assert!(stored(&bench, "done.json").await.is_some_and(|text| text.contains(RUN)));
    assert_eq!(stored(&bench, "report.html").await.as_deref(), Some("<html>\n"));
    assert_eq!(stored(&bench, "checkpoints/1").await, None);
    // The disk is for the next run; how it went can still be read.
    assert!(!bench.folder(RUN).join("out").exists() && !bench.folder(RUN).join("data").exists());
    assert!(another.log(RUN).await.unwrap().contains(&r#"{"stage": "mine"}"#.to_owned()));
    // Created again, it is not trained again.
    assert_eq!(another.create(&job(RUN)).await.unwrap(), RUN);
    assert_eq!((another.look(RUN).await.unwrap(), bench.starts(RUN)), (JobState::Succeeded, 1));
}

#[tokio::test]
async fn one_that_was_killed_with_its_machine_is_started_again_and_keeps_its_checkpoints() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    until(bench.trainer(), RUN, |_| bench.starts(RUN) == 1).await;
    std::fs::write(bench.folder(RUN).join("out/checkpoint"), "half way").unwrap();
    bench.kill(RUN);
    // The store is away just then: nothing is lost by that.
    bench.store.inject(StoreFault::Unavailable { times: 1 });
    let another = bench.another();
    let busy = another.look(RUN).await.unwrap_err();
    assert!(matches!(busy, TrainerTrouble::Busy { .. }), "{busy:?}");
    let JobState::Running { detail } = another.look(RUN).await.unwrap() else { panic!("it does not run") };
    assert!(detail.contains("started again (1 of 3)"), "{detail}");
    until(&another, RUN, |state| is_running(state) && bench.starts(RUN) == 2).await;
    assert!(bench.folder(RUN).join("out/checkpoint").exists());
    // What was said before is still there.
    let log = another.log(RUN).await.unwrap();
    assert!(log.iter().any(|line| line.contains("its process was gone")), "{log:?}");
    assert_eq!(log[0], r#"{"stage": "mine"}"#);
    bench.say_end(RUN, "0");
    assert_eq!(until(&another, RUN, JobState::is_ended).await, JobState::Succeeded);
}

#[tokio::test]
async fn one_whose_process_is_gone_again_and_again_has_failed() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    for starts in 1..=4 {
        until(bench.trainer(), RUN, |state| is_running(state) && bench.starts(RUN) == starts).await;
        bench.kill(RUN);
    }
    let reason = failed(&bench).await;
    assert!(reason.contains("gone without a word 4 times"), "{reason}");
    assert_eq!((failed(&bench).await, bench.starts(RUN)), (reason, 4), "it stays so");
    assert!(!bench.folder(RUN).join("out").exists());
}

#[tokio::test]
async fn one_that_is_stopped_while_its_process_is_gone_is_not_started_again() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    until(bench.trainer(), RUN, |_| bench.starts(RUN) == 1).await;
    bench.kill(RUN);
    bench.trainer().stop(RUN).await.unwrap();
    let state = bench.trainer().look(RUN).await.unwrap();
    assert_eq!(state, JobState::Stopped { reason: "asked to stop".to_owned() });
    assert_eq!(bench.starts(RUN), 1);
}

#[tokio::test]
async fn a_trainer_that_is_updated_under_a_run_changes_the_next_run_only() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    until(bench.trainer(), RUN, |_| bench.starts(RUN) == 1).await;
    for name in ["train.sh", "beside.py", "model/export.py"] {
        assert!(bench.folder(RUN).join("trainer").join(name).is_file(), "{name} was not copied");
    }
    std::fs::write(&bench.settings.script, "exit 9\n").unwrap();
    bench.kill(RUN);
    until(bench.trainer(), RUN, |state| is_running(state) && bench.starts(RUN) == 2).await;
    bench.say_end(RUN, "0");
    assert_eq!(until(bench.trainer(), RUN, JobState::is_ended).await, JobState::Succeeded);
    bench.trainer().create(&job(NEXT)).await.unwrap();
    let state = until(bench.trainer(), NEXT, JobState::is_ended).await;
    assert!(matches!(&state, JobState::Failed { reason } if reason.contains("exit code 9")), "{state:?}");
}

#[tokio::test]
async fn what_a_run_trained_that_failed_is_there_for_the_next() {
    let bench = open().await;
    let trained = |run: &str| bench.folder(run).join("out/checkpoints/seed-1.json");
    for (code, is_kept) in [("1", true), ("stop", false)] {
        let (run, next) = (format!("{RUN}{is_kept}"), format!("{NEXT}{is_kept}"));
        bench.trainer().create(&job(&run)).await.unwrap();
        until(bench.trainer(), &run, |_| bench.starts(&run) == 1).await;
        std::fs::create_dir_all(trained(&run).parent().unwrap()).unwrap();
        std::fs::write(trained(&run), "{}").unwrap();
        if code == "stop" {
            bench.trainer().stop(&run).await.unwrap();
        } else {
            bench.say_end(&run, code);
        }
        until(bench.trainer(), &run, JobState::is_ended).await;
        assert!(!trained(&run).exists());
        let log = bench.trainer().log(&run).await.unwrap();
        assert_eq!(log.iter().any(|line| line.contains("what was trained is kept")), is_kept, "{log:?}");
        bench.trainer().create(&job(&next)).await.unwrap();
        assert_eq!(trained(&next).exists(), is_kept, "{code}");
        bench.trainer().stop(&next).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_killed_leader_left_behind_does_not_train_beside_its_successor() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    until(bench.trainer(), RUN, |_| bench.starts(RUN) == 1).await;
    let leader = pid(&bench.folder(RUN));
    let kill = format!("kill -KILL {leader}");
    assert!(std::process::Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    until(bench.trainer(), RUN, |state| is_running(state) && bench.starts(RUN) == 2).await;
    let group = |stat: String| Some(stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.to_owned());
    let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let is_ended = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"));
        !is_ended && group(stat).as_deref() == Some(leader.as_str())
    });
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn two_at_once_start_one() {
    let bench = open().await;
    let (first, second, order) = (bench.another(), bench.another(), job(RUN));
    let (first, second) = tokio::join!(first.create(&order), second.create(&order));
    let created = [first, second].into_iter().filter_map(|created| match created {
        Ok(name) => Some(name),
        Err(TrainerTrouble::Busy { .. }) => None,
        Err(trouble) => panic!("{trouble:?}"),
    });
    assert!(created.count() >= 1);
    until(bench.trainer(), RUN, |_| bench.starts(RUN) > 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.starts(RUN), 1);
}

#[tokio::test]
async fn an_exit_code_says_what_to_do() {
    for (code, words) in [("2", "cannot use"), ("3", "MILLRACE_TRAINER_BATCH_SIZE"), ("1", "exit code 1")] {
        let bench = open().await;
        bench.trainer().create(&job(RUN)).await.unwrap();
        bench.say_end(RUN, code);
        let reason = failed(&bench).await;
        assert!(reason.contains(words) && reason.contains("it went wrong"), "{reason}");
        assert!(!bench.folder(RUN).join("data").exists() && stored(&bench, "done.json").await.is_none());
    }
}

#[tokio::test]
async fn data_that_was_changed_is_not_trained_on() {
    let bench = open().await;
    let order = job(RUN);
    let changed = order.data.object("train.jsonl").unwrap();
    bench.store.put(&changed, Bytes::from_static(b"{\"other\": 1}\n"), "text/plain").await.unwrap();
    let refused = bench.trainer().create(&order).await.unwrap_err();
    assert!(
        matches!(&refused, TrainerTrouble::Refused(what) if what.contains("somebody replaced it")),
        "{refused}"
    );
    put(&bench.store, &order.data, "manifest.json", &[("../../stolen", "x")]).await;
    let refused = bench.trainer().create(&order).await.unwrap_err();
    assert!(matches!(&refused, TrainerTrouble::Refused(what) if what.contains("../../stolen")), "{refused}");
    bench.store.delete(&order.data.object("manifest.json").unwrap()).await.unwrap();
    let refused = bench.trainer().create(&order).await.unwrap_err();
    assert!(
        matches!(&refused, TrainerTrouble::Refused(what) if what.contains("is not in the object store")),
        "{refused}"
    );
    assert_eq!((bench.starts(RUN), bench.trainer().find(RUN).await.unwrap()), (0, None));
}

#[tokio::test]
async fn a_store_that_is_away_is_waited_for_and_nothing_is_fetched_twice() {
    let bench = open().await;
    let base = job(RUN).base.object("bundle.json").unwrap();
    bench.store.inject(StoreFault::DenyObject(base));
    let denied = bench.trainer().create(&job(RUN)).await.unwrap_err();
    assert!(matches!(denied, TrainerTrouble::Denied(_)), "{denied:?}");
    bench.store.heal();
    bench.store.inject(StoreFault::Unavailable { times: 1 });
    let busy = bench.trainer().create(&job(RUN)).await.unwrap_err();
    assert!(matches!(busy, TrainerTrouble::Busy { .. }), "{busy:?}");
    let before = bench.store.bodies();
    bench.trainer().create(&job(RUN)).await.unwrap();
    // Both manifests, and the two files of the base: those of the data are there.
    assert_eq!(bench.store.bodies() - before, 4);
    bench.say_end(RUN, "0");
    let end = bench.folder(RUN).join("exit");
    while !end.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.store.inject(StoreFault::Unavailable { times: 1 });
    let busy = bench.trainer().look(RUN).await.unwrap_err();
    assert!(matches!(busy, TrainerTrouble::Busy { .. }), "{busy:?}");
    assert_eq!(bench.trainer().look(RUN).await.unwrap(), JobState::Succeeded);
}

#[tokio::test]
async fn an_output_that_is_not_the_runs_own_is_a_failure() {
    for (name, words) in [("liar", "bundle/model.onnx is not the file"), ("stranger", "ffffffffffff")] {
        let bench = open().await;
        bench.trainer().create(&TrainingJob { name: name.to_owned(), ..job(RUN) }).await.unwrap();
        bench.say_end(RUN, "0");
        let reason = failed(&bench).await;
        assert!(reason.contains(words), "{reason}");
        assert_eq!(stored(&bench, "done.json").await, None);
    }
}

#[tokio::test]
async fn one_that_does_not_end_is_killed() {
    let bench = open().await;
    bench.trainer().create(&TrainingJob { name: "stubborn".to_owned(), ..job(RUN) }).await.unwrap();
    until(
        bench.trainer(),
        RUN,
        |state| matches!(state, JobState::Running { detail } if detail.starts_with("step")),
    )
    .await;
    bench.trainer().stop(RUN).await.unwrap();
    let state = bench.trainer().look(RUN).await.unwrap();
    assert_eq!(state, JobState::Stopped { reason: "asked to stop".to_owned() });
}

#[tokio::test]
async fn one_that_takes_too_long_is_stopped_and_has_failed() {
    let bench = open().await;
    bench.trainer().create(&job(RUN)).await.unwrap();
    let settings = LocalSettings { hours: 0, ..bench.settings.clone() };
    let hasty = LocalTrainer::open(&settings, bench.store.clone()).unwrap();
    let JobState::Failed { reason } = until(&hasty, RUN, JobState::is_ended).await else { panic!() };
    assert!(reason.contains("MILLRACE_TRAINER_HOURS"), "{reason}");
}

#[tokio::test]
async fn a_trainer_that_is_not_installed_says_how_to_install_it() {
    let bench = open().await;
    let settings = LocalSettings { program: "/nonexistent/python".into(), ..bench.settings.clone() };
    let error = LocalTrainer::open(&settings, bench.store.clone()).unwrap_err().to_string();
    assert!(
        error.contains("MILLRACE_TRAINER_PROGRAM") && error.contains("compose/install trainer"),
        "{error}"
    );
    assert!(bench.trainer().estimate().contains("1 hours"), "{}", bench.trainer().estimate());
    let refused = bench.trainer().create(&job("../up")).await;
    assert!(matches!(refused, Err(TrainerTrouble::Refused(_))), "{refused:?}");
}
