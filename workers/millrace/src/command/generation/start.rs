//! `generation start`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use generation::{Generation, MAPPING_VERSION, Target};
use message::{BuildState, FillSource, GenerationEntry, IndexMapping};
use model::Bundle;
use process::Failure;
use registry::Registry;
use registry::rules;
use serde::Serialize;
use sink::Reader as _;
use stream::Broker as _;
use stream::kafka::end_offsets;

use super::super::topics_apply;
use super::list::mapping;
use super::{Ground, show};
use crate::cli::StartGeneration;
use crate::world::{self, World};

/// Passages that each engine takes in a second, for the estimate: loadtest/README.md tells how it is measured.
const A_SECOND: u64 = 1_000;

/// Passages by which the tokens are estimated.
const SAMPLE: usize = 1_000;

/// What building takes.
#[derive(Debug, Serialize)]
struct Estimate {
    /// The new generation.
    generation: String,
    /// Passages to be written to each engine.
    passages: u64,
    /// Tokens to be embedded: the passages', by the mean of a sample.
    tokens: u64,
    /// Bytes on the disks of each engine, if the new indexes are as large as the ones that are served.
    bytes: Vec<(&'static str, u64)>,
    /// Seconds, at [`A_SECOND`] passages in each; none where it depends on how fast passages are embedded.
    seconds: Option<u64>,
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
    let ground = Ground::new(&ask.ask);
    let registry = ground.registry().await?;
    let base = base(&ground, &registry)?;
    let world = ground.world(&base)?;
    let estimate = estimate(&world, &base).await?;
    let next = next(&ground, &base, ask).await?;
    let estimate = estimate.of(&next);
    if !ask.dry_run {
        if next.source == FillSource::Chunks {
            make_topics(&ground, &next).await?;
        }
        let author = ground.author();
        let change = |registry: &Registry| {
            let mut entries = rules::adopt(registry, base.clone(), &author)?;
            entries.extend(rules::start(registry, next.clone())?);
            Ok(entries)
        };
        ground.change(change).await?;
    }
    if ask.ask.json {
        show::json(&estimate)?;
    } else {
        tell(&estimate, &next, ask.dry_run);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the new one is made from: what is served, or what the workers were started with.
fn base(ground: &Ground<'_>, registry: &Registry) -> Result<GenerationEntry, Failure> {
    if let Some(served) = ground.served(registry) {
        return Ok(served);
    }
    let local = world::local(&ground.ask.world.generation)?;
    Ok(local.entry(ground.index, FillSource::Reconcile, &ground.author()))
}

/// The new one, with the ends of the topic that it is filled from as its barrier: who has taken everything before them
/// holds all that is there now.
async fn next(
    ground: &Ground<'_>,
    base: &GenerationEntry,
    ask: &StartGeneration,
) -> Result<GenerationEntry, Failure> {
    let mapping = IndexMapping {
        version: MAPPING_VERSION,
        shards: ask.shards,
        replicas: ask.replicas,
        vectors: base.mapping.vectors.clone(),
        instance: ask.instance,
    };
    let (of, source) = match &ask.with_model {
        Some(folder) => (with_model(folder, base, ask)?, FillSource::Chunks),
        None => (Generation::from(base), FillSource::Vectors),
    };
    let next = Generation { mapping, ..of };
    let topic = if source == FillSource::Chunks { next.chunks() } else { next.vectors() };
    let ends = end_offsets(&ground.kafka, &topic).await?;
    let entry = next.entry(ground.index, source, &ground.author());
    Ok(GenerationEntry { barrier: [(topic, ends)].into(), state: BuildState::Building, ..entry })
}

/// Another model over the passages that are there.
fn with_model(folder: &Path, base: &GenerationEntry, ask: &StartGeneration) -> Result<Generation, Failure> {
    let settings = &ask.ask.world.generation;
    let (own, next) = (settings.model.open()?, Bundle::open(folder)?);
    let served = ask.further.bundle_of(&own, &settings.backend, &base.model)?.ok_or_else(|| {
        format!(
            "the model that is served, {} ({}), is not on this machine, so that nothing tells whether its passages fit: name its \
             bundle in MILLRACE_MODEL, or put it into a folder below MILLRACE_MODELS",
            base.name,
            base.model.short()
        )
    })?;
    let next_name = &next.manifest().name;
    model::fits(&served, &next).map_err(|cause| {
        format!(
            "{next_name} cannot take the passages of {}: {cause}. Documents would have to be cut anew",
            base.name
        )
    })?;
    Ok(model::generation_over(base.chunking.clone(), &next, &settings.backend))
}

/// Makes the topic of a new space, with as many partitions as the topic that it is filled from.
async fn make_topics(ground: &Ground<'_>, next: &GenerationEntry) -> Result<(), Failure> {
    let generation = Generation::from(next);
    let partitions = ground.kafka.partitions(&generation.chunks()).await?;
    topics_apply::apply(&ground.kafka, &[generation], (partitions, None), |_| Ok(())).await?;
    Ok(())
}

async fn estimate(world: &World, base: &GenerationEntry) -> Result<Estimate, Failure> {
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
    Ok(Estimate { generation: String::new(), passages, tokens, bytes, seconds })
}

fn tell(estimate: &Estimate, next: &GenerationEntry, dry_run: bool) {
    let begun = if dry_run { "would be built" } else { "is being built" };
    show::line(&format!("{} {begun}: {}, {}", next.id, next.name, mapping(next)));
    let source = match estimate.tokens {
        0 => "from the vectors that are there: nothing is embedded".to_owned(),
        tokens => format!("about {tokens} tokens are embedded by the workers of `embed` that have the model"),
    };
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
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let sizes: Vec<String> = [1, 2_500_000, 12_000_000_000].into_iter().map(size).collect();
        assert_eq!(sizes, ["1 kB", "2 MB", "12 GB"]);
    }
}
