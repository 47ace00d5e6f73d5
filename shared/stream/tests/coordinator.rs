//! What a writer does when the broker that coordinates its group goes away, on a mocked cluster.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use message::{DocumentId, Headers};
use rdkafka::mocking::{MockCluster, MockCoordinator};
use stream::broker::{Broker, Committed, Consumer as _, Event, Memo, Publisher as _};
use stream::kafka::{Kafka, KafkaSettings};
use stream::{Outgoing, StreamError};
use tokio::time::{Instant, timeout};

const GROUP: &str = "readers";

fn outgoing() -> Outgoing {
    let headers = Headers::new(DocumentId::new("docs", "k").unwrap(), "trace");
    Outgoing { topic: "out".to_owned(), key: None, value: Some(b"v".to_vec()), headers: Some(headers) }
}

fn committed(next: i64) -> Committed {
    Committed { next, memo: Memo::default() }
}

/// librdkafka waits for ever, whatever it was told, for a coordinator that left (its issues 5456 and 5511). A lane that
/// waits with it would hold up its partition until somebody restarts the worker.
#[test]
fn a_writer_gives_up_when_its_groups_coordinator_is_away() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async { timeout(Duration::from_mins(1), gives_up()).await });
    // The call that hangs would hold up the end of the test.
    runtime.shutdown_background();
    ended.expect("it waits for ever");
}

async fn gives_up() {
    let mock = MockCluster::new(2).unwrap();
    for topic in ["in", "out"] {
        mock.create_topic(topic, 1, 1).unwrap();
        mock.partition_leader(topic, 0, Some(1)).unwrap();
    }
    mock.coordinator(MockCoordinator::Transaction("writer".to_owned()), 1).unwrap();
    mock.coordinator(MockCoordinator::Group(GROUP.to_owned()), 2).unwrap();
    let kafka = Kafka::new(&KafkaSettings {
        kafka_brokers: mock.bootstrap_servers(),
        kafka_properties: String::new().into(),
    });
    let mut consumer = kafka.subscribe(GROUP, "in", 1 << 20).unwrap();
    while !matches!(consumer.next().await, Event::Assigned(_)) {}
    let membership = consumer.membership();
    let mut writer = kafka.transactional("writer").await.unwrap();
    writer.publish(vec![outgoing()], &membership, 0, committed(1)).await.unwrap();

    mock.broker_down(2).unwrap();
    let begun = Instant::now();
    let publishing = writer.publish(vec![outgoing()], &membership, 0, committed(2));
    let ended = publishing.await;
    assert!(matches!(ended, Err(StreamError::Unavailable(_))), "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
