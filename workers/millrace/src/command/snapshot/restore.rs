//! `snapshot restore`: nothing that is there is changed, and the new generation is entered last. Until then nobody writes or
//! serves it, so that a command that was killed is simply asked again.

use std::collections::BTreeMap;
use std::process::ExitCode;

use generation::{Generation, MAPPING_VERSION, Names, Target, TopicReader};
use message::{ChangeAuthor, FillSource, GenerationEntry, IndexMapping};
use process::Failure;
use registry::{GenerationKey, Registry, RegistryWriter, rules};
use serde_json::json;
use sink::{Engine, RestoreProgress, Sink as _, SnapshotState};
use stream::kafka::{Kafka, end_offsets};
use stream::{BeginGroup as _, Broker as _, wall_seconds};
use tokio::time::{Instant, sleep};

use super::super::generation::NO_TOPIC;
use super::list::log_of;
use super::{Answer, PAUSE, check_patience, each, forgets, index_of, moment, told};
use crate::cli::RestoreSnapshot;
use crate::show;
use crate::snapshots::{LogReach, SnapshotNote};
use crate::world::{self, Destination, World};

/// What is to be done.
struct RestorePlan {
    /// The names of the indexes in the snapshot.
    from: Names,
    /// The new generation.
    into: World,
    /// Its entry in the registry.
    entry: GenerationEntry,
    /// What is served, where the registry does not name it yet.
    first: Option<GenerationEntry>,
    /// What each engine kept with the snapshot; an engine without it is filled from the log.
    notes: BTreeMap<&'static str, SnapshotNote>,
    /// Whether the log has forgotten deletions that came after it.
    forgets: bool,
}

pub(super) async fn run(ask: &RestoreSnapshot) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.of.ask.world).await?;
    let found = each(&world, &ask.of, async |one: &Destination<Engine>| find(one, ask).await).await;
    let mut notes = BTreeMap::new();
    let mut code = ExitCode::SUCCESS;
    for (engine, answer) in found {
        match answer {
            Ok(note) => notes.extend(note.map(|note| (engine, note))),
            Err(failure) => {
                show::note(&format!("{engine}: {}", process::chain(failure.as_ref())));
                code = ExitCode::FAILURE;
            }
        }
    }
    let author = ChangeAuthor { by: ask.of.ask.by.clone(), at: wall_seconds() };
    let plan = plan(&world.kafka, ask, notes, &author).await?;
    let mut answers = Vec::new();
    for one in &plan.into.engines {
        answers.push((one.kind.name(), restore(&plan, one, ask).await));
    }
    if answers.iter().any(|(_, answer)| answer.is_err()) {
        tell(ask, &plan, &answers)?;
        show::note(
            "nothing was entered in the registry: nobody writes or serves what was restored; ask again",
        );
        return Ok(ExitCode::FAILURE);
    }
    enter(&plan, &author).await?;
    tell(ask, &plan, &answers)?;
    say_what_next(&plan);
    Ok(code)
}

/// What an engine kept with the snapshot; none where it has no snapshot of this name.
async fn find(one: &Destination<Engine>, ask: &RestoreSnapshot) -> Result<Option<SnapshotNote>, Failure> {
    let (name, repository) = (&ask.name, &ask.of.repository);
    let Some(snapshot) = one.engine.snapshot(repository, name).await? else { return Ok(None) };
    if snapshot.state != SnapshotState::Success {
        return Err(
            format!("the snapshot {name} in {repository} is not whole: `millrace snapshot list`").into()
        );
    }
    match SnapshotNote::of(&snapshot) {
        Some(note) if note.index == index_of(&ask.of) => Ok(Some(note)),
        Some(note) => Err(format!("the snapshot {name} is of {}: name that with --index", note.index).into()),
        None => Err(format!("the snapshot {name} was not taken by this version of Millrace").into()),
    }
}

