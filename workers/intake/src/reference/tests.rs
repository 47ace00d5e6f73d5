//! Scope, keys that can be read in two ways, and impossible keys.

use clap::Parser;
use serde_json::json;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    scope: Scope,
}

fn scope(flags: &[&str]) -> Scope {
    Command::parse_from(["test"].iter().chain(flags)).scope
}

fn oss(key: &str) -> Answer {
    let value = json!({"eventName": "ObjectCreated:PutObject", "eventTime": "2026-03-11T05:40:45.000Z",
        "oss": {"bucket": {"name": "docs"}, "object": {"key": key}}});
    answer(value.to_string().as_bytes(), &Scope::default())
}

fn documents(answer: &Answer) -> Vec<&str> {
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
fn the_scope_decides_by_prefix_and_what_we_wrote_is_never_taken() {
    let all = scope(&[]);
    let some = scope(&["--include-prefix", "docs/,manuals/", "--exclude-prefix", "docs/tmp/"]);
    for (scope, key, expected) in [
        (&all, "anything", None),
        (&all, ".millrace/models/x", Some(Reason::OwnFile)),
        (&all, "docs/.millrace/x", None),
        (&some, "docs/a.md", None),
        (&some, "manuals/a.md", None),
        (&some, "docs/tmp/a.md", Some(Reason::OutOfScope)),
        (&some, "other/a.md", Some(Reason::OutOfScope)),
        (&scope(&["--include-prefix", ".millrace/"]), ".millrace/x", Some(Reason::OwnFile)),
        (&scope(&["--include-prefix", "", "--exclude-prefix", ""]), "a.md", None),
    ] {
        assert_eq!(scope.leaves_out(key), expected, "{scope:?} {key:?}");
    }
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
        answer(value.to_string().as_bytes(), &Scope::default())
    };
    assert_eq!(cloud("oss:BucketCreated:PutBucket").ignored[0].reason, Reason::NotAnObject);
    assert_eq!(cloud("oss:BucketFrozen:Something").ignored[0].reason, Reason::UnknownName);
    assert!(cloud("oss:ObjectCreated:PutObject").cause().is_some_and(|cause| cause.contains("data.oss")));
}

#[test]
fn one_dead_letter_names_how_many_were_refused() {
    let value = json!({"Records": [{"x": 1}, {"y": 2}]});
    let cause = answer(value.to_string().as_bytes(), &Scope::default()).cause();
    assert!(
        cause.is_some_and(|cause| cause.contains("[x]") && cause.ends_with("(and 1 more of this record)"))
    );
}
