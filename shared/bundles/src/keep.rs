//! Fetches whatever the registry wants and this machine lacks. Stage: awaits a store, and the registry.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use message::{BuildState, GenerationEntry, ModelEntry};
use objects::FileStore;
use registry::{Heard, Registry};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info};

use crate::fetch::fetch;

/// Says whether this machine lacks what a generation needs.
pub type MissingModel = Box<dyn Fn(&GenerationEntry) -> bool + Send + Sync>;

/// How soon what could not be fetched is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Fetches the bundle of each generation that is filled or served, as soon as the registry says where it is. Never returns.
pub async fn keep<S: FileStore>(
    store: S,
    models: PathBuf,
    mut heard: watch::Receiver<Option<Heard>>,
    is_missing: MissingModel,
) -> Infallible {
    loop {
        let registry = heard.borrow_and_update().as_ref().map(|heard| heard.registry.clone());
        let mut failed = false;
        for entry in registry.iter().flat_map(|registry| wanted(registry, &is_missing)) {
            match fetch(&store, &entry, &models).await {
                Ok(folder) => info!(model = entry.name, folder = %folder.display(), "model fetched"),
                Err(cause) => {
                    failed = true;
                    let cause = process::chain(&cause);
                    error!(model = entry.name, cause, "model not fetched: tried again every 30 s");
                }
            }
        }
        tokio::select! {
            () = sleep(AGAIN), if failed => {}
            // Without a sender nothing more is heard, and the process ends.
            changed = heard.changed(), if !failed => if changed.is_err() { std::future::pending::<()>().await },
        }
    }
}

/// The models that are missing here and stand in the store.
fn wanted(registry: &Registry, is_missing: &MissingModel) -> Vec<ModelEntry> {
    let mut wanted: Vec<ModelEntry> = Vec::new();
    let used = |entry: &&GenerationEntry| {
        matches!(entry.state, BuildState::Building | BuildState::Built) && is_missing(entry)
    };
    for entry in registry.all_generations().filter(used) {
        let model = registry.model(&entry.model).filter(|model| model.bundle.is_some());
        if let Some(model) = model
            && !wanted.iter().any(|one| one.fingerprint == model.fingerprint)
        {
            wanted.push(model.clone());
        }
    }
    wanted
}
