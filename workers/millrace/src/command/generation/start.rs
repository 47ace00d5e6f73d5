//! `generation start`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use generation::{Generation, MAPPING_VERSION, Target};
use message::{BuildState, DocumentId, FillSource, GenerationEntry, IndexMapping};
use model::{Bundle, ModelSettings};
use objects::S3Store;
use process::Failure;
use registry::Registry;
use registry::rules;
use serde::Serialize;
use sink::Reader as _;
use stream::Broker as _;
use stream::kafka::{Kafka, end_offsets};

use super::super::rounds::run as this_run;
use super::super::topics_apply::{self, TopicWish};
use super::list::mapping;
use super::{Ground, show};
use crate::again::LookWriter;
use crate::cli::StartGeneration;
use crate::reconcile::{Finding, Progress, ReconcilePlan, Watch, reconcile};
use crate::world::{self, World};

/// Passages that each engine takes in a second, for the estimate: loadtest/README.md tells how it is measured.
const A_SECOND: u64 = 1_000;

/// Passages by which the tokens are estimated.
const SAMPLE: usize = 1_000;

/// What building takes.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Estimate {
    /// The new generation.
    pub(in crate::command) generation: String,
    /// Passages to be written to each engine.
    pub(in crate::command) passages: u64,
    /// Tokens to be embedded: the passages', by the mean of a sample.
    pub(in crate::command) tokens: u64,
    /// Bytes on the disks of each engine, if the new indexes are as large as the ones that are served.
    bytes: Vec<(&'static str, u64)>,
    /// Seconds, at [`A_SECOND`] passages in each; none where it depends on how fast passages are embedded.
    seconds: Option<u64>,
    /// Why documents have to be cut anew, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_anew: Option<String>,
}

impl Estimate {
    /// What building `next` takes.
    fn of(self, next: &GenerationEntry) -> Self {
        let generation = next.id.clone();
        match next.source {
            FillSource::Vectors => Self { generation, tokens: 0, ..self },
            FillSource::Chunks | FillSource::Reconcile => Self { generation, seconds: None, ..self },
        }
    }
}

pub(super) async fn run(ask: &StartGeneration) -> Result<ExitCode, Failure> {
    let (estimate, next) = start(ask).await?;
    if ask.ask.json {
        show::json(&estimate)?;
    } else {
        tell(&estimate, &next, ask.dry_run);
    }
    Ok(ExitCode::SUCCESS)
}

/// Begins to build a generation, unless it is a dry run. Prints nothing.
///
/// # Errors
/// When a rule forbids it, its model cannot be had, or a server does not answer.
pub(in crate::command) async fn start(ask: &StartGeneration) -> Result<(Estimate, GenerationEntry), Failure> {
    let ground = Ground::new(&ask.ask);
    let registry = ground.registry().await?;
    let base = base(&ground, &registry)?;
    let world = ground.world(&base)?;
    let estimate = estimate(&world, &base).await?;
    let folder = match &ask.with_model {
        Some(named) => Some(folder_of(named, &registry, ask).await?),
        None => None,
    };
    let (next, cut_anew) = next(&ground, (&base, &registry), (ask, folder.as_deref()))?;
    let estimate = Estimate { cut_anew, ..estimate.of(&next) };
    // Refused here, it has cost nothing yet.
    rules::start(&registry, next.clone())?;
    if !ask.dry_run {
        begin(&ground, &base, next.clone()).await?;
    }
    Ok((estimate, next))
}

/// Makes what the new one needs, and enters it.
async fn begin(ground: &Ground<'_>, base: &GenerationEntry, next: GenerationEntry) -> Result<(), Failure> {
    if next.source != FillSource::Vectors {
        make_topics(ground, base, &next).await?;
    }
    if next.source == FillSource::Reconcile {
        ask_for_all(&ground.world(&next)?).await?;
    }
    let next = with_barrier(&ground.kafka, next).await?;
    let author = ground.author();
    let change = |registry: &Registry| {
        let mut entries = rules::adopt(registry, base.clone(), &author)?;
        entries.extend(rules::start(registry, next.clone())?);
        Ok(entries)
    };
    Ok(ground.change(change).await?)
}

