//! `index`: vectors in, OpenSearch written.

use std::process::ExitCode;

use index::Config;
use model::Generation;
use process::{Failure, Host};
use sink::{IndexPlan, Names, OpenSearch, WriteStage};
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    process::run("index", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = Generation::of(&bundle, &config.backend);
    let names = Names::new(&config.index.index, &generation.space)?;
    let group = format!("index-{}", names.generation());
    let engine = OpenSearch::connect(&config.opensearch, &config.requests, names)?;
    let plan = IndexPlan {
        space: generation.space.clone(),
        chunking: generation.chunking.clone(),
        model: generation.model.clone(),
        dimension: generation.dimension,
    };
    let stage = WriteStage::new(engine, plan).patience(config.lanes.patience());
    let pipeline = Plan {
        worker: "index",
        group,
        input: topics::vectors(&generation.space),
        alike: Vec::new(),
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::AfterWrite,
        lanes: config.lanes,
    };
    host.readiness().ready();
    stream::run(Kafka::new(&config.kafka), pipeline, stage, host.stopping()).await?;
    Ok(())
}
