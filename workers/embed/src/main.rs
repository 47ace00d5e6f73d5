//! `embed`: chunks in, vectors out.

use std::process::ExitCode;

use embed::{Config, EmbedStage};
use model::{Backend, Generation};
use process::{Failure, Host};
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    process::run("embed", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = Generation::of(&bundle, &config.encoder.backend);
    let encoder = Backend::open(&bundle, &config.encoder)?;
    let vectors = topics::vectors(&generation.space);
    let patience = config.lanes.patience();
    let plan = Plan {
        worker: "embed",
        group: format!("embed-{}", generation.space.short()),
        input: topics::chunks(&generation.chunking),
        alike: vec![vectors.clone()],
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes: config.lanes,
    };
    let stage = EmbedStage::new(encoder, generation.space, vectors, patience);
    host.readiness().ready();
    embed::run(Kafka::new(&config.kafka), plan, stage, host.stopping()).await?;
    Ok(())
}