/// Asks `chunk` to look at every object of the bucket, for the new chunking alone. It reads the topic from its start, so that
/// this may be asked before it begins.
pub(super) async fn ask_for_all(world: &World) -> Result<(), Failure> {
    let entries = world.entries().await?;
    let plan = ReconcilePlan {
        bucket: world.bucket.clone(),
        prefix: String::new(),
        scope: world.scope.clone(),
        dry_run: false,
        only: Some(world.generation.chunking.clone()),
        run: this_run(),
    };
    let mut writer = LookWriter::new(&world.kafka)?;
    reconcile(&plan, (&world.store, &entries), &mut writer, None, &mut Unwatched).await?;
    Ok(())
}

/// With the ends of the topic that it is filled from as its barrier: who has taken everything before them holds all that is
/// there now.
pub(super) async fn with_barrier(kafka: &Kafka, next: GenerationEntry) -> Result<GenerationEntry, Failure> {
    let generation = Generation::from(&next);
    let topic = match next.source {
        FillSource::Vectors => generation.vectors(),
        FillSource::Chunks => generation.chunks(),
        FillSource::Reconcile => topics::DOCUMENTS.to_owned(),
    };
    let ends = end_offsets(kafka, &topic).await?;
    Ok(GenerationEntry { barrier: [(topic, ends)].into(), ..next })
}

/// A run that nobody watches: asked again, it finds out anew what is missing.
struct Unwatched;

impl Watch for Unwatched {
    fn differs(&mut self, _: &DocumentId, _: Finding) -> Result<(), Failure> {
        Ok(())
    }

    fn keep(&mut self, _: &Progress) -> Result<(), Failure> {
        Ok(())
    }
}

/// What the new one is made from: what is served, or what the workers were started with.
fn base(ground: &Ground<'_>, registry: &Registry) -> Result<GenerationEntry, Failure> {
    if let Some(served) = ground.served(registry) {
        return Ok(served);
    }
    let local = world::local(&ground.ask.world.generation)?;
    Ok(local.entry(ground.index, FillSource::Reconcile, &ground.author()))
}

/// The new one, and why documents have to be cut anew for it, if they do.
fn next(
    ground: &Ground<'_>,
    (base, registry): (&GenerationEntry, &Registry),
    (ask, folder): (&StartGeneration, Option<&Path>),
) -> Result<(GenerationEntry, Option<String>), Failure> {
    let mapping = next_mapping(&base.mapping, ask);
    let (of, differs) = match folder {
        Some(folder) => with_model(folder, base, ask)?,
        None => (Generation::from(base), None),
    };
    let source = match (folder, &differs) {
        (None, _) => FillSource::Vectors,
        (Some(_), None) => FillSource::Chunks,
        (Some(_), Some(_)) if is_cut(registry, ground.index, &of) => FillSource::Chunks,
        (Some(_), Some(_)) => FillSource::Reconcile,
    };
    let next = Generation { mapping, ..of }.entry(ground.index, source, &ground.author());
    // Passages that are there go on being cut by the model that they were cut for.
    let over = next.chunking == base.chunking && next.model != base.model;
    let cut_by = base.cut_by.clone().or_else(|| over.then(|| base.model.clone()));
    let cut_by = cut_by.filter(|model| next.chunking == base.chunking && *model != next.model);
    Ok((GenerationEntry { cut_by, ..next }, differs.filter(|_| source == FillSource::Reconcile)))
}

/// The mapping of the new one. What nobody names stays as somebody chose it for what is served.
fn next_mapping(base: &IndexMapping, ask: &StartGeneration) -> IndexMapping {
    let chosen = ask.vectors.iter().map(|one| (one.engine.name().to_owned(), one.kind.name.to_owned()));
    let mut vectors = base.vectors.clone();
    vectors.extend(chosen);
    IndexMapping {
        version: MAPPING_VERSION,
        shards: ask.shards.or(base.shards),
        replicas: ask.replicas.or(base.replicas),
        vectors,
        instance: ask.instance,
    }
}

/// The folder of a bundle that is named by its folder, or by the fingerprint of a model of the registry, which is fetched.
async fn folder_of(named: &str, registry: &Registry, ask: &StartGeneration) -> Result<PathBuf, Failure> {
    let folder = PathBuf::from(named);
    if folder.join(Bundle::MANIFEST).exists() {
        return Ok(folder);
    }
    let model = rules::model_of(registry, named)
        .map_err(|refusal| format!("{named} is no folder of a bundle, and {refusal}"))?;
    let models = ask.further.models.as_deref().ok_or_else(|| {
        format!("name a folder for bundles in MILLRACE_MODELS, so that {} can be fetched", model.name)
    })?;
    let store = S3Store::new(&ask.ask.world.bucket.store)?;
    Ok(bundles::fetch(&store, model, models).await?)
}

