//! `embed`: chunks in, vectors out.

use std::process::ExitCode;

use embed::{Config, EmbedModels};
use objects::S3Store;
use process::{Failure, Host};
use stream::kafka::Kafka;

fn main() -> ExitCode {
    process::run("embed", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let store = S3Store::new(&config.store)?;
    let models = EmbedModels::open(bundle, config.further, config.encoder, store)?;
    host.readiness().ready();
    embed::follow(Kafka::new(&config.kafka), models, config.lanes, host.stopping()).await?;
    Ok(())
}
