use clap::Parser as _;
use message::DeadLetter;
use stream::Outgoing;
use stream::memory::Memory;

use super::*;
use crate::cli::{Cli, OperatorCommand};

/// Letters at offsets 0 to 3: two about one document, one of a raw notice, and one that is neither.
fn broker() -> Memory {
    let broker = Memory::default();
    broker.create(topics::DEAD_LETTERS, 1);
    broker.create(topics::DOCUMENTS, 3);
    broker.create(topics::OBJECT_EVENTS, 3);
    let letter = |document: Option<&str>, topic: &str| DeadLetter {
        stage: if document.is_some() { "chunk" } else { "intake" }.to_owned(),
        cause: "denied".to_owned(),
        document: document.map(str::to_owned),
        topic: topic.to_owned(),
        partition: 0,
        offset: 0,
        key: Some("aw==".to_owned()),
        value: Some("/wA=".to_owned()),
        trace: None,
    };
    for letter in [
        letter(Some("b/k"), "documents"),
        letter(Some("b/k"), "documents"),
        letter(None, "object-events"),
        letter(None, "chunks.x"),
    ] {
        let value = Some(serde_json::to_vec(&letter).unwrap());
        broker.append(&Outgoing { topic: topics::DEAD_LETTERS.to_owned(), key: None, value, headers: None });
    }
    broker
}

async fn replayed(broker: &Memory, flags: &[&str]) -> (u64, u64) {
    let flags = ["millrace", "dead-letters", "replay"].iter().chain(flags);
    let OperatorCommand::DeadLetters(LettersCommand::Replay(ask)) = Cli::parse_from(flags).ask else {
        panic!("another command")
    };
    let mut replaying = Replaying::new(broker, ask.dry_run, ask.json).unwrap();
    replay(broker, &ask, &mut replaying).await.unwrap();
    (replaying.done, replaying.failed)
}

#[tokio::test]
async fn all_that_can_be_is_asked_for_again_once() {
    let broker = broker();
    assert_eq!(replayed(&broker, &["--all"]).await, (3, 1));
    let documents = broker.records(topics::DOCUMENTS);
    assert_eq!(documents.len(), 1, "two letters of one document ask for one look");
    let reference: serde_json::Value =
        serde_json::from_slice(documents[0].value.as_deref().unwrap()).unwrap();
    assert_eq!((&reference["force"], &reference["why"]), (&true.into(), &"look_again".into()));
    let notices = broker.records(topics::OBJECT_EVENTS);
    assert_eq!((notices.len(), notices[0].key.as_deref()), (1, Some(b"k".as_slice())));
    assert_eq!(notices[0].value.as_deref(), Some([0xff, 0].as_slice()));
}

#[tokio::test]
async fn what_is_named_is_replayed_and_what_is_not_there_is_told() {
    let broker = broker();
    assert_eq!(replayed(&broker, &["2", "9"]).await, (1, 1));
    assert_eq!(broker.records(topics::OBJECT_EVENTS).len(), 1);
    assert_eq!(replayed(&broker, &["3"]).await, (0, 1));
    assert_eq!(replayed(&broker, &["--all", "--stage", "chunk"]).await, (2, 0));
    assert_eq!(replayed(&broker, &["--all", "--document", "other/"]).await, (0, 0));
    let before = broker.records(topics::DOCUMENTS).len();
    assert_eq!(replayed(&broker, &["0", "--dry-run"]).await, (1, 0));
    assert_eq!(broker.records(topics::DOCUMENTS).len(), before, "a dry run writes nothing");
    assert!(Cli::try_parse_from(["millrace", "dead-letters", "replay"]).is_err(), "nothing was asked for");
    assert!(Cli::try_parse_from(["millrace", "dead-letters", "replay", "1", "--all"]).is_err());
}
