//! `model …`: bundles in the store, and what the registry says of them.

mod entered;
mod import;
mod known;
mod named;
mod promote;
mod prove;
mod told;

use std::process::ExitCode;

use bundles::BundlePlace;
use message::{BuildState, ModelEntry, ModelState, RegistryEntry};
use model::Bundle;
use objects::S3Store;
use process::Failure;
use registry::rules::{self, RuleRefusal};
use registry::{Registry, RegistryWriter};
use serde_json::json;
use stream::Broker as _;
use stream::kafka::Kafka;

use self::known::KnownOfModel;
use super::generation::promote::{Direction, run as serve_generation};
use crate::cli::{AddModel, ListModels, MarkModel, ModelCommand, RegistrySettings, ShowModel};
use crate::show;

pub(super) async fn run(ask: ModelCommand) -> Result<ExitCode, Failure> {
    match ask {
        ModelCommand::Add(ask) => add(&ask).await,
        ModelCommand::Import(ask) => Box::pin(import::run(*ask)).await,
        ModelCommand::List(ask) => list(&ask).await,
        ModelCommand::Show(ask) => show_one(&ask).await,
        ModelCommand::Prove(ask) => Box::pin(prove::run(&ask)).await,
        ModelCommand::Register(ask) => Box::pin(super::register::run(&ask)).await,
        ModelCommand::Accept(ask) => mark(&ask, ModelState::Accepted).await,
        ModelCommand::Refuse(ask) => mark(&ask, ModelState::Refused).await,
        ModelCommand::Promote(ask) => Box::pin(promote::run(*ask)).await,
        ModelCommand::Rollback(ask) => Box::pin(serve_generation(&ask, Direction::Back)).await,
    }
}

async fn add(ask: &AddModel) -> Result<ExitCode, Failure> {
    let (bundle, store) = (Bundle::open(&ask.folder)?, S3Store::new(&ask.bucket.store)?);
    let fingerprint = model::generation(&bundle, &ask.backend).model;
    let state = if ask.candidate { ModelState::Candidate } else { ModelState::Accepted };
    let entry = bundles::described(&bundle, fingerprint, state)?;
    // Refused here, it has cost nothing yet.
    rules::enter_model(&read(&ask.registry).await?, entry.clone())?;
    let place = BundlePlace::of(&ask.bucket.bucket, &entry.fingerprint);
    let entry = bundles::put(&store, &place, &bundle, entry).await?;
    change(&ask.registry, |registry| rules::enter_model(registry, entry.clone())).await?;
    if ask.registry.json {
        show::json(&entry)?;
    } else {
        let (name, short) = (&entry.name, entry.fingerprint.short());
        show::line(&format!("{name} ({short}) is {} and stands in {place}", word(state)));
        show::note(&format!("`millrace generation start --with-model {short}` builds a generation with it"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(ask: &ListModels) -> Result<ExitCode, Failure> {
    let registry = read(&ask.registry).await?;
    if ask.registry.json {
        let models: Vec<_> = registry.all_models().map(|model| (model, used(&registry, model))).collect();
        let models = models.iter().map(|(model, used)| json!({ "model": model, "generations": used }));
        show::json(&models.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    for model in registry.all_models() {
        let used = used(&registry, model);
        let used = if used.is_empty() { String::new() } else { format!(", in {}", used.join(", ")) };
        let reason = model.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let place = model.bundle.as_deref().unwrap_or("only on the disks of workers");
        show::line(&format!(
            "{}  {:<9} {}, {} numbers, {} tokens, {place}{used}{reason}",
            model.fingerprint.short(),
            word(model.state),
            model.name,
            model.dimension,
            model.max_tokens
        ));
    }
    if registry.all_models().next().is_none() {
        show::note("the registry names no model: what is served is that of the workers' MILLRACE_MODEL");
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_one(ask: &ShowModel) -> Result<ExitCode, Failure> {
    let registry = read(&ask.registry).await?;
    let model = rules::model_of(&registry, &ask.fingerprint)?;
    let known = KnownOfModel::of(&registry, &ask.registry.index.index, model);
    if ask.registry.json {
        show::json(&known)?;
    } else {
        for line in known.lines()? {
            show::line(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn mark(ask: &MarkModel, state: ModelState) -> Result<ExitCode, Failure> {
    let found = rules::model_of(&read(&ask.registry).await?, &ask.fingerprint)?.clone();
    let change_of =
        |registry: &Registry| rules::mark_model(registry, &found.fingerprint, (state, ask.reason.clone()));
    change(&ask.registry, change_of).await?;
    if ask.registry.json {
        show::json(&json!({ "model": found.fingerprint, "state": state }))?;
    } else {
        show::line(&format!("{} ({}) is {}", found.name, found.fingerprint.short(), word(state)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The generations that are not retired and hold vectors of this model.
fn used(registry: &Registry, model: &ModelEntry) -> Vec<String> {
    let of_it = registry.all_generations().filter(|entry| entry.model == model.fingerprint);
    let used = of_it.filter(|entry| entry.state != BuildState::Retired);
    used.map(|entry| format!("{}-{}", entry.index, entry.id)).collect()
}

fn word(state: ModelState) -> &'static str {
    match state {
        ModelState::Candidate => "candidate",
        ModelState::Accepted => "accepted",
        ModelState::Refused => "refused",
        ModelState::Retired => "retired",
    }
}

async fn read(ask: &RegistrySettings) -> Result<Registry, Failure> {
    let kafka = Kafka::new(&ask.kafka);
    if kafka.existing(topics::MODELS).await?.is_none() {
        return Err(super::generation::NO_TOPIC.into());
    }
    Ok(registry::read(&kafka).await?)
}

async fn change<F>(ask: &RegistrySettings, rule: F) -> Result<(), Failure>
where
    F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
{
    Ok(RegistryWriter::new(Kafka::new(&ask.kafka), &ask.index.index).change(rule).await?)
}
