//! `train`: conducts runs that train a model on the documents' own domain.

use std::process::ExitCode;

use process::{Failure, Host};
use train::Config;
use train::start::start;

fn main() -> ExitCode {
    process::run("train", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    start(config, host).await
}
