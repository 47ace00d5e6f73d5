//! Fetches whatever the registry wants and this machine lacks. Stage: awaits a store, and the registry.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use message::{BuildState, Fingerprint, GenerationEntry, ModelEntry};
use objects::FileStore;
use registry::{Heard, Registry};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info};

use crate::fetch::{fetch, is_whole};

/// Names the model that a generation needs and this machine lacks; none where nothing is lacking.
pub type MissingModel = Box<dyn Fn(&GenerationEntry) -> Option<Fingerprint> + Send + Sync>;

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
        let wanted = registry.iter().flat_map(|registry| wanted(registry, &is_missing));
        // One that is there and does not help is not asked for again and again.
        for entry in wanted.filter(|entry| !is_whole(&models, entry)) {
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
    let used = |entry: &&GenerationEntry| matches!(entry.state, BuildState::Building | BuildState::Built);
    let missing: BTreeSet<Fingerprint> =
        registry.all_generations().filter(used).filter_map(is_missing).collect();
    let known = missing.iter().filter_map(|model| registry.model(model));
    known.filter(|model| model.bundle.is_some()).cloned().collect()
}
