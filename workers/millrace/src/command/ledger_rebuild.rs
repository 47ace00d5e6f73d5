#![expect(clippy::disallowed_methods, reason = "edge: removes its folder on disk")]
//! `ledger rebuild`.

use std::io::ErrorKind;
use std::process::ExitCode;

use ledger::Folder;
use process::Failure;
use serde_json::json;
use stream::Broker as _;

use super::rounds::run as this_run;
use super::topics_apply::{self, TopicWish};
use crate::cli::LedgerRebuild;
use crate::rebuild::{Found, draft};
use crate::show;
use crate::world::World;

pub(super) async fn run(ask: LedgerRebuild) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world).await?;
    // The existing topic decides; after the loss of all of Kafka, the setting does.
    let partitions = world.kafka.partitions(topics::DOCUMENTS).await.unwrap_or(ask.partitions);
    let wish = TopicWish { partitions, replication: ask.replication, queries_days: None };
    topics_apply::apply(&world.kafka, std::slice::from_ref(&world.generation), wish, |_| Ok(())).await?;
    let folder = world.data.join("rebuild");
    let claimed = Folder::claim(&folder)?;
    // What an interrupted run left behind is of no use.
    for part in ["existing", "whole", "lifted"] {
        match std::fs::remove_dir_all(folder.join(part)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(format!("{}: {error}", folder.display()).into());
            }
            Ok(()) | Err(_) => {}
        }
    }
    let draft = draft(&world, &folder).await?;
    let found = draft.found;
    if !ask.json {
        say(&found);
    }
    if found.is_whole() && !ask.force {
        show::note(
            "this ledger lacks nothing that is known of: nothing was done; --force begins a new epoch all the same",
        );
        return Ok(ExitCode::FAILURE);
    }
    if found.lifted > 0 && !ask.yes {
        show::note("nothing was written: run it again with --yes");
        return Ok(ExitCode::FAILURE);
    }
    let done = draft.commit(&world, &this_run()).await?;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    drop(claimed);
    if ask.json {
        show::json(&json!({
            "epoch": found.epoch, "from_chunks": found.said, "from_engines": found.lifted, "existing": found.existing,
            "missing": found.missing, "written": done.written, "kept": done.kept, "asked_again": done.asked,
        }))?;
    } else {
        show::line(&format!(
            "epoch {}: {} entries written, {} later ones kept; chunk was asked to look at {} documents",
            found.epoch, done.written, done.kept, done.asked
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn say(found: &Found) {
    show::line(&format!("the ledger     {} documents, {} are missing", found.existing, found.missing));
    show::line(&format!(
        "chunks topic   {} documents: their entries are made from it, nothing is embedded again",
        found.said
    ));
    if found.lifted > 0 {
        show::line(&format!(
            "engines        {} documents that the chunks topic does not know, or not so well: each is read, embedded and \
             written again",
            found.lifted
        ));
    }
}
