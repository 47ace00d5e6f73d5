#![expect(clippy::disallowed_methods, reason = "edge: drops copies on disk that are of another ledger")]
//! The ledger as commands see it: working copies on disk, caught up with the topic, read by document or as a whole in
//! order.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::StreamExt as _;
use ledger::{Folder, Ledger, LedgerError};
use message::{DocumentId, LedgerEntry};
use process::Failure;
use stream::Broker;
use tokio::time::sleep;

use crate::merge::Sorted;
use crate::show;

/// The bucket name of entries that stand for no document; `ledger rebuild` writes one to each partition.
pub const OWN_BUCKET: &str = ".millrace";
/// Block cache of the working copies, in bytes.
const CACHE: usize = 32 << 20;
/// Maximum number of commands that run concurrently, each with its own copies.
const SIDE_BY_SIDE: usize = 8;
/// How often copies of another ledger are dropped, and the pause before each time.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(300);

/// The ledger of one chunking.
#[derive(Debug)]
pub struct Entries<K> {
    broker: K,
    folder: Folder,
    topic: String,
    ledger: Ledger,
}

impl<K: Broker> Entries<K> {
    /// Opens the ledger of `topic` as it is now, with its copies below `data`.
    ///
    /// # Errors
    /// When the broker does not answer, an entry cannot be read, or the folder cannot be used.
    pub async fn open(broker: &K, topic: String, data: &Path) -> Result<Self, Failure> {
        let folder = claim(data)?;
        let ledger = open(broker, &folder, &topic).await?;
        Ok(Self { broker: broker.clone(), folder, topic, ledger })
    }

    /// Reads what was added to the topic since.
    ///
    /// # Errors
    /// As [`Entries::open`].
    pub async fn catch_up(&mut self) -> Result<(), Failure> {
        match self.ledger.catch_up(&self.broker).await {
            // Opening the copies again recovers from these.
            Err(LedgerError::Broken { .. } | LedgerError::Changed { .. } | LedgerError::Rewound { .. }) => {}
            done => return Ok(done?),
        }
        // The old copies keep their files locked until they are dropped.
        drop(std::mem::take(&mut self.ledger));
        self.ledger = open(&self.broker, &self.folder, &self.topic).await?;
        Ok(())
    }

    /// A document's entry.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn entry(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, Failure> {
        Ok(self.ledger.get(document)?)
    }

    /// The entries of all documents after `after` (none: from the beginning), ordered by document; those of
    /// [`OWN_BUCKET`] are left out.
    pub fn sorted(&self, after: Option<&DocumentId>) -> Sorted<'_, LedgerEntry> {
        let of_documents = |entry: &Result<LedgerEntry, LedgerError>| {
            entry.as_ref().is_ok_and(|entry| entry.document.bucket() != OWN_BUCKET) || entry.is_err()
        };
        let all = self.ledger.scan(after).filter(of_documents);
        futures::stream::iter(all.map(|entry| Ok(entry.map(|entry| (entry.document.clone(), entry))?)))
            .boxed()
    }
}

/// Opens the copies. A ledger that lost entries stops `chunk`, because the copies of `chunk` show what was lost. A
/// command only notes the loss and reads what the topic holds, because its copies may be of another cluster, or of one
/// that was wiped on purpose.
async fn open<K: Broker>(broker: &K, folder: &Folder, topic: &str) -> Result<Ledger, Failure> {
    for _ in 0..TRIES {
        match Ledger::open(broker, folder, topic, CACHE).await {
            Err(error @ LedgerError::Lost { .. }) => {
                show::note(&format!(
                    "{error}, if it is the Kafka of before; going on with what the topic gives"
                ));
            }
            // The copy of another partition, opened by the failed attempt, is still being closed.
            Err(LedgerError::InUse { .. }) => {}
            done => return Ok(done?),
        }
        sleep(PAUSE).await;
        let copies = folder.path().join(topic);
        match std::fs::remove_dir_all(&copies) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(format!("{}: {error}", copies.display()).into());
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Ledger::open(broker, folder, topic, CACHE).await?)
}

/// Claims a folder that no other command holds.
fn claim(data: &Path) -> Result<Folder, Failure> {
    let name = |number: usize| if number == 1 { "millrace".to_owned() } else { format!("millrace-{number}") };
    let mut tried: Vec<PathBuf> = (1..=SIDE_BY_SIDE).map(|number| data.join(name(number))).collect();
    let last = tried.pop().unwrap_or_else(|| data.join("millrace"));
    for folder in tried {
        match Folder::claim(&folder) {
            Err(LedgerError::InUse { .. }) => {}
            done => return Ok(done?),
        }
    }
    Ok(Folder::claim(&last)?)
}

#[cfg(test)]
mod tests {
    use futures::stream::TryStreamExt as _;
    use message::Version;

    use super::*;
    use crate::bench::{self, PARTITIONS, document, entry};

    #[tokio::test]
    async fn a_ledger_is_followed_and_a_smaller_one_is_read_anew() {
        let world = bench::world().await;
        let topic = topics::ledger(&world.generation.chunking);
        let add = |key: &str| world.enter(&entry(&document(key), &["one"], Version::first(1), "e"));
        let keys = async |entries: &Entries<_>| -> Vec<String> {
            let all: Vec<_> = entries.sorted(None).try_collect().await.unwrap();
            all.into_iter().map(|(document, _)| document.key().to_owned()).collect()
        };
        (0..9).for_each(|n| add(&format!("k{n}")));
        let mut entries = world.entries().await.unwrap();
        let beside = world.entries().await.unwrap();
        add("later");
        entries.catch_up().await.unwrap();
        assert_eq!(
            (keys(&entries).await.len(), keys(&beside).await.len()),
            (10, 9),
            "two commands side by side"
        );
        assert!(entries.entry(&document("later")).unwrap().is_some());
        world.kafka.create(&topic, PARTITIONS);
        add("other");
        entries.catch_up().await.unwrap();
        assert_eq!(keys(&entries).await, ["other"]);
        drop((entries, beside));
        assert_eq!(keys(&world.entries().await.unwrap()).await, ["other"]);
    }
}
