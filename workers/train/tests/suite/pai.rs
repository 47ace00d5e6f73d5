//! What holds for PAI-DLC: every request is signed, no job is created twice, and a failure says what to do.

use std::time::Duration;

use serde_json::{Value, json};
use train::trainer::{JobState, PaiSettings, PaiTrainer, Trainer as _, TrainerTrouble};

use super::bench::{Bench as _, Ending, job};
use super::pai_bench::{PaiBench, SECRET, open};
use super::pai_routes::{DEFAULT_WORKSPACE, time};
use super::pai_server::{AccountKey, PaiFault};

const RUN: &str = "0123456789ab";

fn is_unclear<T: std::fmt::Debug>(result: &Result<T, TrainerTrouble>) -> bool {
    matches!(result, Err(TrainerTrouble::Unclear(_)))
}

fn is_busy<T: std::fmt::Debug>(result: &Result<T, TrainerTrouble>) -> bool {
    matches!(result, Err(TrainerTrouble::Busy { .. }))
}

#[track_caller]
fn denied<T: std::fmt::Debug>(result: Result<T, TrainerTrouble>, words: &str) {
    let trouble = result.unwrap_err();
    assert!(matches!(&trouble, TrainerTrouble::Denied(what) if what.contains(words)), "{trouble:?}: {words}");
    assert!(!format!("{trouble} {trouble:?}").contains(SECRET), "{trouble}");
}

