//! `replicate`: vectors in, Elasticsearch written.

use std::process::ExitCode;

use model::Generation;
use process::{Failure, Host};
use replicate::Config;
use sink::{Elasticsearch, IndexPlan, Names, WriteStage};
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    process::run("replicate", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = Generation::of(&bundle, &config.backend);
    let names = Names::new(&config.index.index, &generation.space)?;
    let group = format!("replicate-{}", names.generation());
    let engine = Elasticsearch::connect(&config.elasticsearch, &config.requests, names)?;
    let plan = IndexPlan {
        space: generation.space.clone(),
        chunking: generation.chunking.clone(),
        model: generation.model.clone(),
        dimension: generation.dimension,
    };
    let stage = WriteStage::new(engine, plan).patience(config.lanes.patience());
    let pipeline = Plan {
        worker: "replicate",
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
