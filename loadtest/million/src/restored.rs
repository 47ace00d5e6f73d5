//! Is what `chunk` restored exactly what was written?

use std::path::Path;

use ledger::{Folder, Ledger};
use process::Failure;
use serde_json::{Value, json};

use crate::data;
use crate::world::World;

/// Bytes of the stores' caches.
const CACHE: usize = 64 << 20;

/// Opens the working copies in `folder`, which `chunk` must have left, and compares every entry.
pub(crate) async fn compare(world: &World, count: u64, folder: &Path) -> Result<Value, Failure> {
    let topic = topics::ledger(&world.generation.chunking);
    // Opening would make what is not there.
    if !tokio::fs::try_exists(folder.join(&topic)).await? {
        return Err(format!("chunk left no working copy of {topic} in {}", folder.display()).into());
    }
    let folder = Folder::claim(folder)?;
    let ledger = Ledger::open(&world.kafka, &folder, &topic, CACHE).await?;
    let mut differences = 0_u64;
    for number in 0..count {
        let wanted = data::entry(number, &world.generation)?;
        if ledger.get(&wanted.document)?.as_ref() != Some(&wanted) {
            differences += 1;
        }
    }
    let documents = ledger.counts().documents();
    Ok(
        json!({"documents": documents, "equal": documents == count && differences == 0, "differences": differences}),
    )
}
