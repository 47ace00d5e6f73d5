#![expect(clippy::disallowed_methods, reason = "edge: writes the report")]
//! `model prove`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use eval::finished::FinishedTraining;
use eval::gate::{GateBounds, GateInput, GateMeasures, judge};
use eval::guard::GuardSet;
use eval::judged::JudgedData;
use eval::looks::{GoldenLook, count};
use eval::opened::OpenedModel;
use eval::proof::{ProofCost, ProofSets, ProofWatch, cost, measure};
use message::{Fingerprint, ModelEntry};
use model::{Bundle, Encoder as _};
use objects::S3Store;
use process::Failure;
use stream::wall_seconds;

use super::named::{self, NamedModel};
use super::told::{ProofReport, ReportedData, ReportedModel, lines, page};
use super::{entered, told};
use crate::cli::ProveModel;
use crate::show::{self, ShownBar};

/// What was found, and what the registry would say of it.
struct Proven {
    report: ProofReport,
    entry: ModelEntry,
    bundle: Bundle,
}

/// All that a proof needs, read and verified; nothing was embedded yet.
struct Prepared {
    bundle: Bundle,
    training: Option<FinishedTraining>,
    base: Bundle,
    data: JudgedData,
    guards: Vec<GuardSet>,
}

fn reported(model: &OpenedModel) -> ReportedModel {
    let manifest = model.bundle.manifest();
    ReportedModel {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        fingerprint: model.fingerprint.clone(),
        dimension: model.encoder.dimension(),
    }
}

pub(super) async fn run(ask: &ProveModel) -> Result<ExitCode, Failure> {
    // What is fetched for this proof stands here until the end.
    let scratch = tempfile::tempdir()?;
    let Proven { mut report, entry, bundle } = prove(ask, scratch.path()).await?;
    let entered = if ask.accept { Some(entered::enter(ask, &bundle, entry).await) } else { None };
    report.entered = entered.as_ref().is_some_and(Result::is_ok);
    if let Some(file) = &ask.report {
        std::fs::write(file, page(&report)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if ask.registry.json {
        show::json(&report)?;
    } else {
        for line in lines(&report) {
            show::line(&line);
        }
    }
    // What was measured is told even where it could not be entered.
    entered.transpose()?;
    Ok(if report.verdict.accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures and judges.
async fn prove(ask: &ProveModel, scratch: &Path) -> Result<Proven, Failure> {
    let Prepared { bundle, training, base, data, guards } = prepare(ask, scratch).await?;
    if ask.accept {
        entered::check(ask, &bundle, &fingerprint(ask, &bundle)).await?;
    }
    let notes = notes(training.as_ref(), &data, &guards);
    let (before, after) = (OpenedModel::open(base, &ask.encoder)?, OpenedModel::open(bundle, &ask.encoder)?);
    let looks = look(ask, &data, [&before, &after]).await?;
    let asked = ReportedData::of(&data, looks);
    let sets = ProofSets { golden: data.golden, guards };
    let (cost, measures) = measured(&before, &after, &sets).await?;
    let trained = training.as_ref().map(|training| training.dimension);
    let input = GateInput {
        seeds: training.as_ref().map(FinishedTraining::seeds),
        asked_dimension: ask.dimension.or(trained).unwrap_or_else(|| before.encoder.dimension()),
        bounds: bounds(ask),
        measures,
    };
    let verdict = judge(&input);
    let entry = entered::entry_of(&after.bundle, &after.fingerprint, &input.measures, &verdict)?;
    let report = ProofReport {
        base: reported(&before),
        candidate: reported(&after),
        data: asked,
        cost,
        sets: told::sets(&input.measures),
        bounds: input.bounds,
        verdict,
        notes,
        entered: false,
    };
    Ok(Proven { report, entry, bundle: after.bundle })
}

async fn prepare(ask: &ProveModel, scratch: &Path) -> Result<Prepared, Failure> {
    let NamedModel { bundle, training } = named::model(ask, &ask.candidate, scratch).await?;
    let base = match &ask.against {
        Some(other) => named::model(ask, other, scratch).await?.bundle,
        None => ask.model.open()?,
    };
    let data = named::data(ask, scratch).await?;
    let guards = named::guards(&ask.guard, ask.guard_documents)?;
    Ok(Prepared { bundle, training, base, data, guards })
}

fn fingerprint(ask: &ProveModel, bundle: &Bundle) -> Fingerprint {
    model::generation(bundle, &ask.encoder.backend).model
}

fn bounds(ask: &ProveModel) -> GateBounds {
    let bounds = GateBounds::default();
    GateBounds { size_ratio: bounds.size_ratio.filter(|_| !ask.allow_larger), ..bounds }
}

/// What people should know of the sets.
fn notes(training: Option<&FinishedTraining>, data: &JudgedData, guards: &[GuardSet]) -> Vec<String> {
    let mut notes: Vec<String> = guards.iter().filter_map(GuardSet::left_out).collect();
    if training.is_some_and(|training| training.data != data.digest) {
        let other = "it was trained with other data than this, in which the golden documents may have been among those that it \
                     learned from: take the data of its training";
        notes.push(other.to_owned());
    }
    notes
}

async fn measured(
    before: &OpenedModel,
    after: &OpenedModel,
    sets: &ProofSets,
) -> Result<(ProofCost, GateMeasures), Failure> {
    let cost = cost(sets, before.tokenizer(), before.bundle.max_tokens());
    show::note(&format!(
        "{} texts of about {} tokens together are embedded with each of the two models",
        cost.texts, cost.tokens
    ));
    let bars = Bars::default();
    let measures = measure(&before.measured(), &after.measured(), sets, &bars).await;
    bars.end();
    Ok((cost, measures?))
}

/// Writes down that the golden questions are looked at, before they are; where nothing is in the store, nobody counts.
async fn look(
    ask: &ProveModel,
    data: &JudgedData,
    [before, after]: [&OpenedModel; 2],
) -> Result<Option<u64>, Failure> {
    if !named::uses_store(ask) {
        return Ok(None);
    }
    let index = &ask.registry.index.index;
    if data.index != *index {
        let of = &data.index;
        return Err(format!(
            "the data is of the index {of}, and MILLRACE_INDEX is {index}: name that of the data"
        )
        .into());
    }
    let (candidate, base) = (after.fingerprint.as_str(), before.fingerprint.as_str());
    let look = GoldenLook::at(wall_seconds(), data, candidate, base);
    let store = S3Store::new(&ask.bucket.store)?;
    Ok(Some(count(&store, &ask.bucket.bucket, index, &look).await?))
}

/// A bar for each corpus.
#[derive(Default)]
struct Bars(Mutex<Option<ShownBar>>);

impl Bars {
    fn bar(&self) -> MutexGuard<'_, Option<ShownBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }
}

impl ProofWatch for Bars {
    fn begins(&self, what: &str, texts: usize) {
        self.end();
        *self.bar() = Some(show::bar(texts as u64, what));
    }

    fn done(&self, texts: usize) {
        if let Some(bar) = self.bar().as_ref() {
            bar.set_position(texts as u64);
        }
    }
}

#[cfg(test)]
mod tests;
