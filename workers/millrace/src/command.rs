//! One file per command; this one dispatches.

mod archive;
mod ask;
mod audit;
mod bucket;
mod chat;
mod chunk;
mod confirm;
mod dead_letters;
mod drift;
mod embed;
mod eval;
mod eval_answers;
mod extract;
mod generation;
mod keep_up;
mod key;
mod ledger_rebuild;
mod model;
mod put;
mod reconcile;
mod register;
mod replicate_index;
mod rm;
mod rounds;
mod search;
mod skip;
mod snapshot;
mod status;
mod topics_apply;
mod train;
mod try_folder;

use std::process::ExitCode;

use process::Failure;

use crate::cli::{BucketCommand, Cli, LedgerCommand, OperatorCommand, TopicsCommand};

/// Runs the given command.
///
/// # Errors
/// When the command fails; the message is for the operator.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.ask {
        OperatorCommand::Topics(TopicsCommand::Apply(ask)) => topics_apply::run(ask).await,
        OperatorCommand::Bucket(BucketCommand::Init(ask)) => bucket::run(ask).await,
        OperatorCommand::Put(ask) => put::run(ask).await,
        OperatorCommand::Rm(ask) => rm::run(ask).await,
        OperatorCommand::Status(ask) => status::run(ask).await,
        OperatorCommand::Search(ask) => search::run(ask).await,
        OperatorCommand::Ask(ask) => ask::run(ask).await,
        OperatorCommand::Chat(chat) => chat::run(chat).await,
        OperatorCommand::Key(ask) => key::run(&ask),
        OperatorCommand::Audit(ask) => audit::run(ask).await,
        OperatorCommand::Reconcile(ask) => reconcile::run(ask).await,
        OperatorCommand::Confirm(ask) => confirm::run(ask).await,
        OperatorCommand::Skip(ask) => skip::run(ask).await,
        OperatorCommand::Ledger(LedgerCommand::Rebuild(ask)) => ledger_rebuild::run(ask).await,
        OperatorCommand::Generation(ask) => generation::run(*ask).await,
        OperatorCommand::Model(ask) => model::run(*ask).await,
        OperatorCommand::Train(ask) => train::run(*ask).await,
        OperatorCommand::Drift(ask) => drift::run(ask).await,
        OperatorCommand::KeepUp(ask) => Box::pin(keep_up::run(&ask)).await,
        OperatorCommand::ReplicateIndex(ask) => replicate_index::run(&ask).await,
        OperatorCommand::Snapshot(ask) => snapshot::run(*ask).await,
        OperatorCommand::Export(ask) => archive::export(&ask).await,
        OperatorCommand::Import(ask) => archive::import(&ask).await,
        OperatorCommand::DeadLetters(ask) => dead_letters::run(ask).await,
        OperatorCommand::Try(ask) => try_folder::run(&ask).await,
        OperatorCommand::Extract(ask) => extract::run(&ask).await,
        OperatorCommand::Chunk(ask) => chunk::run(&ask).await,
        OperatorCommand::Embed(ask) => embed::run(ask).await,
        OperatorCommand::Eval(ask) => eval::run(*ask).await,
        OperatorCommand::EvalAnswers(ask) => eval_answers::run(*ask).await,
    }
}