async fn plan(
    kafka: &Kafka,
    ask: &RestoreSnapshot,
    notes: BTreeMap<&'static str, SnapshotNote>,
    author: &ChangeAuthor,
) -> Result<RestorePlan, Failure> {
    if kafka.existing(topics::MODELS).await?.is_none() {
        return Err(NO_TOPIC.into());
    }
    let registry = registry::read(kafka).await?;
    let (name, index, settings) = (&ask.name, index_of(&ask.of), &ask.of.ask.world);
    let note = notes.values().next().ok_or_else(|| {
        format!(
            "no engine that answers has a whole snapshot {name} in {}: `millrace snapshot list`",
            ask.of.repository
        )
    })?;
    if notes.values().any(|other| other.generation != note.generation) {
        return Err(
            format!("the engines hold different generations as {name}: name one with --engines").into()
        );
    }
    let base = base(&registry, ask, &note.generation)?;
    let forgets = check_log(kafka, notes.values()).await?;
    // One more than any that this index ever had.
    let instance =
        registry.generations(index).map(|entry| entry.mapping.instance).max().unwrap_or_default() + 1;
    let mapping = IndexMapping { instance, ..base.mapping.clone() };
    let next = Generation { mapping, ..base.clone() };
    // Who cuts its documents is not part of what it is.
    let before = registry.generation(GenerationKey { index, id: &note.generation });
    let cut_by = before.and_then(|entry| entry.cut_by.clone());
    let entry = GenerationEntry { cut_by, ..next.entry(index, FillSource::Vectors, author) };
    // Refused here, it has cost nothing yet.
    rules::start(&registry, entry.clone())?;
    let first = match registry.serving(index) {
        Some(_) => None,
        None => Some(world::local(&settings.generation)?.entry(index, FillSource::Reconcile, author)),
    };
    let (from, into) = (Names::new(index, &base)?, World::of(settings, next)?);
    Ok(RestorePlan { from, into, entry, first, notes, forgets })
}

/// The generation whose indexes are in the snapshot, by what the registry says of it, or the model here.
fn base(registry: &Registry, ask: &RestoreSnapshot, id: &str) -> Result<Generation, Failure> {
    if let Some(entry) = registry.generation(GenerationKey { index: index_of(&ask.of), id }) {
        return Ok(Generation::from(entry));
    }
    let local = world::local(&ask.of.ask.world.generation)?;
    if local.short() == id {
        return Ok(local);
    }
    Err(format!(
        "the snapshot is of the generation {id}, which the registry does not name, and which is not that of MILLRACE_MODEL and \
         MILLRACE_ENCODER: give those with which it was built"
    )
    .into())
}

/// Whether the log has forgotten deletions that came after one of these snapshots.
async fn check_log<'a>(
    kafka: &Kafka,
    notes: impl Iterator<Item = &'a SnapshotNote>,
) -> Result<bool, Failure> {
    let mut has_forgotten = false;
    for note in notes {
        let log = log_of(kafka, &note.topic).await?;
        match note.places.reach(log.as_deref(), wall_seconds(), forgets()) {
            LogReach::Whole => {}
            LogReach::Forgets => has_forgotten = true,
            LogReach::Another => {
                return Err(format!(
                    "the topic {} is gone, or another one than the indexes in the snapshot were written from: nothing tells what \
                     came after them. Have the generation filled from the log that is there: `millrace generation start`",
                    note.topic
                )
                .into());
            }
        }
    }
    Ok(has_forgotten)
}

