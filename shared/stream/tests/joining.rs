//! Joins a consumer group of a mocked Kafka cluster.

use std::time::Duration;

use message::{DocumentId, Headers};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use stream::Outgoing;
use stream::broker::{Broker as _, Consumer as _, Event, Publisher as _};
use stream::kafka::{Kafka, KafkaSettings};
use tokio::time::timeout;

/// While the group's coordinator moves to another broker, the old one answers "not coordinator" when it is asked for the
/// committed offsets. librdkafka then never starts to read the assigned partitions (issue 5586, open): the member stays alive,
/// and nothing is read for ever.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_read_although_the_coordinator_moves_while_they_are_assigned() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("log", 4, 1).unwrap();
    let kafka = Kafka::new(&KafkaSettings {
        kafka_brokers: mock.bootstrap_servers(),
        kafka_properties: String::new().into(),
    });
    let headers = Headers::new(DocumentId::new("docs", "k").unwrap(), "trace");
    let of = |key: u8| Outgoing {
        topic: "log".to_owned(),
        key: Some(vec![key]),
        value: Some(vec![key]),
        headers: Some(headers.clone()),
    };
    kafka.after_write().unwrap().write((0..40).map(of).collect()).await.unwrap();
    mock.request_errors(RDKafkaApiKey::OffsetFetch, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_COORDINATOR; 2]);
    let mut consumer = kafka.subscribe("group", "log", 1 << 20).unwrap();
    let mut read = 0;
    let reading = async {
        while read < 40 {
            if let Event::Record(_) = consumer.next().await {
                read += 1;
            }
        }
    };
    let ended = timeout(Duration::from_secs(30), reading).await;
    assert!(ended.is_ok(), "{read} of 40 records were read");
}
