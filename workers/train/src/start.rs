//! Puts the parts together: Kafka, the object store, and the trainer that the settings name.

use objects::S3Store;
use process::{Failure, Host};
use registry::Heard;
use stream::kafka::Kafka;
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
use tracing::{error, info, warn};

use crate::conduct::{ConductSettings, Conductor, ConductorParts};
use crate::config::Config;
use crate::data::NamedData;
use crate::output::ModelShelf;
use crate::proof::GateProof;
use crate::trainer::AnyTrainer;

/// How soon it is seen that a trainer was installed.
const AGAIN: Duration = Duration::from_mins(1);

/// Conducts runs until the process is asked to stop.
///
/// # Errors
/// When a setting is invalid.
pub async fn start(config: Config, host: Host) -> Result<(), Failure> {
    let store = S3Store::new(&config.store)?;
    let kafka = Kafka::new(&config.kafka);
    let (telling, heard) = watch::channel(None);
    let working = work(&config, &host, kafka.clone(), store, heard);
    tokio::select! {
        never = registry::follow(kafka, telling) => match never {},
        () = Box::pin(working) => Ok(()),
    }
}

async fn work(
    config: &Config,
    host: &Host,
    broker: Kafka,
    store: S3Store,
    mut heard: watch::Receiver<Option<Heard>>,
) {
    tokio::select! {
        biased;
        () = host.stopping() => return,
        _heard = heard.wait_for(Option::is_some) => {}
    }
    host.readiness().ready();
    let trainer = tokio::select! {
        biased;
        () = host.stopping() => return,
        trainer = installed(config, &store, &heard) => trainer,
    };
    let kind = trainer.kind().name();
    info!(trainer = kind, takes = trainer.estimate(), index = config.index.index, "waiting for runs");
    let settings = ConductSettings {
        index: config.index.index.clone(),
        instance: instance(),
        bucket: config.bucket.clone(),
        trainer: kind.to_owned(),
        options: config.trainer.options.clone(),
        longest: config.longest(),
        shelf: ModelShelf {
            bucket: config.bucket.clone(),
            scratch: config.data.join("train"),
            backend: config.encoder.backend.clone(),
        },
        clock: stream::wall_seconds,
    };
    let data = NamedData::new(store.clone(), &config.bucket);
    let proof = GateProof::new(broker.clone(), store.clone(), config.proof());
    let parts = ConductorParts { broker, trainer, data, proof, store };
    Conductor::new(parts, settings).conduct(heard, host.stopping()).await;
}

/// The trainer that the settings name, once there is one. Without it runs wait, and everything else goes on.
async fn installed(
    config: &Config,
    store: &S3Store,
    heard: &watch::Receiver<Option<Heard>>,
) -> AnyTrainer<S3Store> {
    let mut told = String::new();
    loop {
        let cause = match AnyTrainer::open(&config.trainer, store.clone()) {
            Ok(trainer) => return trainer,
            Err(error) => error.to_string(),
        };
        if cause != told {
            error!(cause, "no trainer: runs wait until there is one, which is looked for every minute");
            told = cause;
        }
        let run = |heard: &Heard| heard.registry.open_run(&config.index.index).map(|run| run.id.clone());
        let waiting = heard.borrow().as_ref().and_then(run);
        if let Some(run) = waiting {
            warn!(run, cause = told, "a run waits for the trainer");
        }
        sleep(AGAIN).await;
    }
}

/// What this process is called in the registry: by its machine and its number there, so that people find it, and by when it
/// started, because a container has the same number each time.
#[expect(clippy::disallowed_methods, reason = "edge: the name of this machine")]
fn instance() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("host");
    format!("{name}-{}-{}", std::process::id(), stream::wall_seconds())
}
