//! How engine responses are classified, case by case.

use super::*;
use generation::{Generation, Target};
use message::Fingerprint;
use proptest::prelude::*;

fn put(id: &str, version: u64) -> Action {
    Action {
        target: Target::Chunks,
        id: id.to_owned(),
        version: Version::from(version),
        highest: Version::from(version + 10),
        operation: Operation::Put(Bytes::from_static(br#"{"a":1}"#)),
    }
}

fn delete(id: &str) -> Action {
    Action { operation: Operation::Delete, ..put(id, 5) }
}

fn answer(status: u16, body: &impl ToString) -> Response {
    Response { status, retry_after: None, body: body.to_string().into() }
}

fn one(action: &Action, status: u16, error: &Value) -> Reply {
    let item = if error.is_null() {
        json!({"_id": action.id, "status": status})
    } else {
        json!({"_id": action.id, "status": status, "error": error})
    };
    match judge(&answer(200, &json!({"errors": true, "items": [{"index": item}]})), &[action]) {
        Judgement::Items(mut replies) => replies.remove(0),
        other @ (Judgement::Again { .. } | Judgement::Halve(_) | Judgement::Stop(_)) => panic!("{other:?}"),
    }
}

fn refused(reply: &Reply) -> bool {
    matches!(reply, Reply::Final(ItemAnswer::Refused(_)))
}

fn stopped(reply: &Reply) -> bool {
    matches!(reply, Reply::Final(ItemAnswer::Stop(_)))
}

#[test]
fn lines_carry_alias_and_external_version() {
    let space = Fingerprint::of(&[]);
    let generation = Generation {
        chunking: space.clone(),
        space,
        dimension: 1,
        model: Fingerprint::of(&[("weights", "test")]),
        name: String::new(),
        mapping: message::IndexMapping::of(1),
    };
    let names = Names::new("m", &generation).unwrap();
    let lines = [Lines::of(&put("x", 5), &names), Lines::of(&delete("y"), &names)];
    let body = joined(lines.iter());
    assert_eq!(body.len(), lines.iter().map(Lines::len).sum::<usize>());
    let text = String::from_utf8(body.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let header = |id| {
        let alias = names.write_alias(Target::Chunks);
        json!({"_index": alias, "_id": id, "version": 5, "version_type": "external"})
    };
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    assert_eq!(read(lines[0]), json!({"index": header("x")}));
    assert_eq!(read(lines[2]), json!({"delete": header("y")}));
    assert_eq!((lines[1], lines.len(), text.ends_with('\n')), (r#"{"a":1}"#, 3, true));
}

#[test]
fn each_status_of_an_item_has_its_answer() {
    let (item, gone) = (put("x", 5), delete("x"));
    for status in [200, 201] {
        assert_eq!(one(&item, status, &Value::Null), Reply::Final(ItemAnswer::Done));
    }
    assert_eq!(one(&gone, 404, &Value::Null), Reply::Final(ItemAnswer::Done));
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(matches!(one(&item, status, &json!({"type": "busy"})), Reply::Again(_)), "{status}");
    }
    for status in [400, 413] {
        assert!(refused(&one(&item, status, &json!({"type": "mapper_parsing_exception"}))), "{status}");
    }
    for status in [401, 403, 404, 405, 301] {
        assert!(stopped(&one(&item, status, &json!({"type": "x"}))), "{status}");
    }
}

#[test]
fn a_missing_index_and_a_block_stop() {
    let missing = json!({"type": "index_not_found_exception", "reason": "no such index [i] and [require_alias] request flag is [true] and [i] is not an alias"});
    assert!(stopped(&one(&put("x", 5), 404, &missing)));
    assert!(stopped(&one(&delete("x"), 404, &missing)));
    let disk = json!({"type": "cluster_block_exception", "reason": "index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"});
    assert!(stopped(&one(&put("x", 5), 429, &disk)));
    assert!(stopped(&one(&put("x", 5), 403, &disk)));
    assert!(matches!(one(&put("x", 5), 503, &disk), Reply::Again(_)));
    let alias =
        json!({"type": "illegal_argument_exception", "reason": "no write index is defined for alias [i]"});
    assert!(stopped(&one(&put("x", 5), 400, &alias)));
}

#[test]
fn a_conflict_is_success_unless_the_log_cannot_have_written_it() {
    let conflict = |current: u64| {
        json!({"type": "version_conflict_engine_exception", "reason":
            format!("[x]: version conflict, current version [{current}] is higher or equal to the one provided [5]")})
    };
    for current in [5, 6, 15] {
        assert_eq!(one(&put("x", 5), 409, &conflict(current)), Reply::Final(ItemAnswer::Done), "{current}");
    }
    assert!(stopped(&one(&put("x", 5), 409, &conflict(16))));
    assert!(stopped(&one(
        &put("x", 5),
        409,
        &json!({"type": "version_conflict_engine_exception", "reason": "?"})
    )));
    let raised = put("x", 5).with_highest(Version::from(1 << 40));
    assert_eq!(one(&raised, 409, &conflict(1 << 40)), Reply::Final(ItemAnswer::Done));
}

#[test]
fn each_status_of_a_whole_answer_has_its_judgement() {
    let item = put("x", 5);
    let judge = |status| judge(&answer(status, &r#"{"error":"why"}"#), &[&item]);
    for status in [429, 500, 502, 503, 504, 408] {
        assert!(matches!(judge(status), Judgement::Again { .. }), "{status}");
    }
    for status in [413, 400] {
        assert!(matches!(judge(status), Judgement::Halve(_)), "{status}");
    }
    for status in [401, 403, 404, 301, 405, 201] {
        assert_eq!(judge(status), Judgement::Stop(format!("status {status}: why")), "{status}");
    }
}

#[test]
fn a_cut_or_foreign_answer_counts_as_nothing_done() {
    let (a, b) = (put("a", 5), put("b", 5));
    let done = |id: &str| json!({"index": {"_id": id, "status": 201}});
    let whole = json!({"errors": false, "items": [done("a"), done("b")]}).to_string();
    let is_again = |body: &str| matches!(judge(&answer(200, &body), &[&a, &b]), Judgement::Again { .. });
    assert!(!is_again(&whole));
    for end in 0..whole.len() {
        assert!(is_again(&whole[..end]), "{}", &whole[..end]);
    }
    assert!(is_again(&json!({"items": [done("a")]}).to_string()));
    assert!(is_again(&json!({"items": [done("b"), done("a")]}).to_string()));
    assert!(is_again(&json!({"items": [{}, done("b")]}).to_string()));
}

proptest! {
    #[test]
    fn parts_keep_order_and_limit(sizes in prop::collection::vec(1_usize..5000, 0..200), limit in 1_usize..20_000) {
        let parts = split(&sizes, limit);
        let places: Vec<usize> = parts.iter().flatten().copied().collect();
        prop_assert_eq!(places, (0..sizes.len()).collect::<Vec<_>>());
        for part in &parts {
            let bytes: usize = part.iter().map(|place| sizes[*place]).sum();
            prop_assert!(part.len() == 1 || bytes <= limit);
        }
    }

    #[test]
    fn no_answer_panics(status in 0_u16..700, body in ".{0,200}") {
        let item = put("x", 5);
        judge(&answer(status, &body), &[&item]);
    }
}
