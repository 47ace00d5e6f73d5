//! Models in the registry.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::BackendSettings;
use sink::IndexSettings;
use stream::kafka::KafkaSettings;

use super::BucketSettings;

/// `model`
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Put a bundle into the store, and enter it: workers fetch it when a generation needs it.
    Add(AddModel),
    /// Name every model, and the generations that are built with it.
    List(ListModels),
    /// Let generations be built with a model.
    Accept(MarkModel),
    /// Say that no generation may be built with a model any more.
    Refuse(MarkModel),
}

/// Where the registry is.
#[derive(Args, Debug)]
pub struct RegistrySettings {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `model add`
#[derive(Args, Debug)]
pub struct AddModel {
    /// Folder of the bundle: bundle.json and the files that it lists.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where the bundle goes: below `.millrace/models/`, which is never ingested.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Which encoder will run it.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// It waits for its proof: no generation may be built with it before `model accept`.
    #[arg(long)]
    pub candidate: bool,
}

/// `model list`
#[derive(Args, Debug)]
pub struct ListModels {
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
}

/// `model accept`, `model refuse`
#[derive(Args, Debug)]
pub struct MarkModel {
    /// The model's fingerprint, or its beginning.
    #[arg(value_name = "FINGERPRINT")]
    pub fingerprint: String,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: Option<String>,
}
