//! What may be said of a run that trains a model, and by whom: over memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod bench;

use bench::{INDEX, author, broker};
use message::{Fingerprint, ReadyEntry, RegistryEntry, RunState, TrainingRun};
use registry::rules::{self, RuleRefusal};
use registry::{Registry, RegistryWriter, read};

const ID: &str = "0123456789ab";

fn run(id: &str) -> TrainingRun {
    TrainingRun {
        id: id.to_owned(),
        index: INDEX.to_owned(),
        trainer: "local".to_owned(),
        base: Fingerprint::of(&[("test", "base")]),
        data: Some("77ab01c2d3e4".to_owned()),
        job: None,
        output: None,
        model: None,
        state: RunState::Planned,
        stop: false,
        reason: None,
        outcome: None,
        since: 1,
        by: "maria".to_owned(),
    }
}

/// A registry in which these runs stand as they are.
fn registry(runs: impl IntoIterator<Item = TrainingRun>) -> Registry {
    let mut registry = Registry::default();
    runs.into_iter().for_each(|run| take(&mut registry, &RegistryEntry::Run(run)));
    registry
}

fn take(registry: &mut Registry, entry: &RegistryEntry) {
    registry.take(&entry.key(), Some(&serde_json::to_vec(entry).unwrap()), 0).unwrap();
}

fn words(answer: Result<Vec<RegistryEntry>, RuleRefusal>) -> String {
    answer.unwrap_err().to_string()
}

/// The only run that a rule writes.
fn written(answer: Result<Vec<RegistryEntry>, RuleRefusal>) -> TrainingRun {
    let mut entries = answer.unwrap();
    assert_eq!(entries.len(), 1);
    let Some(RegistryEntry::Run(run)) = entries.pop() else { panic!("no run was written") };
    run
}

#[test]
fn an_index_has_one_run_that_has_not_ended() {
    let empty = Registry::default();
    assert_eq!(written(rules::enter_run(&empty, run(ID))), run(ID));
    for id in ["", "0123456789AB", "0123456789a", "../456789abc"] {
        assert!(words(rules::enter_run(&empty, run(id))).contains("no id"), "{id}");
    }
    let other = "ffffffffffff";
    for state in RunState::ALL {
        let there = registry([TrainingRun { state, ..run(ID) }]);
        assert!(words(rules::enter_run(&there, run(ID))).contains("already"), "{state:?}");
        let answer = rules::enter_run(&there, run(other));
        if state.is_end() {
            assert_eq!(written(answer).id, other);
        } else {
            assert!(words(answer).contains("has not ended"), "{state:?}");
            let elsewhere = TrainingRun { index: "wiki".to_owned(), ..run(other) };
            assert_eq!(written(rules::enter_run(&there, elsewhere)).index, "wiki");
        }
    }
}

#[test]
fn a_run_is_named_by_the_beginning_of_its_id() {
    let two = registry([run(ID), TrainingRun { state: RunState::Failed, ..run("01ffffffffff") }]);
    assert_eq!(rules::run_of(&two, INDEX, "0123").unwrap().id, ID);
    assert!(rules::run_of(&two, INDEX, "01").unwrap_err().to_string().contains("more than one"));
    assert!(rules::run_of(&two, "wiki", "0123").unwrap_err().to_string().contains("no run"));
    assert_eq!(two.open_run(INDEX).map(|run| run.id.as_str()), Some(ID));
    assert_eq!(two.open_run("wiki"), None);
}

/// Each pair of states: what may follow is written here by hand.
#[test]
fn only_the_next_state_follows() {
    use RunState::{Accepted, Failed, Judging, Planned, Refused, Stopped, Submitting, Trained, Training};
    let allowed: [(RunState, &[RunState]); 9] = [
        (Planned, &[Submitting, Failed, Stopped]),
        (Submitting, &[Training, Failed, Stopped]),
        (Training, &[Trained, Failed, Stopped]),
        (Trained, &[Judging, Refused, Failed, Stopped]),
        (Judging, &[Accepted, Refused, Failed, Stopped]),
        (Accepted, &[]),
        (Refused, &[]),
        (Failed, &[]),
        (Stopped, &[]),
    ];
    for (from, next) in allowed {
        let before = TrainingRun { state: from, ..run(ID) };
        let there = registry([before.clone()]);
        for to in RunState::ALL.into_iter().filter(|to| *to != from) {
            let answer = rules::advance_run(&there, &before, TrainingRun { state: to, ..before.clone() });
            assert_eq!(answer.is_ok(), next.contains(&to), "{from:?} to {to:?}: {answer:?}");
        }
    }
}

#[test]
fn a_run_that_somebody_else_moved_or_changed_is_not_advanced() {
    let before = run(ID);
    let next = TrainingRun { state: RunState::Submitting, since: 7, ..run(ID) };
    let moved = registry([TrainingRun { by: "train@other".to_owned(), ..run(ID) }]);
    assert!(words(rules::advance_run(&moved, &before, next.clone())).contains("somebody else"));
    let there = registry([before.clone()]);
    let other = TrainingRun { base: Fingerprint::of(&[("test", "another")]), ..next.clone() };
    assert!(words(rules::advance_run(&there, &before, other)).contains("neither"));
    let unknown = rules::advance_run(&Registry::default(), &before, next.clone());
    assert!(words(unknown).contains("no run"));
    // Written before, and the answer was lost: nothing is left to do.
    let done = registry([next.clone()]);
    assert_eq!(rules::advance_run(&done, &before, next), Ok(Vec::new()));
}

