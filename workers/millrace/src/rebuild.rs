//! The ledger, made anew from what still knows: the chunks topic where it is there, the engines where it is not.
//!
//! A document that the chunks topic knows, and of which no engine holds a later version, gets the entry that its last
//! record tells: nothing of it is embedded or written again. Any other document that an engine holds gets an entry of a
//! new epoch with everything that the engines hold of it, and `chunk` is asked to look at it with force: so it is written
//! again above every version that there ever was, and what is stale is deleted.
//!
//! Order of files: [`scratch`] entries on disk · [`said`] what the chunks topic says · [`held`] what the engines hold ·
//! [`kept`] the epoch in the bucket · [`write`] into the ledger, partition by partition. What is held in memory is one document and a few MB.

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

/// Bytes of the copies on disk that are kept in memory.
const CACHE: usize = 32 << 20;
/// The epoch of a version has 23 bits.
const LAST_EPOCH: u64 = (1 << 23) - 1;

/// A ledger that was put together and is not written yet.
#[derive(Debug)]
pub struct Draft {
    /// Every entry.
    whole: Scratch,
    /// What the engines know better than the chunks topic, with the version that they hold.
    lifted: Scratch,
    /// What the ledger's topic holds now.
    existing: Ledger,
    /// What was found.
    pub found: Found,
}

/// What was found before anything is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Documents that the chunks topic knows, removed ones included.
    pub said: u64,
    /// Documents that are known better by the engines: they are embedded again.
    pub lifted: u64,
    /// Documents of the ledger as it is.
    pub existing: u64,
    /// Documents that it lacks.
    pub missing: u64,
    /// The new epoch: above every one that was ever seen.
    pub epoch: u32,
}

impl Found {
    /// True when the ledger lacks nothing that is known of, so that there is nothing to rebuild.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.existing > 0 && self.missing == 0
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Entries.
    pub written: u64,
    /// Entries that were there and are later: they stay.
    pub kept: u64,
    /// Documents at which `chunk` was asked to look.
    pub asked: u64,
}

/// Puts a ledger together, in copies below `folder`. Nothing is written to Kafka.
///
/// # Errors
/// When something does not answer or cannot be read.
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
    // Last, so that on a running system it knows at least as much as what was read before.
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

/// True when the ledger has this state of the document, or a later one. What an earlier run only listed, and nobody was
/// asked to read since, is not known: that run was interrupted.
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
    /// Writes the ledger, and asks `chunk` to look at what the engines know better, and at objects that nobody knows.
    ///
    /// # Errors
    /// When something does not answer. It can be run again: what was written is there, and stays.
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
                looks.say(LookRequest::forced(document, Vec::new()).record(write::SOURCE, run)?).await?;
            }
        }
        let mut listing = scan::bucket(&world.store, &world.bucket, &world.scope);
        while let Some((document, _)) = listing.try_next().await? {
            if self.whole.ledger().get(&document)?.is_none() {
                looks.say(LookRequest::look(document).record(write::SOURCE, run)?).await?;
            }
        }
        Ok(())
    }
}

/// An index that is not there holds nothing.
fn unless_missing<T>(answer: Result<T, SinkError>) -> Result<Option<T>, SinkError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SinkError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
