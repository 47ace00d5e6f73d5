//! What the topic says at one offset. Pure.

use std::collections::BTreeMap;
use std::fmt;

use message::{
    BuildState, Fingerprint, GenerationEntry, ModelEntry, ReadyEntry, RegistryEntry, ServingEntry,
    TrainingRun,
};

/// All that stands in the topic `models`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    models: BTreeMap<Fingerprint, ModelEntry>,
    generations: BTreeMap<String, GenerationEntry>,
    serving: BTreeMap<String, Dated<ServingEntry>>,
    ready: BTreeMap<String, Dated<ReadyEntry>>,
    runs: BTreeMap<String, Counted>,
    now: i64,
}

/// Names a generation: its id is unique within what the index is called outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationKey<'a> {
    /// What its indexes are called outside.
    pub index: &'a str,
    /// Its id.
    pub id: &'a str,
}

impl<'a> GenerationKey<'a> {
    /// The key of an entry.
    #[must_use]
    pub fn of(entry: &'a GenerationEntry) -> Self {
        Self { index: &entry.index, id: &entry.id }
    }
}

impl fmt::Display for GenerationKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.index, self.id)
    }
}

/// An entry, and when it was written.
#[derive(Clone, Debug, PartialEq)]
struct Dated<T> {
    entry: T,
    at: i64,
}

/// A run, and how many records were taken that name it.
#[derive(Clone, Debug, PartialEq)]
struct Counted {
    run: TrainingRun,
    words: u64,
}

/// A record that cannot be taken: a newer program wrote it, or none of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record {key:?} of the topic `models` cannot be read ({cause}): a newer version of Millrace wrote it, and this \
     one must be upgraded before it may change what is served"
)]
pub struct UnreadableEntry {
    key: String,
    cause: String,
}

impl Registry {
    /// Takes the record with this `key` and `value` (none forgets what the key names), which was written `at` so many
    /// milliseconds since 1970 by the broker's clock.
    ///
    /// # Errors
    /// When it is no entry, or stands under another key than its own. Nothing changes then.
    pub fn take(&mut self, key: &str, value: Option<&[u8]>, at: i64) -> Result<(), UnreadableEntry> {
        self.now = self.now.max(at);
        let Some(value) = value else {
            self.forget(key);
            return Ok(());
        };
        let unreadable = |cause: String| UnreadableEntry { key: key.to_owned(), cause };
        let entry: RegistryEntry =
            serde_json::from_slice(value).map_err(|error| unreadable(error.to_string()))?;
        if entry.key() != key {
            return Err(unreadable(format!("its value belongs under {:?}", entry.key())));
        }
        match entry {
            RegistryEntry::Model(model) => drop(self.models.insert(model.fingerprint.clone(), model)),
            RegistryEntry::Generation(entry) => {
                drop(self.generations.insert(GenerationKey::of(&entry).to_string(), entry));
            }
            RegistryEntry::Serving(entry) => {
                drop(self.serving.insert(entry.index.clone(), Dated { entry, at }));
            }
            RegistryEntry::Ready(entry) => {
                drop(self.ready.insert(entry.instance.clone(), Dated { entry, at }));
            }
            RegistryEntry::Run(run) => {
                let words = self.words_of(&run.id) + 1;
                drop(self.runs.insert(run.id.clone(), Counted { run, words }));
            }
        }
        Ok(())
    }

    fn forget(&mut self, key: &str) {
        let Some((kind, name)) = key.split_once('/') else { return };
        match kind {
            "model" => self.models.retain(|fingerprint, _| fingerprint.as_str() != name),
            "generation" => drop(self.generations.remove(name)),
            "serving" => drop(self.serving.remove(name)),
            "ready" => drop(self.ready.remove(name)),
            "run" => drop(self.runs.remove(name)),
            _ => {}
        }
    }

    /// The broker's time of the newest record: milliseconds since 1970. The true time is not earlier.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A model.
    #[must_use]
    pub fn model(&self, fingerprint: &Fingerprint) -> Option<&ModelEntry> {
        self.models.get(fingerprint)
    }

    /// All models, in the order of their fingerprints.
    pub fn all_models(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.values()
    }