#[test]
fn a_stop_is_kept_until_the_run_ends_and_is_asked_for_once() {
    let before = TrainingRun { state: RunState::Submitting, ..run(ID) };
    let mut there = registry([before.clone()]);
    let stopped = written(rules::ask_to_stop(&there, ID, &author()));
    assert!(stopped.stop && stopped.outcome.as_deref() == Some("asked to stop by maria"));
    take(&mut there, &RegistryEntry::Run(stopped));
    assert_eq!(rules::ask_to_stop(&there, ID, &author()), Ok(Vec::new()));
    // Its conductor did not know.
    let next = TrainingRun { state: RunState::Training, job: Some("job".to_owned()), ..before.clone() };
    let moved = written(rules::advance_run(&there, &before, next));
    assert!(moved.stop && moved.job.is_some() && moved.outcome.is_some(), "{moved:?}");
    take(&mut there, &RegistryEntry::Run(moved.clone()));
    let outcome = Some("stopped".to_owned());
    let end = TrainingRun { state: RunState::Stopped, outcome: outcome.clone(), ..moved.clone() };
    let end = written(rules::advance_run(&there, &moved, end));
    assert_eq!(end.outcome, outcome);
    take(&mut there, &RegistryEntry::Run(end));
    assert!(words(rules::ask_to_stop(&there, ID, &author())).contains("has ended"));
}

/// Nobody may be there to conduct it: its trainer is installed nowhere.
#[test]
fn a_run_without_a_job_ends_as_soon_as_somebody_asks_for_it() {
    for state in [RunState::Planned, RunState::Trained, RunState::Judging] {
        let there = registry([TrainingRun { state, ..run(ID) }]);
        let ended = written(rules::ask_to_stop(&there, ID, &author()));
        assert_eq!((ended.state, ended.since), (RunState::Stopped, author().at));
        assert_eq!(ended.outcome.as_deref(), Some("asked to stop by maria"));
    }
}

#[test]
fn one_process_conducts_a_run_and_another_only_once_it_is_let_go_of() {
    let mut there = registry([run(ID)]);
    assert!(!rules::is_conducted(there.run(ID).unwrap()));
    let one = written(rules::claim_run(&there, ID, ("one", "maria")));
    take(&mut there, &RegistryEntry::Run(one.clone()));
    assert!(rules::is_conducted(&one));
    let count = there.words_of(ID);
    // Who read what stood there before is late.
    assert!(words(rules::claim_run(&there, ID, ("two", "maria"))).contains("conducted by train@one"));
    // The same again is a word, too.
    let again = written(rules::claim_run(&there, ID, ("one", &one.by)));
    take(&mut there, &RegistryEntry::Run(again));
    assert_eq!(there.words_of(ID), count + 1);
    assert_eq!(rules::release_run(&there, ID, "two"), Ok(Vec::new()));
    let free = written(rules::release_run(&there, ID, "one"));
    assert!(!rules::is_conducted(&free));
    take(&mut there, &RegistryEntry::Run(free.clone()));
    let two = written(rules::claim_run(&there, ID, ("two", &free.by)));
    // And from one that says nothing any more.
    take(&mut there, &RegistryEntry::Run(two.clone()));
    assert_eq!(written(rules::claim_run(&there, ID, ("three", &two.by))).by, "train@three");
    let ended = registry([TrainingRun { state: RunState::Failed, ..run(ID) }]);
    assert!(words(rules::claim_run(&ended, ID, ("one", "maria"))).contains("has ended"));
}

#[tokio::test]
async fn of_two_who_claim_at_once_one_is_told() {
    let broker = broker();
    let writer = RegistryWriter::new(broker.clone(), INDEX);
    writer.change(|registry| rules::enter_run(registry, run(ID))).await.unwrap();
    let claim = |name: &'static str| {
        let writer = RegistryWriter::new(broker.clone(), INDEX);
        async move { writer.change(|registry| rules::claim_run(registry, ID, (name, "maria"))).await }
    };
    let (one, two) = tokio::join!(claim("one"), claim("two"));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|won| **won).count(), 1, "{one:?} {two:?}");
    let by = read(&broker).await.unwrap().run(ID).unwrap().by.clone();
    assert_eq!(by, if one.is_ok() { "train@one" } else { "train@two" });
}

/// What a release that knows no runs makes of one: `follow` goes on with what it knows, and nothing is overruled.
#[test]
fn a_kind_that_is_not_known_is_told_and_changes_nothing() {
    let mut registry = registry([run(ID)]);
    let before = registry.clone();
    let strange = br#"{"kind": "tomorrow", "id": "x"}"#;
    let error = registry.take("tomorrow/x", Some(strange), 0).unwrap_err().to_string();
    assert!(error.contains("newer version of Millrace"), "{error}");
    assert_eq!(registry, before);
    registry.take(&format!("run/{ID}"), None, 0).unwrap();
    assert_eq!(registry.run(ID), None);
    // A run is no process that answers: it holds up no promotion.
    let ready =
        ReadyEntry { instance: "serve".to_owned(), index: INDEX.to_owned(), loaded: vec![], sequence: 0 };
    take(&mut registry, &RegistryEntry::Ready(ready));
    take(&mut registry, &RegistryEntry::Run(run(ID)));
    assert_eq!(registry.alive(INDEX, 0, rules::LEASE).count(), 1);
}
