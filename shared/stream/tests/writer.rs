//! A transactional writer whose group's coordinator goes away, and one behind a slow link, on a mocked cluster.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use message::{DocumentId, Headers};
use rdkafka::mocking::{MockCluster, MockCoordinator};
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
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

/// A member of the group, which broker `coordinator` coordinates, and a writer for its outputs. Broker 1 leads both
/// topics.
async fn writing(
    mock: &MockCluster<'static, DefaultProducerContext>,
    coordinator: i32,
) -> (<Kafka as Broker>::Consumer, <Kafka as Broker>::Publisher) {
    for topic in ["in", "out"] {
        mock.create_topic(topic, 1, 1).unwrap();
        mock.partition_leader(topic, 0, Some(1)).unwrap();
    }
    mock.coordinator(MockCoordinator::Transaction("writer".to_owned()), 1).unwrap();
    mock.coordinator(MockCoordinator::Group(GROUP.to_owned()), coordinator).unwrap();
    let kafka = Kafka::new(&KafkaSettings {
        kafka_brokers: mock.bootstrap_servers(),
        kafka_properties: String::new().into(),
    });
    let mut consumer = kafka.subscribe(GROUP, "in", 1 << 20).unwrap();
    while !matches!(consumer.next().await, Event::Assigned(_)) {}
    let writer = kafka.transactional("writer", stream::LANE_TRANSACTION).await.unwrap();
    (consumer, writer)
}

/// librdkafka waits forever for a coordinator that left, whatever its timeout (its issues 5456 and 5511). A lane that
/// waits with it would hold up its partition until someone restarts the worker.
#[test]
fn a_writer_gives_up_when_its_groups_coordinator_is_away() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async { timeout(Duration::from_mins(1), gives_up()).await });
    // The hung call would keep the test from ending.
    runtime.shutdown_background();
    ended.expect("it waits for ever");
}

async fn gives_up() {
    let mock = MockCluster::new(2).unwrap();
    let (consumer, mut writer) = writing(&mock, 2).await;
    let membership = consumer.membership();
    writer.publish(vec![outgoing()], &membership, 0, committed(1)).await.unwrap();

    mock.broker_down(2).unwrap();
    let begun = Instant::now();
    let publishing = writer.publish(vec![outgoing()], &membership, 0, committed(2));
    let ended = publishing.await;
    assert!(matches!(ended, Err(StreamError::Unavailable(_))), "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// A coordinator that is fencing a writer at this moment has no name for that (`PrepareEpochFence`): the writer must look what there
/// is, instead of waiting for the broker.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_an_unknown_end_counts_as_taken_over() {
    let mock = MockCluster::new(1).unwrap();
    let (_consumer, mut writer) = writing(&mock, 1).await;
    writer.write(vec![outgoing()]).await.unwrap();
    mock.request_errors(RDKafkaApiKey::EndTxn, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN]);
    let ended = writer.write(vec![outgoing()]).await;
    assert!(matches!(ended, Err(StreamError::Fenced(_))), "{ended:?}");
}

/// Number and size in bytes of the chunks of the largest possible document.
const CHUNKS: u32 = 20_000;
const BYTES: usize = 2_000;

/// A chunk of incompressible bytes, so that the link carries all of them.
fn chunk(number: u32) -> Outgoing {
    let mut state = u64::from(number) + 1;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    Outgoing { value: Some(noise.flatten().take(BYTES).collect()), ..outgoing() }
}

/// All chunks of a document are one transaction. If it were given up before the link has carried it, it would start
/// again from its first record, and the partition would never move on.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_chunks_pass_a_slow_link() {
    let mock = MockCluster::new(1).unwrap();
    let (consumer, mut writer) = writing(&mock, 1).await;
    let membership = consumer.membership();
    // A request carries 1 MB, and the mocked broker answers one after another: 40 MB take about 25 s.
    mock.broker_round_trip_time(1, Duration::from_millis(500)).unwrap();

    let records = (0..CHUNKS).map(chunk).collect();
    let published = writer.publish(records, &membership, 0, committed(1)).await.unwrap();
    assert_eq!(published.last.get("out"), Some(&(i64::from(CHUNKS) - 1)));
}
