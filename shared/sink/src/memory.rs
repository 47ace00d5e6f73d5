//! Indexes in memory, with the versions, tombstones and answers of the real engines, and faults on demand.
//!
//! Used by tests of everything above the sink and by `millrace try`. Writes are visible at once, nothing is ever
//! forgotten (deletions included), and a write to a missing index answers Stop, as in the engines.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use generation::{Cluster, Names, Target};
use message::{DocumentId, Fingerprint, Version};
use serde_json::Value;
use stream::Boottime;

use crate::action::{Action, Operation};
use crate::age;
use crate::bulk;
use crate::ensured::{Ensured, IndexState};
use crate::error::SinkError;
use crate::reader::StoredDocument;
use crate::sink::{ItemAnswer, OutsideAliases, Sink, Written};

mod catalog;
mod passages;
mod read;

use passages::{Passage, Passages};

/// How many stores this process has opened.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// One generation of indexes in memory. Clones, and engines made by [`Sink::over`], share the content.
#[derive(Clone, Debug)]
pub struct MemoryEngine {
    names: Names,
    state: Arc<Mutex<State>>,
}

/// How one call of [`Sink::write`] fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written; every answer is Wait.
    Unavailable,
    /// Everything is written but the answers are lost; every answer is Wait.
    Lost,
    /// The first so many actions are done, the others answer Wait.
    Busy(usize),
    /// The item with this id is refused.
    Refuse(String),
    /// Nothing is written; every answer is Stop.
    Stop(String),
}

#[derive(Debug, Default)]
struct State {
    /// Its number among the stores of this process.
    number: u64,
    indexes: BTreeMap<String, Index>,
    faults: VecDeque<Fault>,
    created: u64,
    /// The index behind each outside alias.
    outside: BTreeMap<String, String>,
    catalog: BTreeMap<String, Value>,
}

#[derive(Debug)]
struct Index {
    uuid: String,
    /// What it was made for.
    space: Fingerprint,
    dimension: usize,
    /// How often the index went back to an earlier state.
    restored: u64,
    items: BTreeMap<String, Item>,
    passages: Passages,
}

#[derive(Debug)]
struct Item {
    version: Version,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// Deleted; the version is remembered.
    Gone,
    /// Its slot among the passages.
    Passage(u32),
    Document(Box<StoredDocument>),
}

impl MemoryEngine {
    /// An empty store for the indexes of `names`.
    #[must_use]
    pub fn new(names: Names) -> Self {
        let state = State { number: OPENED.fetch_add(1, Ordering::Relaxed), ..State::default() };
        Self { names, state: Arc::new(Mutex::new(state)) }
    }

    /// The index behind an outside alias.
    #[must_use]
    pub fn holder(&self, alias: &str) -> Option<String> {
        self.state().outside.get(alias).cloned()
    }

    /// Makes a later write fail; faults are used up in order.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Empties an index but keeps its uuid, as restoring an old snapshot over it does.
    pub fn restore_empty(&self, target: Target) {
        if let Some(index) = self.state().indexes.get_mut(&self.names.physical(target)) {
            index.restored += 1;
            index.items.clear();
            index.passages = Passages::default();
        }
    }

    /// Deletes an index of this generation and its write alias, as an operator might.
    pub fn drop_index(&self, target: Target) {
        self.state().indexes.remove(&self.names.physical(target));
    }

