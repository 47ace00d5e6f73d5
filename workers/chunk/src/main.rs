//! `chunk`: document references in, the difference in chunks out.

use std::process::ExitCode;
use std::time::Duration;

use chunk::difference::Topics;
use chunk::read::Reader;
use chunk::stage::{Copies, Limits};
use chunk::{ChunkStage, Config};
use ledger::Folder;
use model::Tokenizer;
use objects::S3Store;
use process::{Failure, Host};
use sandbox::Sandbox;
use stream::kafka::Kafka;
use stream::{Delivery, Plan};

/// A batch grows up to so many bytes of passages, and for so long.
const ENOUGH: (usize, Duration) = (8 << 20, Duration::from_secs(5));

fn main() -> ExitCode {
    sandbox::child().unwrap_or_else(|| process::run("chunk", work))
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let chunking = model::chunking(&bundle);
    let splitter = model::splitter(&bundle, Tokenizer::open(&bundle)?, config.most_chunks)?;
    let topics = Topics {
        chunks: topics::chunks(&chunking),
        ledger: topics::ledger(&chunking),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        largest_record: topics::LARGEST_RECORD,
    };
    let plan = Plan {
        worker: "chunk",
        group: format!("chunk-{}", chunking.short()),
        input: topics::DOCUMENTS.to_owned(),
        alike: vec![topics.chunks.clone(), topics.ledger.clone()],
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes: config.lanes.clone(),
    };
    let (kafka, store) = (Kafka::new(&config.kafka), S3Store::new(&config.store)?);
    let limits = Limits {
        buckets: config.buckets,
        largest: config.largest_document,
        patience: config.lanes.patience(),
        guard: config.guard,
        enough: ENOUGH.0,
        long_enough: ENOUGH.1,
    };
    let copies = Copies { folder: Folder::claim(&config.data)?, cache_bytes: config.ledger_cache };
    let reader = Reader::new(Sandbox::new(config.sandbox), splitter);
    let stage = ChunkStage::new(kafka.clone(), store, reader, (chunking, topics), (limits, copies));
    host.readiness().ready();
    stream::run(kafka, plan, stage, host.stopping()).await?;
    Ok(())
}
