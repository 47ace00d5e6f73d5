//! `replicate`: vectors in, Elasticsearch written.

use std::process::ExitCode;

use generation::Names;
use process::{Failure, Host};
use replicate::Config;
use sink::WriteSettings;
use stream::kafka::Kafka;

fn main() -> ExitCode {
    process::run("replicate", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = model::generation(&bundle, &config.backend);
    let names = Names::new(&config.index.index, &generation)?;
    let engine = config.elasticsearch.connect(&config.requests, names)?;
    host.readiness().ready();
    let settings = WriteSettings { worker: "replicate", lanes: config.lanes, building: config.building };
    sink::run(Kafka::new(&config.kafka), engine, settings, host.stopping()).await?;
    Ok(())
}
