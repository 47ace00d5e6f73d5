//! `chunk`: document references in, changed chunks out.

use std::process::ExitCode;

use chunk::difference::OutputTopics;
use chunk::read::DocumentReader;
use chunk::stage::Copies;
use chunk::{ChunkStage, Config};
use generation::TopicReader;
use ledger::Folder;
use model::Tokenizer;
use objects::S3Store;
use process::{Failure, Host};
use sandbox::Sandbox;
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

fn main() -> ExitCode {
    sandbox::child().unwrap_or_else(|| process::run("chunk", work))
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let chunking = model::chunking(&bundle);
    let splitter = model::splitter(&bundle, Tokenizer::open(&bundle)?, config.most_chunks)?;
    let topics = OutputTopics {
        chunks: topics::chunks(&chunking),
        ledger: topics::ledger(&chunking),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        largest_record: topics::LARGEST_RECORD,
    };
    let reads = TopicReader::chunk(&chunking);
    let plan = Plan {
        worker: reads.worker,
        group: reads.group,
        input: reads.topic,
        alike: vec![topics.chunks.clone(), topics.ledger.clone()],
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes: config.lanes.clone(),
    };
    let (kafka, store) = (Kafka::new(&config.kafka), S3Store::new(&config.store)?);
    let limits = config.limits();
    let copies = Copies { folder: Folder::claim(&config.data)?, cache_bytes: config.ledger_cache };
    let reader = DocumentReader::new(Sandbox::new(config.sandbox), splitter);
    let stage = ChunkStage::new(kafka.clone(), store, reader, (chunking, topics), (limits, copies));
    host.readiness().ready();
    stream::run(kafka, plan, stage, host.stopping()).await?;
    Ok(())
}
