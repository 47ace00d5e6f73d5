//! A ledger topic and a folder, with helpers for tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ledger::{Folder, LedgerError, LedgerPlace, Position, WorkingCopy};
use message::{ChunkId, DocumentId, Fingerprint, Headers, LedgerEntry, Placement, Status, Version};
use stream::broker::{Broker, Publisher};
use stream::{Outgoing, Published};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A broker under test, and how to make topics on it.
pub(crate) trait Bench {
    type Broker: Broker;
    fn broker(&self) -> &Self::Broker;
    /// Makes a topic.
    async fn topic(&self, name: &str, partitions: i32);
}

fn fresh(name: &str) -> String {
    format!("{name}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// One ledger topic, and a folder for the copy of its partition 0.
pub(crate) struct World<'a, B: Bench> {
    pub(crate) bench: &'a B,
    pub(crate) topic: String,
    pub(crate) place: LedgerPlace,
    data: tempfile::TempDir,
}

impl<'a, B: Bench> World<'a, B> {
    pub(crate) async fn new(bench: &'a B) -> Self {
        Self::of(bench, 1).await
    }

    /// A topic of `partitions` partitions.
    pub(crate) async fn of(bench: &'a B, partitions: i32) -> Self {
        let topic = fresh("ledger");
        bench.topic(&topic, partitions).await;
        Self::at(bench, topic)
    }

    /// Another process that reads the same topic, with its own folder.
    pub(crate) fn elsewhere(&self) -> Self {
        Self::at(self.bench, self.topic.clone())
    }

    fn at(bench: &'a B, topic: String) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::claim(data.path()).unwrap();
        let place = LedgerPlace { folder, topic: topic.clone(), partition: 0, cache_bytes: 1 << 20 };
        Self { bench, topic, place, data }
    }

    pub(crate) async fn open(&self) -> Result<WorkingCopy, LedgerError> {
        WorkingCopy::open(self.bench.broker(), self.place.clone()).await
    }

    /// Commits these entries, as another process would.
    pub(crate) async fn commit(&self, entries: &[LedgerEntry]) -> Position {
        let records: Vec<Outgoing> = entries.iter().map(|entry| self.record(entry)).collect();
        self.write(records).await
    }

    pub(crate) async fn write(&self, records: Vec<Outgoing>) -> Position {
        let last = records.last().unwrap().clone();
        let mut writer = self
            .bench
            .broker()
            .transactional(&format!("{}-writer", self.topic), stream::LANE_TRANSACTION)
            .await
            .unwrap();
        let Published { last: offsets } = writer.write(records).await.unwrap();
        Position::written(offsets[&self.topic], &last)
    }

    /// Commits, then applies, as `chunk` does.
    pub(crate) async fn settle(&self, copy: &mut WorkingCopy, entries: &[LedgerEntry]) {
        let written = self.commit(entries).await;
        copy.apply(entries, None, written).unwrap();
    }

    pub(crate) fn record(&self, entry: &LedgerEntry) -> Outgoing {
        Outgoing::json(&self.topic, entry.document.as_str(), entry, headers(&entry.document)).unwrap()
    }

    pub(crate) fn tombstone(&self, name: &str) -> Outgoing {
        Outgoing::tombstone(&self.topic, document(name).as_str(), headers(&document(name)))
    }

    /// The files of the copy and their sizes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        walk(&self.data.path().join(&self.topic).join("0"), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, u64)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push((path.clone(), std::fs::metadata(&path).unwrap().len()));
        }
    }
}

fn headers(document: &DocumentId) -> Headers {
    Headers::new(document.clone(), "trace")
}

pub(crate) fn document(name: &str) -> DocumentId {
    DocumentId::new("docs", name).unwrap()
}

/// An entry of version 1 with `chunks` chunks.
pub(crate) fn entry(name: &str, status: Status, chunks: u64) -> LedgerEntry {
    let document = document(name);
    let placement =
        |n: u64| Placement { id: ChunkId::derive(&document, &[], &n.to_string(), 0), start: n, end: n + 1 };
    LedgerEntry {
        version: Version::first(1),
        status,
        cause: None,
        etag: format!("etag of {name}"),
        digest: String::new(),
        chunking: Fingerprint::of(&[]),
        chunks: (0..chunks).map(placement).collect(),
        document,
    }
}

pub(crate) fn live(names: std::ops::Range<u32>) -> Vec<LedgerEntry> {
    names.map(|n| entry(&format!("{n:06}.md"), Status::Live, 2)).collect()
}

/// All entries of a copy.
pub(crate) fn all(copy: &WorkingCopy) -> Vec<LedgerEntry> {
    copy.scan(None).collect::<Result<_, _>>().unwrap()
}
