//! The state of the in-memory broker.

use std::collections::{BTreeMap, HashMap};

use crate::boottime::wall_seconds;
use crate::broker::{Committed, Published};
use crate::record::{Outgoing, Record};

/// A stored record.
#[derive(Clone, Debug)]
pub struct Stored {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970.
    written: Option<i64>,
}

impl Stored {
    /// The record at this place of the log.
    #[must_use]
    pub fn record(&self, topic: &str, partition: usize, offset: usize) -> Record {
        Record {
            topic: topic.into(),
            partition: i32::try_from(partition).unwrap_or_default(),
            offset: i64::try_from(offset).unwrap_or_default(),
            key: self.key.clone(),
            value: self.value.clone(),
            headers: self.headers.clone(),
            timestamp: self.written,
            held: None,
        }
    }

    pub(super) fn empty(&mut self) {
        (self.key, self.value, self.headers) = (None, None, Vec::new());
    }
}

/// A group: its members, the owners of partitions, and its offsets.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Members by number, in order of joining.
    pub(super) members: Vec<u64>,
    /// Owner of each partition, kept until that member has released it.
    pub(super) owners: BTreeMap<i32, u64>,
    /// Committed offsets.
    pub(super) committed: HashMap<i32, Committed>,
}

impl Group {
    /// The partitions that `member` should own when `partitions` are spread over the members.
    pub(super) fn share(&self, member: u64, partitions: i32) -> Vec<i32> {
        let Some(place) = self.members.iter().position(|&other| other == member) else { return Vec::new() };
        (0..partitions)
            .filter(|&partition| usize::try_from(partition).unwrap_or_default() % self.members.len() == place)
            .collect()
    }
}

/// The whole state.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) topics: HashMap<String, Vec<Vec<Stored>>>,
    pub(super) groups: HashMap<(String, String), Group>,
    /// The current epoch of each transactional id.
    pub(super) epochs: HashMap<String, u64>,
    pub(super) members: u64,
    pub(super) failing_publishes: usize,
    /// Members still to be forgotten.
    pub(super) forgotten_members: usize,
}

impl State {
    /// Appends a record and returns its offset; nothing if the topic does not exist.
    pub(super) fn append(&mut self, outgoing: &Outgoing) -> Option<i64> {
        let partitions = self.topics.get_mut(&outgoing.topic)?;
        let count = i32::try_from(partitions.len()).unwrap_or(1);
        let number = usize::try_from(outgoing.partition(count)).unwrap_or_default();
        let partition = partitions.get_mut(number)?;
        partition.push(Stored {
            key: outgoing.key.clone(),
            value: outgoing.value.clone(),
            headers: outgoing.wire_headers(),
            written: i64::try_from(wall_seconds()).ok().map(|seconds| seconds * 1000),
        });
        i64::try_from(partition.len() - 1).ok()
    }

    /// Appends records and returns where they went.
    pub(super) fn append_all(&mut self, records: &[Outgoing]) -> Published {
        let mut published = Published::default();
        for record in records {
            if let Some(offset) = self.append(record) {
                let last = published.last.entry(record.topic.clone()).or_insert(offset);
                *last = offset.max(*last);
            }
        }
        published
    }
}
