//! `train …`: models that are trained on the documents' own domain.

pub(super) mod data;
pub(super) mod runs;

use std::process::ExitCode;

use process::Failure;

use crate::cli::TrainCommand;

pub(super) async fn run(ask: TrainCommand) -> Result<ExitCode, Failure> {
    match ask {
        TrainCommand::Data(ask) => data::run(&ask).await,
        TrainCommand::Now(ask) => runs::now(&ask).await,
        TrainCommand::Status(ask) => runs::status(&ask).await,
        TrainCommand::Stop(ask) => runs::stop(&ask).await,
        TrainCommand::Log(ask) => runs::log(&ask).await,
    }
}
