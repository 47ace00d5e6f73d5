use serde_json::json;
use sink::IndexState;

use super::*;

fn indexes(uuid: &str) -> Ensured {
    let state = |name: &str| IndexState {
        uuid: format!("{name}{uuid}"),
        history: Some(uuid.to_owned()),
        remembers: true,
        created: false,
    };
    Ensured { chunks: state("c"), documents: state("d") }
}

#[expect(clippy::unnecessary_wraps, reason = "as a broker answers")]
fn committed(next: i64, memo: Memo) -> Option<Committed> {
    let identity = if memo.identity.is_empty() { "c1/1 d1/1".to_owned() } else { memo.identity };
    Some(Committed { next, memo: Memo { identity, ..memo } })
}

fn note(partitions: usize) -> SnapshotNote {
    let places = SavedPlaces {
        partitions,
        at: 1_700_000_000,
        next: vec![1_000_000; partitions],
        last: vec!["0123456789abcdef".to_owned(); partitions],
        ..SavedPlaces::default()
    };
    SnapshotNote {
        generation: "0123456789ab".to_owned(),
        index: "domain_vectors".to_owned(),
        model: "all-MiniLM-L6-v2".to_owned(),
        group: "index-0123456789ab-0123456789ab-domain_vectors".to_owned(),
        topic: "vectors.0123456789ab".to_owned(),
        identity: "1234567890123456789012/123456789012 1234567890123456789012/123456789012".to_owned(),
        passages: 12_345_678,
        documents: 1_234_567,
        by: "maria".to_owned(),
        places,
    }
}

fn snapshot(name: &str, state: SnapshotState, started: i64) -> EngineSnapshot {
    snapshot_of(&note(1).generation, name, state, started)
}

fn snapshot_of(generation: &str, name: &str, state: SnapshotState, started: i64) -> EngineSnapshot {
    let note = SnapshotNote { generation: generation.to_owned(), ..note(1) };
    let note = Some(serde_json::to_value(note).unwrap());
    EngineSnapshot { name: name.to_owned(), state, indexes: Vec::new(), started, failures: Vec::new(), note }
}

#[test]
fn restored_indexes_go_on_where_the_writer_stood() {
    let all = vec![
        committed(7, Memo { last: "d".to_owned(), at: 90, ..Memo::default() }),
        committed(9, Memo { last: "e".to_owned(), at: 80, replayed: Some(4), ..Memo::default() }),
        committed(
            5,
            Memo { identity: "c1/1 d1/1 above epoch 3".to_owned(), stale: Some(70), ..Memo::default() },
        ),
    ];
    let places = SavedPlaces::of("index", &indexes("1"), all, 100).unwrap();
    assert_eq!((places.next.as_slice(), places.at, places.stale), ([7, 4, 5].as_slice(), 80, Some(70)));
    let begun = places.committed(&indexes("2"));
    let identities: Vec<&str> = begun.iter().map(|place| place.memo.identity.as_str()).collect();
    assert_eq!(identities, ["c2/2 d2/2", "c2/2 d2/2", "c2/2 d2/2 above epoch 3"]);
    let last: Vec<&str> = begun.iter().map(|place| place.memo.last.as_str()).collect();
    assert_eq!(last, ["d", "", ""]);
    assert!(begun.iter().all(|place| place.memo.at == 80 && place.memo.replayed.is_none()));
}

#[test]
fn offsets_that_say_nothing_of_the_indexes_are_refused() {
    let of = |all| SavedPlaces::of("index", &indexes("1"), all, 100).unwrap_err();
    assert!(of(vec![committed(7, Memo::default()), None]).contains("nothing for partition 1"));
    let other = committed(7, Memo { identity: "c9/1 d1/1".to_owned(), ..Memo::default() });
    assert!(of(vec![other]).contains("other indexes"));
}

