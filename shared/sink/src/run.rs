//! The whole run of `index` and `replicate`, which differ only in the engine.

use std::sync::Arc;

use backoff::Backoff;
use generation::{Cluster, Generation, MAPPING_VERSION, Names, TopicReader};
use message::{ChangeAuthor, FillSource, GenerationEntry, IndexMapping};
use registry::{RunScope, Running, Stopping, Supervised, follow, supervise};
use stream::{Broker, Delivery, LaneSettings, Plan, StreamError};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::building::{BuildingSettings, BuildingTurns, OrderedSink, is_building};
use crate::error::SinkError;
use crate::outside;
use crate::sink::Sink;
use crate::stage::WriteStage;

/// How a writer writes.
#[derive(Clone, Debug)]
pub struct WriteSettings {
    /// The worker's name.
    pub worker: &'static str,
    /// Batching and queueing.
    pub lanes: LaneSettings,
    /// How much of the engine what is being built may use.
    pub building: BuildingSettings,
}

/// Writes every generation that the registry wants filled, each from its `vectors.<space>`; without a registry that of
/// `sink`. Ends when `stopping` is ready.
///
/// # Errors
/// When waiting will not help with the generation that is served: see [`stream::run`].
pub async fn run<B: Broker, S: Sink + Clone>(
    broker: B,
    sink: S,
    settings: WriteSettings,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    let (worker, names) = (settings.worker, sink.names());
    let author = ChangeAuthor { by: worker.to_owned(), at: stream::wall_seconds() };
    let local = names.generation().entry(names.index(), FillSource::Vectors, &author);
    let (sender, heard) = watch::channel(None);
    let start = {
        let (broker, sink, settings) = (broker.clone(), sink.clone(), settings);
        let (turns, heard) = (BuildingTurns::new(settings.building), heard.clone());
        move |entry: &GenerationEntry, stopping: Stopping| -> Running {
            let (broker, settings, turns) = (broker.clone(), settings.clone(), turns.clone());
            let sink = Names::new(&entry.index, &Generation::from(entry)).map(|names| sink.over(names));
            let (heard, building) = (heard.clone(), entry.clone());
            let is_building = Arc::new(move || is_building(heard.borrow().as_ref(), &building));
            Box::pin(async move {
                let sink = sink.map_err(|error| StreamError::Fatal(error.to_string()))?;
                write_one(broker, OrderedSink { sink, turns, is_building }, settings, stopping).await
            })
        }
    };
    let supervised = Supervised {
        worker,
        local,
        scope: RunScope::Index,
        unit: |entry| entry.id.clone(),
        can: Box::new(writable),
        start: Box::new(start),
    };
    tokio::select! {
        never = follow(broker.clone(), sender) => match never {},
        never = outside::keep(&broker, &sink, worker, heard.clone()) => match never {},
        ended = supervise(broker.clone(), supervised, heard.clone(), stopping) => ended,
    }
}

/// Whether this program writes such indexes.
fn writable(entry: &GenerationEntry) -> Result<(), String> {
    let IndexMapping { version, .. } = entry.mapping;
    if version != MAPPING_VERSION {
        return Err(format!(
            "its mapping has version {version}, and this program writes {MAPPING_VERSION}: keep a worker of the release that \
             writes {version} running until this generation is retired"
        ));
    }
    if Generation::from(entry).short() != entry.id {
        return Err("its id does not belong to its space and mapping: a newer program entered it".to_owned());
    }
    Ok(())
}

/// Writes one generation.
///
/// The consumer group is named after the engine's cluster, so the engine must answer once before anything is read.
async fn write_one<B: Broker, S: Sink>(
    broker: B,
    sink: S,
    WriteSettings { worker, lanes, .. }: WriteSettings,
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
