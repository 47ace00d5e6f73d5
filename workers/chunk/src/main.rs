//! `chunk`: document references in, changed chunks out.

use std::process::ExitCode;

use chunk::stage::Copies;
use chunk::{ChunkModels, ChunkTools, Config};
use ledger::Folder;
use objects::S3Store;
use process::{Failure, Host};
use sandbox::Sandbox;
use stream::kafka::Kafka;

fn main() -> ExitCode {
    sandbox::child().unwrap_or_else(|| process::run("chunk", work))
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let (bundle, store) = (config.model.open()?, S3Store::new(&config.store)?);
    let tools = ChunkTools {
        store: store.clone(),
        limits: config.limits(),
        extractor: Sandbox::new(config.sandbox),
        splitters: ChunkModels::open(bundle, config.further, config.most_chunks, store)?,
        copies: Copies { folder: Folder::claim(&config.data)?, cache_bytes: config.ledger_cache },
        lanes: config.lanes,
    };
    host.readiness().ready();
    chunk::follow(Kafka::new(&config.kafka), tools, host.stopping()).await?;
    Ok(())
}
