//! Keys with two readings, and invalid keys.

use serde_json::json;

use super::*;

/// All keys of the bucket `docs`.
fn wanted() -> WantedObjects {
    WantedObjects { buckets: "docs".parse().unwrap(), scope: Scope::default() }
}

fn oss(key: &str) -> NoticeAnswer {
    oss_of("docs", key)
}

fn oss_of(bucket: &str, key: &str) -> NoticeAnswer {
    let value = json!({"eventName": "ObjectCreated:PutObject", "eventTime": "2026-03-11T05:40:45.000Z",
        "oss": {"bucket": {"name": bucket}, "object": {"key": key}}});
    answer(value.to_string().as_bytes(), &wanted())
}

fn documents(answer: &NoticeAnswer) -> Vec<&str> {
    answer.references.iter().map(|reference| reference.document.as_str()).collect()
}

#[test]
fn a_key_that_can_be_read_in_two_ways_is_looked_at_twice() {
    assert_eq!(documents(&oss("a+b%41.md")), ["docs/a+b%41.md", "docs/a bA.md"]);
    assert_eq!(documents(&oss("a/b.md")), ["docs/a/b.md"]);
    let reference = &oss("a/b.md").references[0];
    assert_eq!((reference.why, reference.force), (Why::Created, false));
    assert_eq!(reference.source, "ObjectCreated:PutObject");
    assert_eq!(reference.happened_at.as_deref(), Some("2026-03-11T05:40:45.000Z"));
}

#[test]
fn a_notice_outside_of_the_scope_is_ignored_with_its_reason() {
    let value = json!({"eventName": "ObjectCreated:PutObject",
        "oss": {"bucket": {"name": "docs"}, "object": {"key": "tmp/a.md"}}});
    let scope = Scope { include: Vec::new(), exclude: vec!["tmp/".to_owned()] };
    let answer = answer(value.to_string().as_bytes(), &WantedObjects { scope, ..wanted() });
    assert_eq!(answer.references, []);
    assert_eq!(answer.ignored[0].reason, IgnoreReason::OutOfScope);
    assert_eq!(oss(".millrace/x").ignored[0].reason, IgnoreReason::OwnFile);
}

#[test]
fn an_impossible_key_is_refused_and_the_longest_possible_one_is_not() {
    assert!(oss(&"k".repeat(LONGEST_KEY)).refusals.is_empty());
    let answer = oss(&"k".repeat(LONGEST_KEY + 1));
    assert!(answer.references.is_empty());
    assert!(
        answer.cause().is_some_and(|cause| cause.contains("longer than 1,024 bytes") && cause.len() < 300)
    );
    let cause = oss("").cause();
    assert!(cause.is_some_and(|cause| cause.contains("oss.object.key")));
}

#[test]
fn a_change_without_an_object_is_refused_and_an_ignored_event_needs_none() {
    let cloud = |kind: &str| {
        let value = json!({"specversion": "1.0", "type": kind, "source": "acs.oss", "data": {}});
        answer(value.to_string().as_bytes(), &wanted())
    };
    assert_eq!(cloud("oss:BucketCreated:PutBucket").ignored[0].reason, IgnoreReason::NotAnObject);
    assert_eq!(cloud("oss:BucketFrozen:Something").ignored[0].reason, IgnoreReason::UnknownName);
    assert!(cloud("oss:ObjectCreated:PutObject").cause().is_some_and(|cause| cause.contains("data.oss")));
}

#[test]
fn one_dead_letter_names_how_many_were_refused() {
    let value = json!({"Records": [{"x": 1}, {"y": 2}]});
    let cause = answer(value.to_string().as_bytes(), &wanted()).cause();
    assert!(
        cause.is_some_and(|cause| cause.contains("[x]") && cause.ends_with("(and 1 more of this record)"))
    );
}

/// A faulty notice about another bucket is not our concern: it gives no dead letter.
#[test]
fn a_notice_about_another_bucket_is_ignored_with_its_reason() {
    for (bucket, key) in
        [("other", "a.md"), ("docs2", "a+b.md"), ("do", ""), ("a/b", "a.md"), ("o", &"k".repeat(2000))]
    {
        let answer = oss_of(bucket, key);
        if key.is_empty() {
            // Without its object, nothing tells which bucket it is about.
            assert_eq!(answer.refusals.len(), 1);
            continue;
        }
        assert_eq!((answer.references.len(), answer.refusals.len()), (0, 0), "{answer:?}");
        let [ignored] = &answer.ignored[..] else { unreachable!("{answer:?}") };
        assert_eq!((ignored.reason, ignored.bucket.as_str()), (IgnoreReason::OtherBucket, bucket));
    }
    let two = WantedObjects { buckets: "other,docs".parse().unwrap(), ..wanted() };
    let value = json!({"eventName": "ObjectCreated:PutObject",
        "oss": {"bucket": {"name": "other"}, "object": {"key": "a.md"}}});
    assert_eq!(documents(&answer(value.to_string().as_bytes(), &two)), ["other/a.md"]);
}
