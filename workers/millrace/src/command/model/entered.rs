//! A model that was proven, in the store and in the registry.

use bundles::BundlePlace;
use eval::gate::{GateMeasures, GateVerdict};
use message::{Fingerprint, ModelEntry, ModelState};
use model::Bundle;
use objects::S3Store;
use process::Failure;
use registry::rules;

use crate::cli::ProveModel;

/// What the registry will say: accepted, or refused with the reason, and the scores of the proof.
pub(super) fn entry_of(
    bundle: &Bundle,
    fingerprint: &Fingerprint,
    measures: &GateMeasures,
    verdict: &GateVerdict,
) -> Result<ModelEntry, Failure> {
    let state = if verdict.accepted { ModelState::Accepted } else { ModelState::Refused };
    let reason = (!verdict.accepted).then(|| verdict.reasons.join("; "));
    Ok(ModelEntry {
        reason,
        scores: measures.scores(),
        ..bundles::described(bundle, fingerprint.clone(), state)?
    })
}

/// Checks that the model may be accepted at all: refused here, it has cost nothing yet.
pub(super) async fn check(
    ask: &ProveModel,
    bundle: &Bundle,
    fingerprint: &Fingerprint,
) -> Result<(), Failure> {
    let entry = bundles::described(bundle, fingerprint.clone(), ModelState::Accepted)?;
    rules::enter_proven(&super::read(&ask.registry).await?, &entry)?;
    Ok(())
}

/// Puts the bundle into the store unless it is there, and enters the model. A refused one stays, too, with its reason: nobody
/// has to find out again.
pub(super) async fn enter(ask: &ProveModel, bundle: &Bundle, entry: ModelEntry) -> Result<(), Failure> {
    let registry = super::read(&ask.registry).await?;
    let known = registry.model(&entry.fingerprint).filter(|there| there.bundle.is_some());
    let entry = if let Some(there) = known {
        // What is there stays, with its digests: another bundle of this model differs in name and version.
        ModelEntry {
            bundle: there.bundle.clone(),
            files: there.files.clone(),
            name: there.name.clone(),
            ..entry
        }
    } else {
        let place = BundlePlace::of(&ask.bucket.bucket, &entry.fingerprint);
        bundles::put(&S3Store::new(&ask.bucket.store)?, &place, bundle, entry).await?
    };
    super::change(&ask.registry, |registry| rules::enter_proven(registry, &entry)).await
}
