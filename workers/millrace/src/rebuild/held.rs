//! What the engines hold, compared with what the chunks topic says.

use std::collections::BTreeSet;

use futures::stream::StreamExt as _;
use ledger::Ledger;
use message::{ChunkId, Fingerprint, LedgerEntry, Placement, Status, Version};
use process::Failure;
use sink::{Reader, Sink};
use stream::Broker;

use super::scratch::Scratch;
use super::unless_missing;
use crate::audit::Seen;
use crate::audit::scan::{self, EngineSource, Sources};
use crate::merge::Cursor;
use crate::world::World;

/// The highest version that any engine holds; none when all are empty.
///
/// # Errors
/// When an engine does not answer: it might hold a version above the new epoch.
pub async fn highest<K, O, E: Sink>(world: &World<K, O, E>) -> Result<Option<Version>, Failure> {
    let mut highest = None;
    for one in &world.engines {
        highest = highest.max(unless_missing(one.engine.highest(|_| true).await)?.flatten());
    }
    Ok(highest)
}

/// Adds to `lifted` an entry for each document that an engine holds and `said` does not know, or knows only in an
/// earlier version. The entry has the version that the engines hold.
///
/// # Errors
/// When an engine does not answer.
pub async fn fill<K: Broker, O, E: Reader>(
    world: &World<K, O, E>,
    said: &Ledger,
    lifted: &mut Scratch,
) -> Result<(), Failure> {
    let mut engines: Vec<EngineSource<'_>> = Vec::new();
    for one in &world.engines {
        if unless_missing(one.engine.refresh().await)?.is_some() {
            engines.push(scan::engine(one.kind.name(), &one.engine));
        }
    }
    let entries = said.scan(None).map(|entry| Ok(entry.map(|entry| (entry.document.clone(), entry))?));
    let mut sources = Sources {
        bucket: Cursor::new("nothing", futures::stream::empty()),
        ledger: Cursor::new("the chunks topic", futures::stream::iter(entries).boxed()),
        engines,
    };
    while let Some(seen) = sources.next().await? {
        let held =
            seen.engines.iter().filter_map(|held| held.record.as_ref()).map(|stored| stored.record.version);
        let held = held.max().unwrap_or(Version::from(0));
        // The engines are filled from the chunks topic, so its version of a document is never older than theirs, unless
        // the topic was lost.
        if seen.entry.as_ref().is_none_or(|said| said.version < held) {
            lifted.put(entry(seen, held, &world.generation.chunking))?;
        }
    }
    lifted.flush()?;
    Ok(())
}

/// An entry that lists every known passage of a document, not in document order: the forced look that follows decides
/// which of them stay.
fn entry(seen: Seen, version: Version, chunking: &Fingerprint) -> LedgerEntry {
    let said = seen.entry.iter().flat_map(|entry| &entry.chunks).map(|placement| &placement.id);
    let held = seen.engines.iter().flat_map(|held| &held.passages).map(|passage| &passage.id);
    let ids: BTreeSet<&ChunkId> = said.chain(held).collect();
    let place = |id: &ChunkId| Placement { id: id.clone(), start: 0, end: 0 };
    LedgerEntry {
        version,
        status: Status::Live,
        cause: None,
        etag: String::new(),
        digest: String::new(),
        chunking: chunking.clone(),
        chunks: ids.into_iter().map(place).collect(),
        document: seen.document,
    }
}
