//! `train data`.
//!
//! Reading order: `read` the topics and the frozen golden set · `asked` what people asked · the crate `training`, which
//! chooses · `mine` negatives from the live index · `job` puts it together and keeps it, `folder` on disk.

mod asked;
mod folder;
mod job;
mod mine;
mod read;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use message::{ChangeAuthor, FillSource};
use model::{Backend, EncoderSettings};
use process::Failure;
use serde_json::json;
use sink::Reader as _;
use training::{DataCounts, DataSplit, PairSettings, TrainingPlan};

use self::job::{DataJob, MadeData, PreparedData};
use self::mine::Miner;
use crate::cli::MakeTrainingData;
use crate::show;
use crate::world::World;

/// Training data that was made, or would be.
pub(in crate::command) struct DataEnd {
    prepared: PreparedData,
    /// What was made, and where it is; none of a dry run.
    made: Option<(MadeData, String)>,
}

impl DataEnd {
    /// The digest of what was made.
    pub(in crate::command) fn digest(&self) -> Option<&str> {
        self.made.as_ref().map(|(made, _)| made.manifest.digest.as_str())
    }

    /// How many pairs there are.
    pub(in crate::command) fn pairs(&self) -> usize {
        self.prepared.plan.pairs.len()
    }
}

pub(super) async fn run(ask: &MakeTrainingData) -> Result<ExitCode, Failure> {
    tell(ask, &make(ask).await?)
}

/// Makes training data, and keeps it. What was made before of the same documents and settings is the same, and stays.
///
/// # Errors
/// When the corpus is too little ([`training::CorpusRefusal`]), the model that is served is not on this machine, or a server does
/// not answer.
pub(in crate::command) async fn make(ask: &MakeTrainingData) -> Result<DataEnd, Failure> {
    let settings = ask.pairs.settings()?;
    if let Some(folder) = &ask.to {
        folder::check(folder)?;
    }
    let world = World::open(&ask.world).await?;
    let job = DataJob {
        kafka: &world.kafka,
        store: &world.store,
        bucket: &world.bucket,
        index: world.names.index(),
        generation: &world.generation,
        settings: &settings,
    };
    let mut prepared = job.prepare().await?;
    if let Some(percent) = prepared.percent {
        show::note(&format!(
            "the corpus has more than {} passages: this is a sample of {} of its documents; raise --most-passages to read more \
             (about 2 KB of memory for each passage)",
            settings.most_passages,
            if percent == 0 { "less than 1 %".to_owned() } else { format!("about {percent} %") }
        ));
    }
    if ask.dry_run {
        return Ok(DataEnd { prepared, made: None });
    }
    if settings.negatives > 0 {
        mine(ask, &world, &settings, &mut prepared.plan).await?;
    }
    let made = job.made(&prepared.plan)?;
    let place = match &ask.to {
        None => job.put(&made, &prepared).await?,
        Some(folder) => {
            job::write(folder, &made)?;
            folder.display().to_string()
        }
    };
    Ok(DataEnd { prepared, made: Some((made, place)) })
}

/// Gives pairs negatives: by the model that is served, from the first engine.
async fn mine(
    ask: &MakeTrainingData,
    world: &World,
    settings: &PairSettings,
    plan: &mut TrainingPlan,
) -> Result<(), Failure> {
    let engine = world.engines.first().ok_or("no engine is named: give --engines, or --negatives 0")?;
    engine.engine.check(&world.generation.space).await?;
    let encoder = encoder(ask, world)?;
    let miner = Miner { encoder: &encoder, engine: &engine.engine, depth: settings.negative_depth };
    let bar = show::bar(plan.pairs.len() as u64, "negatives");
    miner.mine(plan, |done| bar.set_position(done as u64)).await?;
    bar.finish_and_clear();
    Ok(())
}

/// The model that is served, which need not be that of this machine's settings.
fn encoder(ask: &MakeTrainingData, world: &World) -> Result<Backend, Failure> {
    let (own, backend) = (ask.world.generation.model.open()?, &ask.world.generation.backend);
    let author = ChangeAuthor { by: "millrace train data".to_owned(), at: 0 };
    let served = world.generation.entry(world.names.index(), FillSource::Vectors, &author);
    let Some(bundle) = ask.further.bundle_of(&own, backend, &served)? else {
        return Err(format!(
            "the model that is served, {} ({}), is not on this machine, and negatives are ranked by it: give its bundle with --model, \
             or the folder of bundles with --models, or leave negatives out with --negatives 0",
            served.name,
            served.model.short()
        )
        .into());
    };
    let settings = EncoderSettings { backend: backend.clone(), onnx: ask.onnx.clone() };
    Ok(Backend::open(&bundle.verified()?, &settings)?)
}

/// Says what was made and where, or what would be made.
fn tell(ask: &MakeTrainingData, DataEnd { prepared, made }: &DataEnd) -> Result<ExitCode, Failure> {
    let made = made.as_ref();
    let (plan, counts) = (&prepared.plan, DataCounts::of(&prepared.plan));
    let of = |split: DataSplit| plan.documents.iter().filter(|placed| placed.split == split).count();
    let (train, dev, golden) = (of(DataSplit::Train), of(DataSplit::Dev), of(DataSplit::Golden));
    let alone = plan.pairs.iter().filter(|pair| pair.negatives.is_empty()).count();
    if ask.json {
        show::json(&json!({
            "digest": made.map(|(made, _)| &made.manifest.digest),
            "place": made.map(|(_, place)| place),
            "documents": { "train": train, "dev": dev, "golden": golden },
            "counts": counts,
            "pairs_without_negatives": alone,
            "percent_of_documents": prepared.percent.unwrap_or(100),
            "golden_frozen_before": prepared.golden.is_some(),
            "golden_questions_gone": gone(prepared),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let kinds: Vec<String> =
        counts.pairs.iter().map(|(kind, count)| format!("{count} of a {}", kind.name())).collect();
    show::line(&format!("pairs      {} ({})", plan.pairs.len(), kinds.join(", ")));
    if made.is_some() {
        show::line(&format!("negatives  {}; {alone} pairs have none", counts.negatives));
    }
    show::line(&format!("documents  {train} to train on, {dev} for dev, {golden} golden"));
    show::line(&format!(
        "questions  {} for dev, {} golden, among {} passages",
        counts.dev, counts.golden, counts.corpus
    ));
    show::line(&format!("copies     {} passages are near-copies of others", counts.near_copies));
    match made {
        Some((made, place)) => {
            show::line(&format!("data       {} in {place}", made.manifest.digest));
        }
        None => show::note("nothing was written: leave --dry-run out to make it"),
    }
    if gone(prepared) > 0 {
        show::note(&format!(
            "{} of the frozen golden questions are gone with their passages: scores on the rest are a little harder to compare with \
             earlier ones",
            gone(prepared)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Frozen golden questions whose passages are there no more.
fn gone(prepared: &PreparedData) -> usize {
    let frozen = prepared.golden.as_ref().map_or(0, |set| set.questions.len());
    frozen.saturating_sub(prepared.plan.judged.golden.len())
}