    /// Exchanges the indexes of this generation and those of `other`: each keeps what it holds and what it was made for, and
    /// stands under the other's name. So it is when somebody restores a snapshot under a wrong name, or puts an alias there.
    pub fn exchange(&self, other: &Names) {
        let mut state = self.state();
        for target in [Target::Chunks, Target::Documents] {
            let (here, there) = (self.names.physical(target), other.physical(target));
            let (own, others) = (state.indexes.remove(&here), state.indexes.remove(&there));
            state.indexes.extend(own.map(|index| (there, index)));
            state.indexes.extend(others.map(|index| (here, index)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self, target: Target) -> SinkError {
        SinkError::Missing { url: "memory".to_owned(), index: self.names.physical(target) }
    }

    fn ensure_one(&self, target: Target) -> Result<IndexState, SinkError> {
        let (name, dimension) = (self.names.physical(target), self.names.generation().dimension);
        let mut state = self.state();
        if let Some(index) = state.indexes.get(&name) {
            same_space(&name, &index.space, self.names.space())?;
            if index.dimension != dimension {
                let (found, expected) = (index.dimension.to_string(), dimension.to_string());
                return Err(SinkError::Mismatch { index: name, what: "the dimension", found, expected });
            }
            return Ok(index.state(false));
        }
        state.created += 1;
        let uuid = format!("memory-{}", state.created);
        let (space, items) = (self.names.space().clone(), BTreeMap::new());
        let index = Index { uuid, space, dimension, restored: 0, items, passages: Passages::default() };
        let made = index.state(true);
        state.indexes.insert(name, index);
        Ok(made)
    }

    /// Applies the first `most` actions, passages before document records; as in the engines, a record waits for the
    /// passages before it.
    fn apply(&self, batch: &[Action], most: usize) -> Vec<ItemAnswer> {
        let mut state = self.state();
        let mut answers = vec![waiting(); batch.len()];
        let mut left = most;
        for target in [Target::Chunks, Target::Documents] {
            let unfinished = unfinished_chunk(batch, &answers).filter(|_| target == Target::Documents);
            for (place, action) in batch.iter().enumerate().filter(|(_, action)| action.target == target) {
                if let Some((first, answer)) = &unfinished
                    && place > *first
                {
                    answers[place] = answer.clone();
                } else if left > 0 {
                    left -= 1;
                    answers[place] = match state.indexes.get_mut(&self.names.physical(target)) {
                        Some(index) => index.apply(action),
                        None => ItemAnswer::Stop(format!("no such index {}", self.names.write_alias(target))),
                    };
                }
            }
        }
        answers
    }
}

/// Refuses an index that was made for another space than `expected`.
fn same_space(index: &str, found: &Fingerprint, expected: &Fingerprint) -> Result<(), SinkError> {
    if found == expected {
        return Ok(());
    }
    let (index, found, expected) = (index.to_owned(), found.to_string(), expected.to_string());
    Err(SinkError::Mismatch { index, what: "the space", found, expected })
}

fn waiting() -> ItemAnswer {
    ItemAnswer::Wait { cause: "memory: an injected fault".to_owned(), retry_after: None }
}

/// The first passage that is neither written nor refused: its position and its answer.
fn unfinished_chunk(batch: &[Action], answers: &[ItemAnswer]) -> Option<(usize, ItemAnswer)> {
    let is_unfinished = |place: &usize| batch[*place].target == Target::Chunks && !answers[*place].is_final();
    (0..batch.len()).find(is_unfinished).map(|place| (place, answers[place].clone()))
}

impl Index {
    fn state(&self, created: bool) -> IndexState {
        let history = Some(self.restored.to_string());
        IndexState { uuid: self.uuid.clone(), history, remembers: true, created }
    }

    fn apply(&mut self, action: &Action) -> ItemAnswer {
        if let Some(item) = self.items.get(&action.id)
            && item.version >= action.version
        {
            return bulk::held(item.version, action);
        }
        let body = match &action.operation {
            Operation::Delete => Body::Gone,
            Operation::Put(bytes) => match self.read(action.target, bytes) {
                Ok(body) => body,
                Err(cause) => return ItemAnswer::Refused(cause),
            },
        };
        let before = self.items.insert(action.id.clone(), Item { version: action.version, body });
        if let Some(Item { body: Body::Passage(slot), .. }) = before {
            self.passages.remove(slot);
        }
        ItemAnswer::Done
    }

    /// Parses an item that Millrace writes, and rejects everything else.
    fn read(&mut self, target: Target, bytes: &[u8]) -> Result<Body, String> {
        let strange = |error: serde_json::Error| format!("an item is not as Millrace writes it: {error}");
        match target {
            Target::Documents => serde_json::from_slice(bytes).map(Body::Document).map_err(strange),
            Target::Chunks => {
                let passage: Passage = serde_json::from_slice(bytes).map_err(strange)?;
                let (found, wanted) = (passage.vector.len(), self.dimension);
                if found != wanted {
                    return Err(format!("the vector has {found} numbers, not {wanted}"));
                }
                Ok(Body::Passage(self.passages.put(passage)))
            }
        }
    }
}

impl Sink for MemoryEngine {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn over(&self, names: Names) -> Self {
        Self { names, state: Arc::clone(&self.state) }
    }

    async fn name_outside(&self, whose: OutsideAliases) -> Result<(), SinkError> {
        let mut state = self.state();
        for target in [Target::Chunks, Target::Documents] {
            let (index, alias) = (self.names.physical(target), self.names.outside_alias(target));
            if !state.indexes.contains_key(&index) {
                return Err(self.missing(target));
            }
            if whose == OutsideAliases::All || !state.outside.contains_key(&alias) {
                state.outside.insert(alias, index);
            }
        }
        Ok(())
    }

    async fn cluster(&self) -> Result<Cluster, SinkError> {
        Ok(Cluster::known_by("memory", &self.state().number.to_string()))
    }

    async fn ensure(&self) -> Result<Ensured, SinkError> {
        let chunks = self.ensure_one(Target::Chunks)?;
        let documents = self.ensure_one(Target::Documents)?;
        Ok(Ensured { chunks, documents })
    }

    async fn highest(&self, mine: impl Fn(&DocumentId) -> bool + Send) -> Result<Option<Version>, SinkError> {
        let state = self.state();
        let name = self.names.physical(Target::Documents);
        let index = state.indexes.get(&name).ok_or_else(|| self.missing(Target::Documents))?;
        let is_mine = |item: &&Item| match &item.body {
            Body::Document(stored) => mine(&stored.record.document),
            Body::Gone | Body::Passage(_) => false,
        };
        Ok(index.items.values().filter(is_mine).map(|item| item.version).max())
    }

    async fn write(&self, batch: Vec<Action>, proved: Boottime) -> Written {
        let all = |answer: ItemAnswer| vec![answer; batch.len()];
        if age::is_too_old(proved) {
            return Written { answers: all(age::too_old()) };
        }
        let fault = self.state().faults.pop_front();
        let answers = match fault {
            None => self.apply(&batch, usize::MAX),
            Some(Fault::Unavailable) => all(waiting()),
            Some(Fault::Stop(cause)) => all(ItemAnswer::Stop(cause)),
            Some(Fault::Lost) => {
                self.apply(&batch, usize::MAX);
                all(waiting())
            }
            Some(Fault::Busy(most)) => self.apply(&batch, most),
            Some(Fault::Refuse(id)) => {
                let wanted: Vec<Action> = batch.iter().filter(|action| action.id != id).cloned().collect();
                let mut answers = self.apply(&wanted, usize::MAX).into_iter();
                let mut one = |action: &Action| {
                    let written = if action.id == id { None } else { answers.next() };
                    written.unwrap_or_else(|| ItemAnswer::Refused("memory: an injected fault".to_owned()))
                };
                batch.iter().map(&mut one).collect()
            }
        };
        Written { answers }
    }
}

#[cfg(test)]
mod tests;