#[tokio::test]
async fn a_job_is_ordered_with_everything_that_keeps_it_ours() {
    let bench = open().await;
    let name = bench.trainer().create(&job(RUN)).await.unwrap();
    let ordered = bench.server.heard("CreateJob").remove(0);
    assert_eq!((ordered.method.as_str(), ordered.target.as_str()), ("POST", "/api/v1/jobs"));
    assert_eq!(ordered.header("content-type"), "application/json; charset=utf-8");
    let body: Value = serde_json::from_slice(&ordered.body).unwrap();
    assert_eq!((&body["WorkspaceId"], &body["JobMaxRunningTimeMinutes"]), (&json!("12345"), &json!(240)));
    assert_eq!(
        (&body["Envs"]["MILLRACE_RUN"], &body["DisplayName"]),
        (&json!(RUN), &json!("millrace-0123456789ab"))
    );
    let command = body["UserCommand"].as_str().unwrap();
    assert!(
        command.starts_with("python /workspace/train.py --oss_input /mnt/millrace/training/a1b2c3/"),
        "{command}"
    );
    assert!(command.ends_with("--token 0123456789ab --seeds 2"), "{command}");
    let state = bench.server.state();
    assert!(
        state
            .jobs
            .all
            .iter()
            .all(|job| job["WorkspaceId"] != DEFAULT_WORKSPACE && job["JobId"] == name.as_str())
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_job() {
    for fault in [PaiFault::CutAfter, PaiFault::After(500), PaiFault::After(503), PaiFault::Nonsense] {
        let bench = open().await;
        bench.server.inject("CreateJob", fault.clone());
        let created = bench.trainer().create(&job(RUN)).await;
        assert!(is_unclear(&created), "{fault:?}: {created:?}");
        assert!(bench.trainer().find(RUN).await.unwrap().is_some(), "{fault:?}");
        assert_eq!((bench.server.created(), bench.server.heard("CreateJob").len()), (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_lost_is_as_unclear_and_leaves_nothing() {
    let unavailable = PaiFault::Refuse(503, "ServiceUnavailable", "");
    for fault in [PaiFault::CutBefore, PaiFault::Hang, unavailable] {
        let bench = open().await;
        bench.server.inject("CreateJob", fault.clone());
        let created = bench.trainer().create(&job(RUN)).await;
        assert!(is_unclear(&created), "{fault:?}: {created:?}");
        assert_eq!(bench.trainer().find(RUN).await.unwrap(), None, "{fault:?}");
        let name = bench.trainer().create(&job(RUN)).await.unwrap();
        assert_eq!(bench.trainer().find(RUN).await.unwrap(), Some(name));
        assert_eq!(bench.server.created(), 1);
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks_for() {
    let bench = open().await;
    let throttled = PaiFault::Refuse(400, "Throttling.User", "Retry-After: 7\r\n");
    bench.server.inject("CreateJob", throttled.clone());
    let busy = bench.trainer().create(&job(RUN)).await.unwrap_err();
    assert!(
        matches!(&busy, TrainerTrouble::Busy { after: Some(after), .. } if *after == Duration::from_secs(7)),
        "{busy:?}"
    );
    assert_eq!((bench.server.created(), bench.server.heard("CreateJob").len()), (0, 1));
    let name = bench.trainer().create(&job(RUN)).await.unwrap();
    for fault in [
        throttled,
        PaiFault::Refuse(503, "ServiceUnavailable", ""),
        PaiFault::After(502),
        PaiFault::CutAfter,
        PaiFault::Hang,
        PaiFault::Nonsense,
    ] {
        bench.server.inject("GetJob", fault.clone());
        assert!(is_busy(&bench.trainer().look(&name).await), "{fault:?}");
        bench.server.inject("ListJobs", fault.clone());
        assert!(is_busy(&bench.trainer().find(RUN).await), "{fault:?}");
    }
    bench.server.inject("StopJob", PaiFault::CutAfter);
    assert!(is_busy(&bench.trainer().stop(&name).await));
    bench.trainer().stop(&name).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_was_asked_for_nothing() {
    let bench = open().await;
    // A port of this machine at which nobody listens: that of a server that has just gone.
    let gone = PaiSettings { endpoint: Some("http://127.0.0.1:9".to_owned()), ..bench.settings.clone() };
    let trainer = PaiTrainer::open(&gone).unwrap();
    assert!(is_busy(&trainer.create(&job(RUN)).await) && is_busy(&trainer.find(RUN).await));
}

#[tokio::test]
async fn a_token_that_expired_is_renewed_by_whoever_writes_its_file() {
    let bench = open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let settings = PaiSettings {
        access_key_id: None,
        access_key_secret: None,
        credentials_file: Some(file.clone()),
        ..bench.settings.clone()
    };
    let trainer = PaiTrainer::open(&settings).unwrap();
    denied(trainer.find(RUN).await, "MILLRACE_PAI_CREDENTIALS_FILE");
    let write = async |id: &str| {
        let keys = json!({"Code": "Success", "AccessKeyId": id, "AccessKeySecret": SECRET, "SecurityToken": format!("{id}-token"),
            "Expiration": "2026-01-01T06:00:00Z"});
        tokio::fs::write(&file, keys.to_string()).await.unwrap();
        let key =
            AccountKey { secret: SECRET.to_owned(), token: Some(format!("{id}-token")), is_expired: false };
        bench.server.state().keys.insert(id.to_owned(), key);
    };
    write("STS.first").await;
    let name = trainer.create(&job(RUN)).await.unwrap();
    bench.server.state().keys.get_mut("STS.first").unwrap().is_expired = true;
    denied(trainer.look(&name).await, "2026-01-01T06:00:00Z");
    denied(trainer.create(&job("another")).await, "renew MILLRACE_PAI_SECURITY_TOKEN");
    write("STS.second").await;
    assert!(matches!(trainer.look(&name).await.unwrap(), JobState::Waiting(_)));
    let shown = format!("{trainer:?}");
    assert!(!shown.contains("STS.") && !shown.contains("-token") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn a_denial_says_what_a_person_has_to_do() {
    let bench = open().await;
    bench.server.inject("CreateJob", PaiFault::Refuse(403, "Forbidden.RAM", ""));
    denied(bench.trainer().create(&job(RUN)).await, "pai:CreateJob and paidlc:CreateJob");
    bench.server.state().ahead = 3600;
    denied(bench.trainer().find(RUN).await, "clock");
    bench.server.state().ahead = 0;
    let other = PaiSettings { access_key_secret: "another-key".parse().ok(), ..bench.settings.clone() };
    denied(PaiTrainer::open(&other).unwrap().create(&job(RUN)).await, "MILLRACE_PAI_ACCESS_KEY_SECRET");
    let unknown = PaiSettings { access_key_id: "LTAI-nobody".parse().ok(), ..bench.settings.clone() };
    denied(PaiTrainer::open(&unknown).unwrap().find(RUN).await, "MILLRACE_PAI_ACCESS_KEY_ID");
    assert_eq!(bench.server.created(), 0);
    bench.server.inject("CreateJob", PaiFault::Refuse(400, "InvalidParameter", ""));
    let refused = bench.trainer().create(&job(RUN)).await.unwrap_err();
    assert!(
        matches!(&refused, TrainerTrouble::Refused(what) if what.contains("words of the server")),
        "{refused:?}"
    );
    let none = PaiSettings { access_key_secret: None, ..bench.settings.clone() };
    assert!(PaiTrainer::open(&none).unwrap_err().to_string().contains("belong together"));
    assert!(!format!("{:?} {:?}", bench.trainer(), bench.settings).contains(SECRET));
}

/// A job that somebody else created.
fn foreign(bench: &PaiBench, number: usize, fields: &Value) {
    let mut job = json!({
        "JobId": format!("dlcforeign{number}"), "Status": "Running", "WorkspaceId": "12345", "GmtCreateTime": time(Duration::from_hours(1)),
        "DisplayName": format!("millrace-{RUN}"), "Settings": {"Tags": {"millrace-run": RUN}},
    });
    for (name, value) in fields.as_object().unwrap() {
        job[name] = value.clone();
    }
    bench.server.state().jobs.all.push(job);
}

#[tokio::test]
async fn only_the_runs_own_job_is_found() {
    let bench = open().await;
    for number in 0..120 {
        foreign(&bench, number, &json!({"DisplayName": format!("millrace-{RUN}-{number}")}));
    }
    foreign(&bench, 200, &json!({"DisplayName": format!("Millrace-{}", RUN.to_uppercase())}));
    foreign(&bench, 201, &json!({"WorkspaceId": "99"}));
    foreign(&bench, 202, &json!({"Settings": {"Tags": {"millrace-run": "ffffffffffff"}}}));
    foreign(&bench, 203, &json!({"Settings": {}, "Envs": {"PURPOSE": "a copy in the console"}}));
    assert_eq!(bench.trainer().find(RUN).await.unwrap(), None);
    assert_eq!(bench.server.heard("ListJobs").len(), 3, "all pages were asked for");
    let name = bench.trainer().create(&job(RUN)).await.unwrap();
    assert_eq!(bench.trainer().find(RUN).await.unwrap(), Some(name.clone()));
    // Left out, the time is that of the last seven days.
    bench.server.set(&name, &json!({"GmtCreateTime": time(Duration::from_hours(24 * 30))}));
    assert_eq!(bench.trainer().find(RUN).await.unwrap(), Some(name.clone()));
    // Of two, the oldest counts; a listing without tags and variables is asked about job by job.
    foreign(&bench, 204, &json!({"Settings": null}));
    assert_eq!(bench.trainer().find(RUN).await.unwrap(), Some(name));
    assert_eq!(bench.server.heard("GetJob").len(), 1);
}

#[tokio::test]
async fn a_job_that_was_stopped_by_hand_is_seen_as_stopped() {
    let bench = open().await;
    let name = bench.trainer().create(&job(RUN)).await.unwrap();
    bench.begin(&name).await;
    let running = JobState::Running { detail: "Running, since 1 minutes".to_owned() };
    assert_eq!(bench.trainer().look(&name).await.unwrap(), running);
    bench.server.set(
        &name,
        &json!({"Status": "Failed", "ReasonCode": "JobStoppedByUser", "ReasonMessage": "in the console"}),
    );
    let stopped = bench.trainer().look(&name).await.unwrap();
    assert!(
        matches!(&stopped, JobState::Stopped { reason } if reason.contains("in the console")),
        "{stopped:?}"
    );
    bench.server.set(&name, &json!({"Status": "SucceededReserving", "ReasonCode": ""}));
    assert_eq!(bench.trainer().look(&name).await.unwrap(), JobState::Succeeded);
    bench.trainer().stop(&name).await.unwrap();
    // A refusal of one that runs is a refusal.
    bench.server.set(&name, &json!({"Status": "Running"}));
    bench.server.inject("StopJob", PaiFault::Refuse(400, "BadRequest", ""));
    assert!(matches!(bench.trainer().stop(&name).await, Err(TrainerTrouble::Refused(_))));
}

#[tokio::test]
async fn where_there_is_no_log_the_events_are_shown() {
    let bench = open().await;
    let name = bench.trainer().create(&job(RUN)).await.unwrap();
    assert_eq!(bench.trainer().log(&name).await.unwrap(), ["Job is created", "waiting for a node"]);
    // A pod that is named before it has a log.
    bench.begin(&name).await;
    bench.server.inject("GetPodLogs", PaiFault::Refuse(400, "BadRequest", ""));
    assert_eq!(bench.trainer().log(&name).await.unwrap().len(), 2);
    let lines = bench.trainer().log(&name).await.unwrap();
    assert!(
        lines.len() == 200 && lines.last().is_some_and(|line| line.starts_with("step 3000 ")),
        "{}",
        lines.len()
    );
    bench.end(&name, Ending::Vanishes).await;
    assert_eq!(bench.trainer().log(&name).await.unwrap(), Vec::<String>::new());
}
