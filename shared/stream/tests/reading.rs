//! Reads one partition of a mocked Kafka cluster to its end.

use std::time::Duration;

use futures::stream::TryStreamExt as _;
use message::{DocumentId, Headers};
use rdkafka::mocking::MockCluster;
use stream::broker::{Broker as _, Publisher as _};
use stream::kafka::{Kafka, KafkaSettings};
use stream::{Outgoing, Record};
use tokio::time::timeout;

/// Only waiting records are limited. A caller that keeps what it read, to compare it or to handle it as one batch, must
/// get the rest too: if the limit counted those records, it would wait forever.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_read_ahead_may_be_kept() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("log", 1, 1).unwrap();
    let kafka = Kafka::new(&KafkaSettings {
        kafka_brokers: mock.bootstrap_servers(),
        kafka_properties: String::new().into(),
    });
    let headers = Headers::new(DocumentId::new("docs", "k").unwrap(), "trace");
    let (topic, value) = ("log".to_owned(), Some(vec![b'x'; 100_000]));
    let record = Outgoing { topic, key: None, value, headers: Some(headers) };
    kafka.after_write().unwrap().write(vec![record; 60]).await.unwrap();
    let kept = timeout(Duration::from_secs(20), kafka.reading("log", 0, 0).try_collect::<Vec<Record>>());
    let kept = kept.await.expect("an end").unwrap();
    assert!(kept.iter().map(|record| record.offset).eq(0..60));
}
