#![expect(clippy::disallowed_methods, reason = "edge: reads and fetches the output of a training")]
//! The output of a training that is registered: in a folder, or fetched from the store.

use std::path::{Path, PathBuf};

use eval::finished::{BUNDLE, DONE, FinishedTraining};
use message::{DocumentId, Fingerprint};
use model::Bundle;
use objects::{FileStore, S3Store};
use process::Failure;
use registry::{Registry, rules};
use serde_json::Value;
use sink::HostedModel;
use stream::Broker as _;
use stream::kafka::Kafka;

use super::super::generation::NO_TOPIC;
use crate::cli::RegisterModel;

/// What ML Commons registers, below the output.
const SCRIPT: &str = "torchscript/model.zip";
/// The architecture, below the output.
const CONFIG: &str = "weights/config.json";

/// An output, as far as it is needed here.
#[derive(Debug)]
pub(super) struct TrainedOutput {
    /// The model as Millrace runs it.
    pub(super) bundle: Bundle,
    /// The model as OpenSearch runs it.
    pub(super) script: PathBuf,
    version: String,
    digest: String,
    bytes: u64,
    config: Option<String>,
}

impl TrainedOutput {
    /// What OpenSearch is told of it.
    pub(super) fn hosted(&self, name: &str, fingerprint: &Fingerprint) -> HostedModel {
        let manifest = self.bundle.manifest();
        let config = self.config.clone().unwrap_or_else(|| "{}".to_owned());
        let read: Value = serde_json::from_str(&config).unwrap_or_default();
        HostedModel {
            name: name.to_owned(),
            version: self.version.clone(),
            description: format!("{} {} ({})", manifest.name, manifest.version, fingerprint.short()),
            digest: self.digest.clone(),
            bytes: self.bytes,
            dimension: manifest.dimension,
            model_type: read.get("model_type").and_then(Value::as_str).unwrap_or("bert").to_owned(),
            all_config: config,
            query_prefix: manifest.prefixes.query.clone(),
            passage_prefix: manifest.prefixes.passage.clone(),
        }
    }

    /// In a folder, of whose files those that are used here were verified.
    fn of(folder: &Path, done: &FinishedTraining) -> Result<Self, Failure> {
        let script = folder.join(SCRIPT);
        let digest = done.files.get(SCRIPT).ok_or_else(|| {
            format!(
                "{} names no {SCRIPT}: it was made by another train.py; train again",
                folder.join(DONE).display()
            )
        })?;
        let bytes =
            std::fs::metadata(&script).map_err(|error| format!("{}: {error}", script.display()))?.len();
        let has_config = done.files.contains_key(CONFIG);
        let config = has_config.then(|| std::fs::read_to_string(folder.join(CONFIG))).transpose()?;
        Ok(Self {
            bundle: Bundle::open(&folder.join(BUNDLE))?,
            script,
            version: done.version.clone(),
            digest: digest.clone(),
            bytes,
            config,
        })
    }
}

/// The output that is asked for, fetched below `scratch` if it is not on this machine.
pub(super) async fn open(ask: &RegisterModel, scratch: &Path) -> Result<TrainedOutput, Failure> {
    let folder = Path::new(&ask.what);
    if folder.is_dir() {
        return TrainedOutput::of(folder, &FinishedTraining::read(folder)?);
    }
    let kafka = Kafka::new(&ask.registry.kafka);
    if kafka.existing(topics::MODELS).await?.is_none() {
        let what = &ask.what;
        return Err(format!("{what} is no folder, and {NO_TOPIC}").into());
    }
    let place = place(&registry::read(&kafka).await?, &ask.registry.index.index, &ask.what)?;
    fetched(&S3Store::new(&ask.bucket.store)?, &place, scratch).await
}

/// Where the output is of the run that made a model: a bucket and a prefix.
fn place(registry: &Registry, index: &str, what: &str) -> Result<(String, String), Failure> {
    let model = rules::model_of(registry, what)
        .map_err(|refusal| format!("{what} is no folder with the output of a training, and {refusal}"))?;
    let run = registry.runs(index).find(|run| run.model.as_ref() == Some(&model.fingerprint));
    let output = run.and_then(|run| run.output.as_deref()).and_then(|output| output.split_once('/'));
    let (bucket, prefix) = output.ok_or_else(|| {
        format!(
            "no run for {index} made {} ({}), so there is no TorchScript of it in the store: name the folder with the output \
             of its training, or give --index",
            model.name,
            model.fingerprint.short()
        )
    })?;
    Ok((bucket.to_owned(), prefix.to_owned()))
}

/// The files that are needed of an output in the store, each with the digest that `done.json` gives.
async fn fetched<S: FileStore>(
    store: &S,
    (bucket, prefix): &(String, String),
    folder: &Path,
) -> Result<TrainedOutput, Failure> {
    let fetch = async |name: &str| -> Result<PathBuf, Failure> {
        let (place, file) = (DocumentId::new(bucket, &format!("{prefix}{name}"))?, folder.join(name));
        std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
        if store.save(&place, &file).await? { Ok(file) } else { Err(format!("{place} is not there").into()) }
    };
    let text = std::fs::read(fetch(DONE).await?)?;
    let done = FinishedTraining::of(&text).map_err(|cause| format!("{bucket}/{prefix}{DONE}: {cause}"))?;
    let is_needed = |name: &str| name == SCRIPT || name == CONFIG || Path::new(name).starts_with(BUNDLE);
    for (name, expected) in done.files.iter().filter(|(name, _)| is_needed(name)) {
        let file = fetch(name).await?;
        let found = model::file_digest(&file)?;
        if found != *expected {
            return Err(format!(
                "{bucket}/{prefix}{name} has the sha-256 {found}, and {DONE} says {expected}: it was changed; train again"
            )
            .into());
        }
    }
    TrainedOutput::of(folder, &done)
}

#[cfg(test)]
mod tests;
