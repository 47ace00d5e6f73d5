use generation::{Generation, MAPPING_VERSION};
use message::{Fingerprint, IndexMapping};

use super::*;

fn names(instance: u32) -> Names {
    let generation = Generation {
        chunking: Fingerprint::of(&[("chunker", "a")]),
        space: Fingerprint::of(&[("model", "a")]),
        dimension: 2,
        model: Fingerprint::of(&[("weights", "a")]),
        name: "a".to_owned(),
        mapping: IndexMapping { instance, ..IndexMapping::of(MAPPING_VERSION) },
    };
    Names::new("docs", &generation).unwrap()
}

fn name(text: &str) -> SnapshotName {
    text.parse().unwrap()
}

#[test]
fn a_name_is_no_pattern_and_no_path() {
    assert_eq!(name("docs-0.1_a").to_string(), "docs-0.1_a");
    for text in ["", "*", "a*", "a,b", "a/b", "_all", "-a", "A", "a b", "a?b", "a%2f", &"a".repeat(201)] {
        assert_eq!(text.parse::<SnapshotName>(), Err(InvalidSnapshotName), "{text}");
    }
}

#[test]
fn each_engine_has_a_folder_of_its_own_in_a_repository() {
    let given = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let body = repository("opensearch", "fs", &given("location", "/backup/"));
    assert_eq!(body, json!({"type": "fs", "settings": {"location": "/backup/opensearch"}}));
    let body = repository("elasticsearch", "s3", &given("bucket", "b"));
    assert_eq!(body, json!({"type": "s3", "settings": {"bucket": "b", "base_path": "elasticsearch"}}));
    assert_eq!(repository("e", "s3", &given("base_path", "x/y"))["settings"]["base_path"], "x/y/e");
}

#[test]
fn a_snapshot_is_of_both_indexes_and_nothing_else() {
    let body = create(&names(0), &json!({"at": 1}));
    let short = names(0).generation().short();
    assert_eq!(body["indices"], format!("docs-{short},docs-{short}-documents"));
    assert_eq!(
        (&body["include_global_state"], &body["metadata"]["millrace"]["at"]),
        (&json!(false), &json!(1))
    );
}

#[test]
fn a_note_is_measured_as_the_engine_measures_it() {
    // {"millrace":"…"} is 15 bytes more than what is in the quotes.
    assert!(fits_snapshot(&json!("x".repeat(1_009))));
    assert!(!fits_snapshot(&json!("x".repeat(1_010))));
}

#[test]
fn indexes_are_restored_under_other_names_and_without_aliases() {
    let body = restore(&names(0), &names(1));
    let (before, after) = (names(0).generation().short(), names(1).generation().short());
    assert_eq!(body["indices"], format!("docs-{before},docs-{before}-documents"));
    assert_eq!(body["rename_pattern"], format!("-{before}(?=$|-documents$)"));
    assert_eq!(
        (&body["rename_replacement"], &body["include_aliases"]),
        (&json!(format!("-{after}")), &json!(false))
    );
}

#[test]
fn snapshots_are_read_with_their_failures_and_notes() {
    let told = |state: &str, more: Value| {
        let mut told = json!({"snapshot": "s", "state": state, "indices": ["i"], "start_time_in_millis": 5});
        crate::wire::merge(&mut told, more);
        json!({"snapshots": [told]})
    };
    let read = |answer: &Value| snapshots(answer).map(|mut all| all.remove(0));
    let whole = read(&told("SUCCESS", json!({"metadata": {"millrace": {"at": 1}, "other": 2}}))).unwrap();
    assert_eq!((whole.name.as_str(), whole.started, whole.note), ("s", 5, Some(json!({"at": 1}))));
    let failures = json!({"failures": [{"index": "i", "shard_id": 3, "reason": "disk"}]});
    let partial = read(&told("PARTIAL", failures)).unwrap();
    assert_eq!((partial.state, partial.failures), (SnapshotState::Partial, vec!["i[3]: disk".to_owned()]));
    let states = [("IN_PROGRESS", SnapshotState::Running), ("INCOMPATIBLE", SnapshotState::Failed)];
    for (word, state) in states {
        assert_eq!(read(&told(word, json!({}))).unwrap().state, state);
    }
    let error = json!({"snapshots": [], "failures": {"r": {"type": "repository_missing_exception", "reason": "[r] missing"}}});
    assert_eq!(snapshots(&error).unwrap_err(), "repository_missing_exception: [r] missing");
    assert!(snapshots(&json!({})).is_err());
}

#[test]
fn a_restore_is_done_when_every_primary_shard_answers() {
    let indexes = ["i".to_owned(), "j".to_owned()];
    let shard = |index: &str, state: &str, reason: &str| {
        json!({"index": index, "shard": "0", "prirep": "p", "state": state, "unassigned.reason": reason,
               "unassigned.details": "why"})
    };
    let told = |shards: &[&Value]| progress(&indexes, &json!(shards));
    let (i, j) = (shard("i", "STARTED", ""), shard("j", "RELOCATING", ""));
    let replica =
        json!({"index": "i", "prirep": "r", "state": "UNASSIGNED", "unassigned.reason": "REPLICA_ADDED"});
    assert_eq!(told(&[&i, &j, &replica]), RestoreProgress::Done);
    assert_eq!(told(&[&i]), RestoreProgress::Running);
    assert_eq!(told(&[&i, &shard("j", "UNASSIGNED", "NEW_INDEX_RESTORED")]), RestoreProgress::Running);
    assert_eq!(told(&[&i, &shard("j", "INITIALIZING", "ALLOCATION_FAILED")]), RestoreProgress::Running);
    let failed = told(&[&i, &shard("j", "UNASSIGNED", "ALLOCATION_FAILED")]);
    assert_eq!(failed, RestoreProgress::Failed(vec!["j[0]: why".to_owned()]));
}

#[test]
fn an_index_is_from_the_snapshot_that_its_primary_shards_came_from() {
    let from = |snapshot: &str| {
        let source = json!({"repository": "r", "snapshot": snapshot});
        json!({"i": {"shards": [{"primary": true, "source": source}, {"primary": false, "source": {}}]}})
    };
    let mine = |recovery: Value| is_from(&recovery, (&name("r"), &name("s")));
    assert!(mine(from("s")));
    assert!(!mine(json!({})), "of no shard nothing is known");
    assert!(!mine(from("other")));
    assert!(!mine(json!({"i": {"shards": [{"primary": true, "source": {}}]}})));
}
