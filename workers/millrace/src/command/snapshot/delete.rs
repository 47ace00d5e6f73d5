//! `snapshot delete`.

use std::process::ExitCode;

use process::Failure;
use serde_json::json;
use sink::Engine;

use super::{each, index_of, told};
use crate::cli::DeleteSnapshot;
use crate::show;
use crate::snapshots::SnapshotNote;
use crate::world::{Destination, World};

pub(super) async fn run(ask: &DeleteSnapshot) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.of.ask.world).await?;
    let answers = each(&world, &ask.of, async |one: &Destination<Engine>| delete(one, ask).await).await;
    let code = told(
        &ask.of,
        &answers,
        |deleted| json!({ "deleted": deleted }),
        |engine, deleted| {
            let what = if *deleted { "deleted" } else { "not there" };
            show::line(&format!("{engine:<14} {} {what}", ask.name));
        },
    )?;
    let is_deleted = answers.iter().any(|(_, answer)| matches!(answer, Ok(true)));
    Ok(if is_deleted { code } else { ExitCode::FAILURE })
}

/// False when there is no snapshot of this name.
async fn delete(one: &Destination<Engine>, ask: &DeleteSnapshot) -> Result<bool, Failure> {
    let (name, repository, index) = (&ask.name, &ask.of.repository, index_of(&ask.of));
    let Some(snapshot) = one.engine.snapshot(repository, name).await? else { return Ok(false) };
    // Others may keep theirs in the same repository.
    if SnapshotNote::of(&snapshot).is_none_or(|note| note.index != index) {
        return Err(format!(
            "{name} in {repository} is no snapshot that Millrace took of {index}: delete it where it was made"
        )
        .into());
    }
    Ok(one.engine.delete_snapshot(repository, name).await?)
}
