//! `embed`: chunks in, vectors out.

use std::process::ExitCode;

use embed::{Config, EmbedStage};
use generation::TopicReader;
use model::Backend;
use process::{Failure, Host};
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    process::run("embed", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = model::generation(&bundle, &config.encoder.backend);
    let encoder = Backend::open(&bundle, &config.encoder)?;
    let (reader, vectors) = (TopicReader::embed(&generation), generation.vectors());
    let patience = config.lanes.patience();
    let plan = Plan {
        worker: reader.worker,
        group: reader.group,
        input: reader.topic,
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
