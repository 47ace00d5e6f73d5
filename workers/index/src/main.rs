//! `index`: vectors in, OpenSearch written.

use std::process::ExitCode;

use generation::Names;
use index::Config;
use process::{Failure, Host};
use sink::WriteSettings;
use stream::kafka::Kafka;

fn main() -> ExitCode {
    process::run("index", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = model::generation(&bundle, &config.backend);
    let names = Names::new(&config.index.index, &generation)?;
    let engine = config.opensearch.connect(&config.requests, names)?;
    host.readiness().ready();
    let settings = WriteSettings { worker: "index", lanes: config.lanes, building: config.building };
    sink::run(Kafka::new(&config.kafka), engine, settings, host.stopping()).await?;
    Ok(())
}
