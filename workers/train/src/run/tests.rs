use message::Fingerprint;

use super::*;

fn run(state: RunState) -> TrainingRun {
    TrainingRun {
        id: "0123456789ab".to_owned(),
        index: "docs".to_owned(),
        trainer: "local".to_owned(),
        base: Fingerprint::of(&[("test", "base")]),
        data: Some("77ab01c2d3e4".to_owned()),
        job: Some("job-1".to_owned()),
        output: None,
        model: Some(Fingerprint::of(&[("test", "model")])),
        state,
        stop: false,
        reason: None,
        outcome: None,
        since: 1_000,
        by: "train@one".to_owned(),
    }
}

#[test]
fn each_state_has_its_act_and_the_ends_have_none() {
    use RunState::{Judging, Planned, Submitting, Trained, Training};
    let job = || "job-1".to_owned();
    let acts = [
        (Planned, NextAct::Prepare),
        (Submitting, NextAct::Submit),
        (Training, NextAct::Look { job: job() }),
        (Trained, NextAct::Register),
        (Judging, NextAct::Judge),
    ];
    for (state, act) in acts {
        assert_eq!(next(&run(state)), Some(act));
    }
    for state in RunState::ALL.into_iter().filter(|state| state.is_end()) {
        assert_eq!(next(&run(state)), None);
        assert_eq!(next(&TrainingRun { stop: true, ..run(state) }), None);
    }
    let stop = |state| next(&TrainingRun { stop: true, ..run(state) });
    for state in [Submitting, Training] {
        assert_eq!(stop(state), Some(NextAct::Stop { job: Some(job()) }));
    }
    for state in [Planned, Trained, Judging] {
        assert!(matches!(stop(state), Some(NextAct::End { state: RunState::Stopped, .. })), "{state:?}");
    }
}

#[test]
fn a_run_that_lacks_what_its_state_needs_ends_with_words() {
    let lacking = [
        TrainingRun { data: None, ..run(RunState::Submitting) },
        TrainingRun { job: None, ..run(RunState::Training) },
        TrainingRun { model: None, ..run(RunState::Judging) },
    ];
    for run in lacking {
        let Some(NextAct::End { state, outcome }) = next(&run) else { panic!("{run:?}") };
        assert!(state == RunState::Failed && outcome.contains("names no"), "{outcome}");
    }
}

#[test]
fn creating_and_stopping_a_job_is_never_broken_off() {
    assert!(!NextAct::Submit.may_be_interrupted());
    assert!(!NextAct::Stop { job: None }.may_be_interrupted());
    assert!(NextAct::Judge.may_be_interrupted());
}

#[test]
fn what_a_job_says_decides_and_one_that_takes_too_long_is_stopped() {
    let (hour, training) = (Duration::from_hours(1), run(RunState::Training));
    let state = |job: JobState, now: u64| match follow_job(&training, job, now, hour) {
        JobAnswer::Next(run) => Ok((run.state, run.since, run.outcome.clone().unwrap_or_default())),
        other @ (JobAnswer::Wait(_) | JobAnswer::Overdue(_) | JobAnswer::Gone) => Err(other),
    };
    let running = || JobState::Running { detail: "step 3 of 40".to_owned() };
    let words = |text: &str| text.to_owned();
    assert_eq!(state(running(), 1_010), Err(JobAnswer::Wait(words("step 3 of 40"))));
    assert_eq!(
        state(JobState::Waiting(words("no GPU is free")), 1_010),
        Err(JobAnswer::Wait(words("the job waits: no GPU is free")))
    );
    assert!(matches!(state(running(), 4_601), Err(JobAnswer::Overdue(_))));
    assert!(matches!(state(running(), 4_600), Err(JobAnswer::Wait(_))));
    assert_eq!(state(JobState::Gone, 1_010), Err(JobAnswer::Gone));
    // It ended while nobody looked: that it is late then is nothing to it.
    assert_eq!(state(JobState::Succeeded, 99_999), Ok((RunState::Trained, 99_999, String::new())));
    let failed = state(JobState::Failed { reason: words("out of memory") }, 1_010).unwrap();
    assert!(failed.0 == RunState::Failed && failed.2.contains("out of memory"), "{failed:?}");
    let by_hand = state(JobState::Stopped { reason: words("by the console") }, 1_010).unwrap();
    assert!(by_hand.0 == RunState::Stopped && by_hand.2.contains("by the console"), "{by_hand:?}");
    let late = state(JobState::Stopped { reason: words("asked") }, 9_999).unwrap();
    assert!(late.0 == RunState::Failed && late.2.contains("MILLRACE_TRAIN_MOST_HOURS"), "{late:?}");
}

#[test]
fn a_run_waits_for_a_day_and_for_a_person_for_a_week() {
    let day = 24 * 3600;
    for state in [RunState::Planned, RunState::Submitting, RunState::Trained] {
        assert_eq!(given_up(&run(state), "no quota", 1_000 + day), None);
        let words = given_up(&run(state), "no quota", 1_001 + day).unwrap();
        assert!(words.contains("24 hours") && words.contains("no quota"), "{words}");
        assert_eq!(given_up(&TrainingRun { stop: true, ..run(state) }, "no quota", 1_001 + day), None);
    }
    assert_eq!(given_up(&run(RunState::Training), "away", 1_001 + day), None);
    assert_eq!(given_up(&run(RunState::Judging), "nobody", 1_001 + day), None);
    assert!(given_up(&run(RunState::Judging), "nobody", 1_001 + 7 * day).is_some());
}

#[test]
fn a_job_that_cannot_be_stopped_is_left_running_soon_after_its_time_and_named() {
    let most = Duration::from_hours(2);
    let busy = TrainerTrouble::Busy { after: None, why: "cut".to_owned() };
    let refused = TrainerTrouble::Refused("no such command".to_owned());
    let training = run(RunState::Training);
    let end = 1_000 + 2 * 3600 + 600;
    for trouble in [&busy, &TrainerTrouble::Denied("no key".to_owned())] {
        assert!(
            !is_left_running(&training, trouble, end, most)
                && is_left_running(&training, trouble, end + 1, most)
        );
    }
    assert!(is_left_running(&training, &refused, 1_001, most), "asking again changes nothing");
    let words = left_running("job-1", &busy);
    for part in ["job-1", "may still run and cost money", "cut"] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn a_model_that_is_trained_again_keeps_its_name() {
    assert_eq!(model_name("MiniLM", "docs"), "MiniLM+docs");
    assert_eq!(model_name("MiniLM+docs", "docs"), "MiniLM+docs");
    assert_eq!(model_name("MiniLM+docs", "wiki"), "MiniLM+docs+wiki");
}
