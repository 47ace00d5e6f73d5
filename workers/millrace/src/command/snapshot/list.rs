//! `snapshot list`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::process::ExitCode;

use process::Failure;
use serde::Serialize;
use serde_json::json;
use sink::{Engine, EngineSnapshot, SnapshotState};
use stream::kafka::Kafka;
use stream::{Broker as _, StreamError, wall_seconds};

use super::{each, forgets, index_of, moment, told};
use crate::cli::ListSnapshots;
use crate::show;
use crate::snapshots::{LogReach, SnapshotNote};
use crate::world::{Destination, World};

/// A snapshot, and whether the log can follow it.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    snapshot: EngineSnapshot,
    log: LogReach,
    #[serde(skip)]
    note: SnapshotNote,
}

pub(super) async fn run(ask: &ListSnapshots) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.of.ask.world).await?;
    let mut logs = BTreeMap::new();
    let answers =
        each(&world, &ask.of, async |one: &Destination<Engine>| rows(&world, one, ask, &mut logs).await)
            .await;
    told(
        &ask.of,
        &answers,
        |rows| json!(rows),
        |engine, rows| {
            if rows.is_empty() {
                show::line(&format!(
                    "{engine:<14} no snapshot of {} in {}",
                    index_of(&ask.of),
                    ask.of.repository
                ));
            }
            for row in rows {
                show::line(&format!("{engine:<14} {}", in_one_line(row)));
            }
        },
    )
}

/// The snapshots of one engine, oldest first. `logs` keeps what was asked of Kafka already.
async fn rows(
    world: &World,
    one: &Destination<Engine>,
    ask: &ListSnapshots,
    logs: &mut BTreeMap<String, Option<Vec<Range<i64>>>>,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for snapshot in one.engine.snapshots(&ask.of.repository).await? {
        let note = SnapshotNote::of(&snapshot).filter(|note| note.index == index_of(&ask.of));
        let Some(note) = note else { continue };
        let held = match logs.entry(note.topic.clone()) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(free) => free.insert(log_of(&world.kafka, &note.topic).await?),
        };
        let log = note.places.reach(held.as_deref(), wall_seconds(), forgets());
        rows.push(Row { snapshot, log, note });
    }
    rows.sort_by_key(|row| row.snapshot.started);
    Ok(rows)
}

/// The offsets that each partition of a topic holds now; none where there is no such topic.
pub(super) async fn log_of(kafka: &Kafka, topic: &str) -> Result<Option<Vec<Range<i64>>>, StreamError> {
    let Some(partitions) = kafka.existing(topic).await? else { return Ok(None) };
    let mut log = Vec::new();
    for partition in 0..partitions {
        log.push(kafka.range(topic, partition).await?);
    }
    Ok(Some(log))
}

fn in_one_line(Row { snapshot, log, note }: &Row) -> String {
    let EngineSnapshot { name, state, failures, .. } = snapshot;
    let state = match state {
        SnapshotState::Running => "running".to_owned(),
        SnapshotState::Success => "whole".to_owned(),
        SnapshotState::Partial => format!("not whole ({})", failures.join("; ")),
        SnapshotState::Failed => format!("failed ({})", failures.join("; ")),
    };
    format!(
        "{name}  {state}, generation {} ({}), as of {}, by {}, {} passages, {} documents; {}",
        note.generation,
        note.model,
        moment(note.places.at),
        note.by,
        note.passages,
        note.documents,
        log.words()
    )
}
