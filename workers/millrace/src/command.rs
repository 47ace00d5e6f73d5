//! One file for each thing that can be asked; this one sends each question to its file.

mod ask;
mod audit;
mod bucket;
mod chunk;
mod confirm;
mod dead_letters;
mod embed;
mod eval;
mod extract;
mod key;
mod ledger_rebuild;
mod put;
mod reconcile;
mod rm;
mod rounds;
mod search;
mod skip;
mod status;
mod topics_apply;
mod try_folder;

use std::process::ExitCode;

use process::Failure;

use crate::cli::{Ask, Bucket, Cli, LedgerCommand, Topics};

/// Does what was asked.
///
/// # Errors
/// What could not be done, for a person to mend.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.ask {
        Ask::Topics(Topics::Apply(ask)) => topics_apply::run(ask).await,
        Ask::Bucket(Bucket::Init(ask)) => bucket::run(ask).await,
        Ask::Put(ask) => put::run(ask).await,
        Ask::Rm(ask) => rm::run(ask).await,
        Ask::Status(ask) => status::run(ask).await,
        Ask::Search(ask) => search::run(ask).await,
        Ask::Ask(ask) => ask::run(ask).await,
        Ask::Key(ask) => key::run(&ask),
        Ask::Audit(ask) => audit::run(ask).await,
        Ask::Reconcile(ask) => reconcile::run(ask).await,
        Ask::Confirm(ask) => confirm::run(ask).await,
        Ask::Skip(ask) => skip::run(ask).await,
        Ask::Ledger(LedgerCommand::Rebuild(ask)) => ledger_rebuild::run(ask).await,
        Ask::DeadLetters(ask) => dead_letters::run(ask).await,
        Ask::Try(ask) => try_folder::run(&ask).await,
        Ask::Extract(ask) => extract::run(&ask).await,
        Ask::Chunk(ask) => chunk::run(&ask).await,
        Ask::Embed(ask) => embed::run(ask).await,
        Ask::Eval(ask) => eval::run(*ask).await,
    }
}
