//! What a writer does with a large document behind a slow link, on a mocked cluster.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use message::{DocumentId, Headers};
use rdkafka::mocking::{MockCluster, MockCoordinator};
use stream::Outgoing;
use stream::broker::{Broker, Committed, Consumer as _, Event, Memo, Publisher as _};
use stream::kafka::{Kafka, KafkaSettings};

const GROUP: &str = "readers";
/// As many chunks as one document of the largest size has, and what each weighs.
const CHUNKS: u32 = 20_000;
const BYTES: usize = 2_000;

/// A chunk of bytes that no codec makes smaller, so that the link carries all of them.
fn chunk(number: u32) -> Outgoing {
    let mut state = u64::from(number) + 1;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let headers = Headers::new(DocumentId::new("docs", "k").unwrap(), "trace");
    let value: Vec<u8> = noise.flatten().take(BYTES).collect();
    Outgoing { topic: "out".to_owned(), key: None, value: Some(value), headers: Some(headers) }
}

/// All chunks of a document are one transaction. One that is given up before the link has carried it is begun again from its
/// first record, and the partition never moves.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_chunks_pass_a_slow_link() {
    let mock = MockCluster::new(1).unwrap();
    for topic in ["in", "out"] {
        mock.create_topic(topic, 1, 1).unwrap();
    }
    mock.coordinator(MockCoordinator::Transaction("writer".to_owned()), 1).unwrap();
    mock.coordinator(MockCoordinator::Group(GROUP.to_owned()), 1).unwrap();
    let kafka = Kafka::new(&KafkaSettings {
        kafka_brokers: mock.bootstrap_servers(),
        kafka_properties: String::new().into(),
    });
    let mut consumer = kafka.subscribe(GROUP, "in", 1 << 20).unwrap();
    while !matches!(consumer.next().await, Event::Assigned(_)) {}
    let membership = consumer.membership();
    let mut writer = kafka.transactional("writer").await.unwrap();
    // A request carries a megabyte, and the mocked broker answers one after another: 40 MB take about 25 s.
    mock.broker_round_trip_time(1, Duration::from_millis(500)).unwrap();

    let records = (0..CHUNKS).map(chunk).collect();
    let done = Committed { next: 1, memo: Memo::default() };
    let published = writer.publish(records, &membership, 0, done).await.unwrap();
    assert_eq!(published.last.get("out"), Some(&(i64::from(CHUNKS) - 1)));
}
