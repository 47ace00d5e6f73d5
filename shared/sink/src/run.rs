//! The whole run of `index` and `replicate`, which differ only in the engine.

use backoff::Backoff;
use generation::{Cluster, TopicReader};
use stream::{Broker, Delivery, LaneSettings, Plan, StreamError};
use tracing::{info, warn};

use crate::error::SinkError;
use crate::sink::Sink;
use crate::stage::WriteStage;

/// Writes `vectors.<space>` to `sink` as the worker of that name until `stopping` is ready.
///
/// The consumer group is named after the engine's cluster, so the engine must answer once before anything is read.
///
/// # Errors
/// When waiting will not help: see [`stream::run`].
pub async fn run<B: Broker, S: Sink>(
    broker: B,
    sink: S,
    worker: &'static str,
    lanes: LaneSettings,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    tokio::pin!(stopping);
    let reader = tokio::select! {
        () = &mut stopping => return Ok(()),
        reader = prepare(&broker, &sink, worker) => reader?,
    };
    let stage = WriteStage::new(sink).patience(lanes.patience());
    let plan = Plan {
        worker,
        group: reader.group,
        input: reader.topic,
        alike: Vec::new(),
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::AfterWrite,
        lanes,
    };
    stream::run(broker, plan, stage, stopping).await
}

/// Determines the consumer group of this sink, and carries over the offsets from its former name.
async fn prepare<B: Broker, S: Sink>(
    broker: &B,
    sink: &S,
    worker: &'static str,
) -> Result<TopicReader, StreamError> {
    let cluster = known_cluster(sink, worker).await;
    let reader = TopicReader::sink(worker, sink.names(), &cluster);
    let former = TopicReader::former(worker, sink.names()).group;
    let mut delays = Backoff::SERVER.start();
    loop {
        match broker.inherit(&reader.group, &former, &reader.topic).await {
            Ok(partitions) => {
                if partitions > 0 {
                    info!(
                        worker,
                        group = reader.group,
                        former,
                        partitions,
                        "the group goes on under its new name"
                    );
                }
                return Ok(reader);
            }
            Err(error @ StreamError::Fatal(_)) => return Err(error),
            Err(error) => {
                let delay = delays.next_delay(None);
                warn!(worker, cause = %error, ?delay, "waiting for Kafka");
                tokio::time::sleep(delay).await;
            }
        }
    }
}

/// Asks until the engine answers. Like opening a partition, this also waits for what a person must fix.
async fn known_cluster<S: Sink>(sink: &S, worker: &'static str) -> Cluster {
    let mut delays = Backoff::SERVER.start();
    loop {
        let error = match sink.cluster().await {
            Ok(cluster) => return cluster,
            Err(error) => error,
        };
        let wish = if let SinkError::Unavailable { retry_after, .. } = &error { *retry_after } else { None };
        let delay = delays.next_delay(wish);
        warn!(worker, engine = sink.kind(), cause = %error, ?delay, "waiting for the engine");
        tokio::time::sleep(delay).await;
    }
}
