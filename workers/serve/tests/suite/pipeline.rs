//! What is said of the pipeline, and for how long it is remembered.

use std::time::Duration;

use generation::{Cluster, Names, TopicReader};
use message::DeadLetter;
use serve::access::Principal;
use serve::pipeline::{LetterSummary, Pipeline};
use stream::memory::Memory;
use stream::{Broker as _, Outgoing};

use crate::bench::generation;

fn everybody() -> Principal {
    Principal::anybody()
}

fn pipeline() -> (Memory, Names, Pipeline<Memory>) {
    let (broker, names) = (Memory::default(), Names::new("test", &generation()).unwrap());
    broker.create(topics::DEAD_LETTERS, 1);
    let pipeline = Pipeline::new(broker.clone(), vec!["index"]);
    (broker, names, pipeline)
}

#[tokio::test(start_paused = true)]
async fn groups_are_remembered_for_a_while_once_every_writer_has_one() {
    let (broker, names, pipeline) = pipeline();
    let joins = |cluster: &str| {
        let writer = TopicReader::sink("index", &names, &Cluster::known_by("uuid", cluster));
        drop(broker.subscribe(&writer.group, &writer.topic, 1).unwrap());
        writer.group
    };
    let shown = async || -> Vec<String> {
        let topics = pipeline.look(&names, &everybody()).await.unwrap().topics;
        topics.into_iter().map(|topic| topic.group).filter(|group| group.starts_with("index")).collect()
    };
    assert_eq!(shown().await, [TopicReader::former("index", &names).group]);
    let first = joins("first");
    assert_eq!(shown().await, [first.as_str()], "a writer that joins is seen at once");
    joins("second");
    assert_eq!(shown().await, [first.as_str()], "the groups are not asked for at each look");
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(shown().await.len(), 2);
}

/// Appends a dead letter about a document.
fn refuse(broker: &Memory, number: i64, document: Option<&str>) {
    let letter = DeadLetter {
        stage: "chunk".to_owned(),
        cause: format!("cause {number}"),
        document: document.map(str::to_owned),
        topic: topics::DOCUMENTS.to_owned(),
        partition: 0,
        offset: number,
        key: None,
        value: None,
        trace: None,
    };
    let (topic, value) = (topics::DEAD_LETTERS.to_owned(), serde_json::to_vec(&letter).unwrap());
    broker.append(&Outgoing { topic, key: None, value: Some(value), headers: None });
}

#[tokio::test]
async fn a_limited_key_is_shown_no_dead_letter_of_a_neighbour() {
    let (broker, names, pipeline) = pipeline();
    let documents = ["docs/hr", "docs/hr/a.md", "docs/hr-legal/a.md", "docs/hr.md"];
    for (number, document) in (1..).zip(documents) {
        refuse(&broker, number, Some(document));
    }
    refuse(&broker, 5, None);
    let limited = Principal { prefixes: vec!["docs/hr".to_owned()], ..everybody() };
    let LetterSummary { count, latest } = pipeline.look(&names, &limited).await.unwrap().dead_letters;
    let shown: Vec<String> = latest.into_iter().map(|letter| letter.document).collect();
    assert_eq!((count, shown), (5, vec!["docs/hr/a.md".to_owned(), "docs/hr".to_owned()]));
}

#[tokio::test]
async fn a_new_dead_letter_is_shown_at_once() {
    let (broker, names, pipeline) = pipeline();
    for number in 1..=25 {
        refuse(&broker, number, None);
        let LetterSummary { count, latest } = pipeline.look(&names, &everybody()).await.unwrap().dead_letters;
        let expected: Vec<String> =
            (1..=number).rev().take(20).map(|number| format!("cause {number}")).collect();
        assert_eq!(count, number);
        assert_eq!(latest.into_iter().map(|letter| letter.cause).collect::<Vec<_>>(), expected);
    }
}
