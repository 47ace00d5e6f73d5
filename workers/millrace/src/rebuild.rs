//! Rebuilds the ledger from what is left: the chunks topic and, for what that does not know, the engines.
//!
//! A document that the chunks topic knows, and of which no engine holds a later version, gets the entry that follows
//! from its last record; nothing of it is embedded or written again. Any other document that an engine holds, and that
//! the current ledger does not have in that state, gets an entry of a new epoch that lists every known passage, and
//! `chunk` is asked for a forced look. The document is then written again above every version that ever existed, and
//! stale passages are deleted.
//!
//! Reading order: [`scratch`] entries on disk · [`said`] what the chunks topic says · [`held`] what the engines hold ·
//! [`kept`] the epoch in the bucket · [`write`] writes the ledger, partition by partition. Memory holds one document, a
//! few MB of entries, and the block caches of the copies on disk.

use std::path::Path;

use futures::stream::TryStreamExt as _;
use generation::TopicReader;
use ledger::{FIRST_EPOCH, Folder, Ledger, LedgerError};
use message::{LedgerEntry, Version};
use objects::Store;
use process::Failure;
use sink::{Reader, Sink, SinkError};
use stream::Broker;

pub mod held;
pub mod kept;
pub mod said;
pub mod scratch;
pub mod write;

use crate::again::{LookRequest, LookWriter};
use crate::audit::scan;
use crate::entries::OWN_BUCKET;
use crate::world::World;
use scratch::Scratch;
use write::LedgerTarget;

/// Block cache of each ledger on disk, in bytes.
const CACHE: usize = 32 << 20;
/// The epoch of a version has 23 bits.
const LAST_EPOCH: u64 = (1 << 23) - 1;

/// A ledger that was put together but is not yet written to Kafka.
#[derive(Debug)]
pub struct Draft {
    /// All entries.
    whole: Scratch,
    /// Documents that the engines know better than the chunks topic, with the version that the engines hold.
    lifted: Scratch,
    /// What the ledger's topic holds now.
    existing: Ledger,
    /// What was found.
    pub found: Found,
}

/// What was found before anything is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Documents that the chunks topic knows, including removed ones.
    pub said: u64,
    /// Documents that the engines know better than the chunks topic and the current ledger: they are embedded again.
    pub lifted: u64,
    /// Documents of the current ledger.
    pub existing: u64,
    /// Documents that the current ledger lacks, or has only in an earlier state.
    pub missing: u64,
    /// The new epoch: above every epoch seen anywhere.
    pub epoch: u32,
}

impl Found {
    /// Whether the current ledger lacks nothing that is known, so that there is nothing to rebuild.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.existing > 0 && self.missing == 0
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Entries written.
    pub written: u64,
    /// Existing entries that are later and were kept.
    pub kept: u64,
    /// Requests to `chunk` to look at a document.
    pub asked: u64,
}

/// Puts a ledger together on disk, below `folder`. Writes nothing to Kafka.
///
/// # Errors
/// When something does not answer or cannot be read, or no epoch is left.
pub async fn draft<K: Broker, O: Store, E: Reader + Sink>(
    world: &World<K, O, E>,
    folder: &Path,
) -> Result<Draft, Failure> {
    let topic = world.generation.ledger();
    let partitions = world.kafka.partitions(&topic).await?;
    let place = |name: &str| Folder::claim(&folder.join(name));
    let mut existing = Ledger::open(&world.kafka, &place("existing")?, &topic, CACHE).await?;
    let mut whole = Scratch::new(&place("whole")?, &topic, partitions).await?;
    let mut lifted = Scratch::new(&place("lifted")?, &topic, partitions).await?;
    let highest = said::fill(world, &mut whole).await?;
    let said = whole.ledger().counts().documents();
    let engines = held::highest(world).await?;
    held::fill(world, whole.ledger(), &mut lifted).await?;
    // Read last, so that on a running system the ledger is at least as recent as what was read before.
    existing.catch_up(&world.kafka).await?;
    let seen = highest.into_iter().chain(engines).map(Version::epoch).max().unwrap_or(0);
    let kept = kept::read(&world.store, &world.bucket).await?;
    let epoch = next_epoch(seen.max(u64::from(existing.epoch())).max(kept))?;
    let mut found = Found { said, epoch, ..Found::default() };
    for entry in lifted.ledger().scan(None) {
        let entry = entry?;
        if !knows(&existing, &entry)? {
            found.lifted += 1;
            whole.put(LedgerEntry { version: Version::first(epoch), ..entry })?;
        }
    }
    whole.flush()?;
    for entry in whole.ledger().scan(None) {
        found.missing += u64::from(!knows(&existing, &entry?)?);
    }
    for entry in existing.scan(None) {
        found.existing += u64::from(entry?.document.bucket() != OWN_BUCKET);
    }
    Ok(Draft { whole, lifted, existing, found })
}