#[test]
fn a_note_survives_and_loses_first_what_only_saves_time() {
    for (partitions, next, last) in [(12, 12, 12), (40, 40, 0), (1_000, 0, 0)] {
        let value = note(partitions).fitted().unwrap();
        let read: SnapshotNote = serde_json::from_value(value).unwrap();
        assert_eq!((read.places.next.len(), read.places.last.len()), (next, last), "{partitions} partitions");
        assert_eq!(read.places.committed(&indexes("2")).len(), partitions);
    }
    let above = SavedPlaces { above: [(3, 9)].into(), stale: Some(5), ..note(4).places };
    let told = SnapshotNote { places: above, ..note(4) };
    let mut kept = snapshot("s", SnapshotState::Success, 1);
    kept.note = Some(told.clone().fitted().unwrap());
    assert_eq!(SnapshotNote::of(&kept), Some(told));
    kept.note = Some(json!({"of": "another program"}));
    assert_eq!(SnapshotNote::of(&kept), None);
    let long = SnapshotNote { by: "m".repeat(1_000), ..note(1) };
    assert!(long.fitted().unwrap_err().contains("--by"));
}

#[test]
fn the_log_follows_while_it_is_the_same_and_remembers_deletions() {
    let places = SavedPlaces { partitions: 2, at: 100, next: vec![5, 8], ..SavedPlaces::default() };
    let reach = |log: &[Range<i64>], now| places.reach(Some(log), now, 50);
    assert_eq!(reach(&[0..5, 0..9], 150), LogReach::Whole);
    assert_eq!(reach(&[0..5, 0..9], 151), LogReach::Forgets);
    assert_eq!(reach(&[6..7, 0..9], 100), LogReach::Forgets);
    assert_eq!(reach(&[0..5, 0..7], 100), LogReach::Another);
    assert_eq!(reach(&[0..5, 0..9, 0..9], 100), LogReach::Another);
    assert_eq!(places.reach(None, 100, 50), LogReach::Another);
    let stale = SavedPlaces { stale: Some(1), ..places };
    assert_eq!(stale.reach(Some(&[0..5, 0..9]), 100, 50), LogReach::Forgets);
}

#[test]
fn only_whole_snapshots_count_as_kept_and_others_of_that_age_go() {
    use SnapshotState::{Failed, Running, Success};

    let mut foreign = snapshot("foreign", Success, 0);
    foreign.note = None;
    let mut other = snapshot("other", Success, 0);
    other.note = Some(serde_json::to_value(SnapshotNote { index: "wiki".to_owned(), ..note(1) }).unwrap());
    let all = [
        snapshot("d", Failed, 4),
        snapshot("c", Success, 3),
        foreign,
        other,
        snapshot("a", Success, 1),
        snapshot("0", Failed, 0),
        snapshot("b", Success, 2),
        snapshot("r", Running, -1),
    ];
    let mine = note(1);
    let beyond = |keep| beyond(&all, (&mine.index, &mine.generation), keep);
    assert_eq!(beyond(2), ["a", "0"]);
    assert_eq!(beyond(1), ["b", "a", "0"]);
    assert_eq!(beyond(3), ["0"]);
}

#[test]
fn snapshots_of_a_generation_that_was_served_before_go_and_what_is_served_keeps_one() {
    use SnapshotState::{Failed, Success};

    let index = note(1).index;
    let all = [
        snapshot_of("old", "old-1", Success, 1),
        snapshot_of("old", "old-2", Success, 2),
        snapshot_of("new", "new-3", Success, 3),
        snapshot_of("new", "new-4", Success, 4),
        snapshot_of("new", "new-5", Failed, 5),
    ];
    let beyond = |served, keep| beyond(&all, (&index, served), keep);
    assert_eq!(beyond("new", 3), ["old-1"]);
    assert_eq!(beyond("new", 2), ["old-2", "old-1"]);
    // It was gone back to, or another one was asked for by --generation.
    assert_eq!(beyond("old", 2), ["old-1"]);
    assert_eq!(beyond("old", 1), ["new-3", "old-1"]);
    // Nothing whole of what is served: none of it can stay.
    assert_eq!(beyond("next", 1), ["new-3", "old-2", "old-1"]);
}

#[test]
fn a_name_tells_what_and_when() {
    let name = name_of("docs", "0123456789ab", 1_700_000_000);
    assert_eq!(name, "docs-0123456789ab-20231114t221320z");
    assert!(name.parse::<sink::SnapshotName>().is_ok());
}
