//! `snapshot create`.

use std::process::ExitCode;

use generation::{Target, TopicReader};
use process::Failure;
use serde::Serialize;
use serde_json::json;
use sink::{Engine, Reader as _, Sink as _, SnapshotName, SnapshotState};
use stream::kafka::committed_offsets;
use stream::wall_seconds;
use tokio::time::{Instant, sleep};

use super::super::rounds::rounds;
use super::{PAUSE, check_patience, each, told};
use crate::cli::CreateSnapshot;
use crate::show;
use crate::snapshots::{SavedPlaces, SnapshotNote, beyond, name_of};
use crate::world::{Destination, World};

/// A snapshot that was taken.
#[derive(Debug, Serialize)]
struct Taken {
    name: String,
    #[serde(flatten)]
    note: SnapshotNote,
    /// Older ones that were deleted.
    deleted: Vec<String>,
}

pub(super) async fn run(ask: &CreateSnapshot) -> Result<ExitCode, Failure> {
    rounds(ask.every, async || round(ask).await).await
}

/// One snapshot in each engine, of what is served by now unless another generation is named.
async fn round(ask: &CreateSnapshot) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.of.ask.world).await?;
    let name = match &ask.name {
        Some(name) => name.clone(),
        None => name_of(world.names.index(), &world.generation.short(), wall_seconds()).parse()?,
    };
    let answers =
        each(&world, &ask.of, async |one: &Destination<Engine>| create(&world, one, ask, &name).await).await;
    told(
        &ask.of,
        &answers,
        |taken| json!(taken),
        |engine, Taken { name, note, deleted }| {
            show::line(&format!(
                "{engine:<14} {name}: generation {}, {} passages, {} documents",
                note.generation, note.passages, note.documents
            ));
            for old in deleted {
                show::line(&format!("{engine:<14} {old} deleted (--keep)"));
            }
        },
    )
}

async fn create(
    world: &World,
    one: &Destination<Engine>,
    ask: &CreateSnapshot,
    name: &SnapshotName,
) -> Result<Taken, Failure> {
    let (engine, repository) = (&one.engine, &ask.of.repository);
    let before = engine.standing().await?;
    let reader = TopicReader::sink(one.kind.worker(), &world.names, &engine.cluster().await?);
    // Read before the snapshot begins: what stands before these offsets is in the indexes then, and in the snapshot.
    let committed = committed_offsets(&world.kafka, &reader.group, &reader.topic).await?;
    let note = SnapshotNote {
        generation: world.generation.short(),
        index: world.names.index().to_owned(),
        model: world.generation.name.clone(),
        group: reader.group,
        topic: reader.topic,
        identity: before.committed_as(None),
        passages: engine.count(Target::Chunks).await?,
        documents: engine.count(Target::Documents).await?,
        by: ask.of.ask.by.clone(),
        places: SavedPlaces::of(reader.worker, &before, committed, wall_seconds())?,
    };
    engine.begin_snapshot(repository, name, &note.clone().fitted()?).await?;
    wait(engine, ask, name).await?;
    // Indexes that were deleted or went back in between are not those that the offsets are about.
    if engine.standing().await? != before {
        engine.delete_snapshot(repository, name).await?;
        return Err(
            "the indexes became others while the snapshot was taken, so it was deleted: ask again".into()
        );
    }
    let deleted = tidy(world, engine, ask).await?;
    Ok(Taken { name: name.to_string(), note, deleted })
}

/// Waits until the engine has taken the snapshot.
async fn wait(engine: &Engine, ask: &CreateSnapshot, name: &SnapshotName) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let snapshot = engine.snapshot(&ask.of.repository, name).await?;
        let snapshot =
            snapshot.ok_or_else(|| format!("somebody deleted the snapshot {name} while it was taken"))?;
        match snapshot.state {
            SnapshotState::Success => return Ok(()),
            SnapshotState::Running => {
                check_patience((began, ask.patience), &format!("the snapshot {name}"))?;
                sleep(PAUSE).await;
            }
            SnapshotState::Partial | SnapshotState::Failed => {
                return Err(format!(
                    "the snapshot {name} is not whole ({}): mend that, `millrace snapshot delete {name}`, and take another",
                    snapshot.failures.join("; ")
                )
                .into());
            }
        }
    }
}

/// Deletes what is beyond those to keep.
async fn tidy(world: &World, engine: &Engine, ask: &CreateSnapshot) -> Result<Vec<String>, Failure> {
    let Some(keep) = ask.keep else { return Ok(Vec::new()) };
    let index = world.names.index();
    // Asked now: another one may be served since the snapshot began.
    let registry = registry::look(&world.kafka).await?;
    let serving = registry.serving(index).map(|serving| serving.id.clone());
    let served = serving.unwrap_or_else(|| world.generation.short());
    let all = engine.snapshots(&ask.of.repository).await?;
    let mut deleted = Vec::new();
    for old in beyond(&all, (index, &served), keep) {
        engine.delete_snapshot(&ask.of.repository, &old.parse()?).await?;
        deleted.push(old.to_owned());
    }
    Ok(deleted)
}