/// Whether the ledger has this state of the document, or a later one. An entry that an earlier run only listed does not
/// count: nobody has read the object since, for example because that run was interrupted.
fn knows(existing: &Ledger, entry: &LedgerEntry) -> Result<bool, LedgerError> {
    let known = |there: LedgerEntry| there.version >= entry.version && !there.is_provisional();
    Ok(existing.get(&entry.document)?.is_some_and(known))
}

fn next_epoch(highest: u64) -> Result<u32, Failure> {
    let next = highest.max(u64::from(FIRST_EPOCH)) + 1;
    if next > LAST_EPOCH {
        return Err(format!(
            "epoch {next} is beyond the last that a version can hold: use a new MILLRACE_INDEX"
        )
        .into());
    }
    Ok(u32::try_from(next)?)
}

impl Draft {
    /// Writes the ledger. If the engines know any document better, also asks `chunk` to look at those documents and at
    /// objects that have no entry.
    ///
    /// # Errors
    /// When something does not answer. The rebuild can then be run again; what was written stays.
    pub async fn commit<K: Broker, O: Store, E>(
        mut self,
        world: &World<K, O, E>,
        run: &str,
    ) -> Result<Done, Failure> {
        let topic = world.generation.ledger();
        kept::write(&world.store, &world.bucket, self.found.epoch).await?;
        let mut looks = LookWriter::new(&world.kafka)?;
        let target = LedgerTarget {
            broker: &world.kafka,
            topic: &topic,
            group: &TopicReader::chunk(&world.generation.chunking).group,
            epoch: self.found.epoch,
            run,
        };
        let mut done = Done::default();
        let partitions = i32::try_from(self.whole.ledger().copies().len())?;
        for (partition, copy) in (0..).zip(self.whole.ledger().copies()) {
            let part = target.write((partition, partitions), copy, &mut self.existing, &mut looks).await?;
            done.written += part.written;
            done.kept += part.kept;
        }
        if self.found.lifted > 0 {
            self.ask(world, run, &mut looks).await?;
        }
        looks.flush().await?;
        done.asked = looks.written();
        Ok(done)
    }

    async fn ask<K: Broker, O: Store, E>(
        &self,
        world: &World<K, O, E>,
        run: &str,
        looks: &mut LookWriter<K>,
    ) -> Result<(), Failure> {
        for entry in self.lifted.ledger().scan(None) {
            let document = entry?.document;
            let taken = self.whole.ledger().get(&document)?;
            if taken.is_some_and(|entry| entry.version == Version::first(self.found.epoch)) {
                let look = LookRequest::forced(document, Vec::new()).only(&world.generation.chunking);
                looks.say(look.record(write::SOURCE, run)?).await?;
            }
        }
        let mut listing = scan::bucket(&world.store, &world.bucket, &world.scope);
        while let Some((document, _)) = listing.try_next().await? {
            if self.whole.ledger().get(&document)?.is_none() {
                let look = LookRequest::look(document).only(&world.generation.chunking);
                looks.say(look.record(write::SOURCE, run)?).await?;
            }
        }
        Ok(())
    }
}

/// None when the index does not exist: it holds nothing.
fn unless_missing<T>(answer: Result<T, SinkError>) -> Result<Option<T>, SinkError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SinkError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