/// Whether another generation of this index holds every passage as `of` wants it.
fn is_cut(registry: &Registry, index: &str, of: &Generation) -> bool {
    let mut there = registry.generations(index);
    there.any(|entry| entry.state == BuildState::Built && entry.chunking == of.chunking)
}

/// Another model: over the passages that are there if they fit it, or else over passages of its own, and why.
fn with_model(
    folder: &Path,
    base: &GenerationEntry,
    ask: &StartGeneration,
) -> Result<(Generation, Option<String>), Failure> {
    let settings = &ask.ask.world.generation;
    let own = settings.model.open()?;
    let next = ModelSettings { model: folder.to_path_buf(), ..settings.model.clone() }.open()?;
    let served = ask.further.bundle_of(&own, &settings.backend, base)?.ok_or_else(|| {
        format!(
            "the model that is served, {} ({}), is not on this machine, so that nothing tells whether its passages fit: name its \
             bundle in MILLRACE_MODEL, or put it into a folder below MILLRACE_MODELS",
            base.name,
            base.model.short()
        )
    })?;
    let served = served.verified()?;
    Ok(match model::fits(&served, &next) {
        Ok(()) => (model::generation_over(base.chunking.clone(), &next, &settings.backend), None),
        Err(differs) => (model::generation(&next, &settings.backend), Some(differs)),
    })
}

/// Makes the topics of a new space or chunking, with as many partitions as those that are there.
async fn make_topics(
    ground: &Ground<'_>,
    base: &GenerationEntry,
    next: &GenerationEntry,
) -> Result<(), Failure> {
    let partitions = ground.kafka.partitions(&Generation::from(base).chunks()).await?;
    let generations = [Generation::from(next)];
    let wish = TopicWish { partitions, replication: None, queries_days: None };
    topics_apply::apply(&ground.kafka, &generations, wish, |_| Ok(())).await?;
    Ok(())
}

pub(super) async fn estimate(world: &World, base: &GenerationEntry) -> Result<Estimate, Failure> {
    let (mut passages, mut bytes) = (0, Vec::new());
    for one in &world.engines {
        let count = one.engine.count(Target::Chunks).await.map_err(|error| {
            format!(
                "{} has no indexes of {}, which would be the first generation ({error}): are MILLRACE_INDEX, the model and the \
                 encoder those of the workers?",
                one.kind.name(),
                base.id
            )
        })?;
        passages = passages.max(count);
        bytes.push((one.kind.name(), one.engine.bytes_on_disk().await?));
    }
    let seconds = Some(passages.div_ceil(A_SECOND));
    let drawn = match world.engines.first() {
        Some(one) => one.engine.drawn(SAMPLE).await?,
        None => Vec::new(),
    };
    let sum: u64 = drawn.iter().map(|chunk| u64::from(chunk.tokens)).sum();
    let tokens = (sum * passages).div_ceil(drawn.len().max(1) as u64);
    Ok(Estimate { generation: String::new(), passages, tokens, bytes, seconds, cut_anew: None })
}

fn tell(estimate: &Estimate, next: &GenerationEntry, dry_run: bool) {
    let begun = if dry_run { "would be built" } else { "is being built" };
    show::line(&format!("{} {begun}: {}, {}", next.id, next.name, mapping(next)));
    let source = match estimate.tokens {
        0 => "from the vectors that are there: nothing is embedded".to_owned(),
        tokens => format!("about {tokens} tokens are embedded by the workers of `embed` that have the model"),
    };
    if let Some(differs) = &estimate.cut_anew {
        show::line(&format!(
            "{} is cut otherwise: {differs}. The workers of `chunk` that have the model read every object of the bucket again",
            next.name
        ));
    }
    show::line(&format!("{} passages; {source}", estimate.passages));
    let bytes: Vec<String> =
        estimate.bytes.iter().map(|(engine, bytes)| format!("{} in {engine}", size(*bytes))).collect();
    let time = estimate.seconds.map_or_else(
        || "`millrace generation status` tells the time that is left".to_owned(),
        |seconds| format!("about {}", humantime::format_duration(Duration::from_secs(seconds))),
    );
    show::line(&format!("about {} on disk; {time}", bytes.join(" and ")));
    if !dry_run {
        show::note(&format!("`millrace generation status {} --until-built` waits for it", next.id));
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests;