    /// A generation.
    #[must_use]
    pub fn generation(&self, key: GenerationKey<'_>) -> Option<&GenerationEntry> {
        self.generations.get(&key.to_string())
    }

    /// The generations of every index.
    pub fn all_generations(&self) -> impl Iterator<Item = &GenerationEntry> {
        self.generations.values()
    }

    /// The generations of what is called `index` outside, in the order of their ids.
    pub fn generations<'a>(&'a self, index: &'a str) -> impl Iterator<Item = &'a GenerationEntry> {
        self.generations.values().filter(move |entry| entry.index == index)
    }

    /// The generation of `index` with the vectors of a model: of several the one that is furthest, and of those the newest. It is
    /// what `millrace model promote` serves, and what is told of a model.
    #[must_use]
    pub fn furthest_of(&self, index: &str, model: &Fingerprint) -> Option<&GenerationEntry> {
        let rank = |state| match state {
            BuildState::Built => 3,
            BuildState::Building => 2,
            BuildState::Paused | BuildState::Failed => 1,
            BuildState::Retiring | BuildState::Retired => 0,
        };
        let of_it = self.generations.values().filter(|entry| entry.index == index && entry.model == *model);
        of_it.max_by_key(|entry| (rank(entry.state), entry.since))
    }

    /// What is served as `index`.
    #[must_use]
    pub fn serving(&self, index: &str) -> Option<&ServingEntry> {
        self.serving.get(index).map(|dated| &dated.entry)
    }

    /// Whether this generation is served.
    #[must_use]
    pub fn is_served(&self, entry: &GenerationEntry) -> bool {
        self.serving(&entry.index).is_some_and(|serving| serving.id == entry.id)
    }

    /// Whether one of the generations of which `is_of` holds is served, or there is none of them: then it is that of the
    /// bundle on disk, which rules where the registry says nothing.
    #[must_use]
    pub fn needs(&self, is_of: impl Fn(&GenerationEntry) -> bool) -> bool {
        let mut known = self.all_generations().filter(|entry| is_of(entry)).peekable();
        known.peek().is_none() || known.any(|entry| self.is_served(entry))
    }

    /// When that was changed, by the broker's clock: milliseconds since 1970.
    #[must_use]
    pub fn serving_since(&self, index: &str) -> Option<i64> {
        self.serving.get(index).map(|dated| dated.at)
    }

    /// The processes that answered for `index` within `lease` milliseconds before `now`.
    pub fn alive<'a>(&'a self, index: &'a str, now: i64, lease: i64) -> impl Iterator<Item = &'a ReadyEntry> {
        let alive = move |dated: &&Dated<ReadyEntry>| {
            dated.entry.index == index && now.saturating_sub(dated.at) < lease
        };
        self.ready.values().filter(alive).map(|dated| &dated.entry)
    }

    /// The processes that answered for `index` once, and have not for more than `silence` milliseconds before `now`.
    pub fn silent<'a>(
        &'a self,
        index: &'a str,
        now: i64,
        silence: i64,
    ) -> impl Iterator<Item = &'a ReadyEntry> {
        let silent = move |dated: &&Dated<ReadyEntry>| {
            dated.entry.index == index && now.saturating_sub(dated.at) > silence
        };
        self.ready.values().filter(silent).map(|dated| &dated.entry)
    }

    /// A run that trains a model.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<&TrainingRun> {
        self.runs.get(id).map(|counted| &counted.run)
    }

    /// The runs for what is called `index` outside, in the order of their ids.
    pub fn runs<'a>(&'a self, index: &'a str) -> impl Iterator<Item = &'a TrainingRun> {
        self.runs.values().map(|counted| &counted.run).filter(move |run| run.index == index)
    }

    /// The one of them that has not ended; there is at most one.
    #[must_use]
    pub fn open_run(&self, index: &str) -> Option<&TrainingRun> {
        let mut runs = self.runs.values().map(|counted| &counted.run);
        runs.find(|run| run.index == index && !run.state.is_end())
    }

    /// How many records were taken that name this run. Who conducts it writes again and again, so a number that stays the same
    /// says that nobody does.
    #[must_use]
    pub fn words_of(&self, run: &str) -> u64 {
        self.runs.get(run).map_or(0, |counted| counted.words)
    }
}
