//! `millrace`: the operator's command.

use std::process::ExitCode;

use clap::Parser;
use millrace::cli::Cli;
use millrace::{command, show};

fn main() -> ExitCode {
    sandbox::child().unwrap_or_else(|| run(Cli::parse()))
}

fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return show::failure(&error),
    };
    let code = runtime.block_on(async {
        if let Err(error) = telemetry::start(&cli.telemetry()) {
            return show::failure(&error);
        }
        match command::run(cli).await {
            Ok(code) => code,
            Err(failure) => show::failure(failure.as_ref()),
        }
    });
    runtime.shutdown_background();
    code
}
