//! What holds for every trainer.

use train::trainer::{JobState, LOG_LINE, LOG_LINES, Trainer as _};

use super::bench::{Bench, Ending, is_running, job, until};

const RUN: &str = "0123456789ab";

pub(crate) async fn a_job_is_found_by_its_run<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    assert_eq!(trainer.find(RUN).await.unwrap(), None);
    let name = trainer.create(&job(RUN)).await.unwrap();
    assert_eq!(trainer.find(RUN).await.unwrap(), Some(name.clone()));
    // One whose id is a part of it, and one that was never heard of.
    for other in ["0123456789a", "ba9876543210"] {
        assert_eq!(trainer.find(other).await.unwrap(), None);
    }
    // One that has ended is still the run's job.
    bench.begin(&name).await;
    bench.end(&name, Ending::Fails).await;
    until(trainer, &name, JobState::is_ended).await;
    assert_eq!(trainer.find(RUN).await.unwrap(), Some(name));
}

pub(crate) async fn a_job_runs_and_succeeds<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    let name = trainer.create(&job(RUN)).await.unwrap();
    assert!(!trainer.look(&name).await.unwrap().is_ended());
    bench.begin(&name).await;
    until(trainer, &name, is_running).await;
    bench.end(&name, Ending::Succeeds).await;
    assert_eq!(until(trainer, &name, JobState::is_ended).await, JobState::Succeeded);
    assert_eq!(trainer.look(&name).await.unwrap(), JobState::Succeeded);
}

pub(crate) async fn a_job_that_fails_says_why<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    let name = trainer.create(&job(RUN)).await.unwrap();
    bench.begin(&name).await;
    bench.end(&name, Ending::Fails).await;
    let state = until(trainer, &name, JobState::is_ended).await;
    assert!(matches!(&state, JobState::Failed { reason } if reason.contains("it went wrong")), "{state:?}");
}

pub(crate) async fn a_job_is_stopped_and_may_be_stopped_again<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    let name = trainer.create(&job(RUN)).await.unwrap();
    bench.begin(&name).await;
    until(trainer, &name, is_running).await;
    trainer.stop(&name).await.unwrap();
    let state = until(trainer, &name, JobState::is_ended).await;
    assert!(matches!(state, JobState::Stopped { .. }), "{state:?}");
    trainer.stop(&name).await.unwrap();
    trainer.stop("dlcunknown").await.unwrap();
    assert_eq!(trainer.look("dlcunknown").await.unwrap(), JobState::Gone);
}

pub(crate) async fn what_vanished_is_gone_and_is_not_found<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    let name = trainer.create(&job(RUN)).await.unwrap();
    bench.begin(&name).await;
    until(trainer, &name, is_running).await;
    bench.end(&name, Ending::Vanishes).await;
    assert_eq!(until(trainer, &name, JobState::is_ended).await, JobState::Gone);
    assert_eq!(trainer.find(RUN).await.unwrap(), None);
}

pub(crate) async fn its_log_is_bounded<B: Bench>(bench: &B) {
    let trainer = bench.trainer();
    let name = trainer.create(&job(RUN)).await.unwrap();
    bench.begin(&name).await;
    bench.end(&name, Ending::Fails).await;
    until(trainer, &name, JobState::is_ended).await;
    let lines = trainer.log(&name).await.unwrap();
    assert!(!lines.is_empty() && lines.len() <= LOG_LINES, "{}", lines.len());
    assert!(lines.iter().all(|line| line.chars().count() <= LOG_LINE));
    assert_eq!(trainer.log("dlcunknown").await.unwrap(), Vec::<String>::new());
}