/// Restores the indexes in one engine, and lets their writer begin where the snapshot was taken; false where the engine has no
/// snapshot.
async fn restore(
    plan: &RestorePlan,
    one: &Destination<Engine>,
    ask: &RestoreSnapshot,
) -> Result<bool, Failure> {
    let Some(note) = plan.notes.get(one.kind.name()) else { return Ok(false) };
    let (engine, repository) = (&one.engine, &ask.of.repository);
    let is_new = engine.restored().await? == RestoreProgress::Absent;
    if is_new {
        engine.begin_restore(repository, &ask.name, &plan.from).await?;
    }
    wait(engine, ask).await?;
    // Not before: a shard that still waits for its place does not tell where it comes from.
    if !is_new && !engine.is_restored_from(repository, &ask.name).await? {
        return Err(format!(
            "indexes of these names are there, left by a restore that was interrupted, and the engine does not know, or no longer \
             knows, that they came from this snapshot: {}",
            delete_both(engine)
        )
        .into());
    }
    // Checks what they were made for, and adds the aliases by which they are written.
    let indexes = engine.ensure().await?;
    if indexes.chunks.created || indexes.documents.created {
        return Err(format!("an index was deleted while it was restored: {}", delete_both(engine)).into());
    }
    let reader = TopicReader::sink(one.kind.worker(), &plan.into.names, &engine.cluster().await?);
    plan.into.kafka.begin(&reader.group, &reader.topic, note.places.committed(&indexes)).await?;
    Ok(true)
}

/// Waits until every shard is restored.
async fn wait(engine: &Engine, ask: &RestoreSnapshot) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        match engine.restored().await? {
            RestoreProgress::Done => return Ok(()),
            RestoreProgress::Running => {
                check_patience((began, ask.patience), &format!("the restore of {}", ask.name))?;
                sleep(PAUSE).await;
            }
            RestoreProgress::Absent => return Err("the indexes were deleted meanwhile: ask again".into()),
            RestoreProgress::Failed(shards) => {
                return Err(format!("not restored: {}; {}", shards.join("; "), delete_both(engine)).into());
            }
        }
    }
}

fn delete_both(engine: &Engine) -> String {
    let [chunks, documents] =
        [Target::Chunks, Target::Documents].map(|target| engine.names().physical(target));
    format!(
        "delete the indexes {chunks} and {documents} of this engine (DELETE /{chunks},{documents}?ignore_unavailable=true), and ask again"
    )
}

/// Enters the generation: its writers begin.
async fn enter(plan: &RestorePlan, author: &ChangeAuthor) -> Result<(), Failure> {
    let kafka = &plan.into.kafka;
    let topic = plan.into.generation.vectors();
    let ends = end_offsets(kafka, &topic).await?;
    let entry = GenerationEntry { barrier: [(topic, ends)].into(), ..plan.entry.clone() };
    let change = |registry: &Registry| {
        let mut entries = match &plan.first {
            Some(first) => rules::adopt(registry, first.clone(), author)?,
            None => Vec::new(),
        };
        entries.extend(rules::start(registry, entry.clone())?);
        Ok(entries)
    };
    Ok(RegistryWriter::new(kafka.clone(), plan.into.names.index()).change(change).await?)
}

fn tell(ask: &RestoreSnapshot, plan: &RestorePlan, answers: &[Answer<bool>]) -> Result<(), Failure> {
    let id = &plan.entry.id;
    told(
        &ask.of,
        answers,
        |restored| json!({ "generation": id, "restored": restored, "repair": plan.forgets }),
        |engine, restored| {
            let what = if *restored { "restored" } else { "not restored: filled from the log" };
            show::line(&format!("{engine:<14} {id} {what}"));
        },
    )
    .map(drop)
}

fn say_what_next(RestorePlan { entry, notes, forgets, .. }: &RestorePlan) {
    let id = &entry.id;
    let at = notes.values().map(|note| note.places.at).min().unwrap_or_default();
    show::note(&format!(
        "generation {id} goes on with what came after {}; `millrace generation status {id} --until-built` waits and proves that it \
         holds everything, `millrace generation promote {id}` serves it then",
        moment(at)
    ));
    if *forgets {
        show::note(&format!(
            "that is longer ago than the log keeps deletions: `millrace audit --generation {id} --repair` finds what was deleted \
             meanwhile"
        ));
    }
    if entry.mapping.version != MAPPING_VERSION {
        show::note(&format!(
            "its mapping has version {}, and this release writes {MAPPING_VERSION}: keep the workers of the release that writes it",
            entry.mapping.version
        ));
    }
}
