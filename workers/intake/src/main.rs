//! `intake`: raw object notices in, document references out.

use std::process::ExitCode;

use generation::TopicReader;
use intake::{Config, IntakeStage, WantedObjects};
use process::{Failure, Host};
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    process::run("intake", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let reader = TopicReader::intake();
    let plan = Plan {
        worker: reader.worker,
        group: reader.group,
        input: reader.topic,
        // The input is partitioned by the store; only the output is partitioned by document.
        alike: Vec::new(),
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes: config.lanes,
    };
    let stage =
        IntakeStage::new(WantedObjects { buckets: config.buckets, scope: config.scope }, topics::DOCUMENTS);
    host.readiness().ready();
    stream::run(Kafka::new(&config.kafka), plan, stage, host.stopping()).await?;
    Ok(())
}
