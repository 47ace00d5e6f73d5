//! Is everything equal? Checked with the operator's command, and independently by this program.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use message::{DeadLetter, DocumentId, Status};
use process::Failure;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::indexes::{IndexPair, Passages};
use crate::log::Log;
use crate::mirror::Mirror;
use crate::operator::Operator;
use crate::outage::Engine;
use crate::passages;
use crate::settled::{Settled, Which, seconds_until, shortened};
use crate::world::{Ledger, World};

/// Words to search for: about this many of those that must be gone, and of those that must be there.
const WORDS: usize = 12;
/// At most this many differences of one kind are reported.
const TOLD: usize = 5;

/// What must have been refused in a seed.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// The engine that refuses the poisonous document, if there was one.
    pub poison: Option<Engine>,
    /// How often sending an unreadable notice was attempted.
    pub unreadable: u64,
}

/// What has been read from the topics so far. Topics are kept between seeds, so each seed reads on where the last one
/// stopped.
#[derive(Debug, Default)]
pub struct Proof {
    /// Runs the operator's command.
    pub operator: Operator,
    folder: PathBuf,
    /// The topics, read continuously while they are written.
    pub log: Mutex<Log>,
    /// Number of dead letters checked so far.
    letters: usize,
    /// The ids of the passages that each object must have, by key.
    expected: BTreeMap<String, BTreeSet<String>>,
    /// A hash of the bytes from which they were computed, by key.
    computed: BTreeMap<String, u64>,
    /// What Kafka compacted away since [`Proof::begin`].
    pub compacted: BTreeMap<String, u64>,
}

impl Proof {
    /// A proof that runs the programs in one folder and writes its reports to another.
    #[must_use]
    pub fn new(programs: &Path, folder: &Path) -> Self {
        Self { operator: Operator::new(programs), folder: folder.to_owned(), ..Self::default() }
    }

    /// Begins a seed.
    pub fn begin(&mut self) {
        self.log.get_mut().written = [0; 3];
        self.compacted.clear();
    }

    /// Runs `millrace reconcile` until it succeeds: a broker that has just become the leader may not know its end yet.
    ///
    /// # Errors
    /// When it still fails after a minute.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            match self.operator.millrace(&["reconcile"]).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => sleep(Duration::from_secs(2)).await,
            }
        }
    }

    /// Waits until every live generation is built, everything in it is searchable, and no group lags.
    ///
    /// # Errors
    /// When the status cannot be parsed.
    pub async fn settle(&self, world: &World, deadline: Instant) -> Result<Settled, Failure> {
        let mut settled = Settled::default();
        for of in Which::all(world) {
            settled.until_searchable(&self.operator, &of, deadline).await?;
            if let Some(id) = of.id() {
                let patience = seconds_until(deadline).max(1).to_string();
                let status = ["status", id, "--until-built", "--patience", patience.as_str()];
                let unbuilt = self.operator.generation(&status).await.err();
                let missing = &mut settled.missing;
                missing
                    .extend(unbuilt.map(|error| format!("{of}not built: {}", shortened(&error.to_string()))));
            }
        }
        Ok(settled)
    }

    /// Runs `millrace audit` of every live generation and returns the differences it finds, and whether its count of
    /// objects differs from the mirror's.
    ///
    /// # Errors
    /// When there is no report, or it cannot be saved.
    pub async fn audit(&self, world: &World, mirror: &Mirror, seed: &str) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        for of in Which::all(world) {
            let wrong = self.audit_one(&of, mirror, seed).await?;
            found.extend(wrong.into_iter().map(|what| format!("{of}{what}")));
        }
        Ok(found)
    }

    async fn audit_one(&self, of: &Which, mirror: &Mirror, seed: &str) -> Result<Vec<String>, Failure> {
        let text = match self.operator.millrace(&of.asked(&["audit", "--json"])).await {
            Ok(text) => text,
            // If there are differences, the exit code is 1, and the report is part of the error.
            Err(error) => {
                error.to_string().split_once('{').map(|(_, json)| format!("{{{json}")).ok_or(error)?
            }
        };
        let name = of.id().map_or_else(String::new, |id| format!("-{id}"));
        tokio::fs::write(self.folder.join(format!("seed-{seed}-audit{name}.json")), &text).await?;
        let report: Value = serde_json::from_str(text.trim())?;
        let mut found = Vec::new();
        if report.get("equal") != Some(&Value::Bool(true)) {
            let differences =
                report.get("differences").and_then(Value::as_array).cloned().unwrap_or_default();
            found.push(format!("the audit finds {} differences", differences.len()));
            found.extend(differences.iter().take(TOLD).map(ToString::to_string));
        }
        let objects = report.get("objects").and_then(Value::as_u64).unwrap_or_default();
        let put = mirror.objects().len() as u64;
        if objects != put {
            found.push(format!("the audit counts {objects} objects, and the oracle has put {put}"));
        }
        Ok(found)
    }

    /// Inspects topics, ledger and engines independently of the product's commands.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub async fn look(&mut self, world: &World, mirror: &Mirror) -> Result<Vec<String>, Failure> {
        let words = self.log.lock().await.look(world).await?;
        for (name, times) in ["records", "deletions"].into_iter().zip(words.gone) {
            *self.compacted.entry(name.to_owned()).or_default() += times;
        }
        let mut found = Vec::new();
        for (place, wrong) in words.differences {
            found.extend(told(&place, wrong));
        }
        self.expect(world, mirror)?;
        found.extend(told("ledger", self.ledger_differences(world, &words.ledger)?));
        for (of, pair) in Which::all(world).iter().zip(world.live()) {
            let wrong = self.look_at(world, mirror, &pair).await?;
            found.extend(wrong.into_iter().map(|what| format!("{of}{what}")));
        }
        Ok(found)
    }

    /// Inspects the indexes of one generation.
    async fn look_at(
        &self,
        world: &World,
        mirror: &Mirror,
        pair: &IndexPair,
    ) -> Result<Vec<String>, Failure> {
        let (mut found, live) = (Vec::new(), mirror.live_markers());
        for (engine, held) in pair.engines().await? {
            let texts = held.values().flatten().map(|chunk| chunk.text.as_str());
            let about = |wrong: Vec<String>| {
                wrong.into_iter().map(|what| format!("{}: {what}", engine.name())).collect::<Vec<_>>()
            };
            found.extend(told(engine.name(), about(passages::wrong(&live, texts))));
            found.extend(told(engine.name(), about(self.other_passages(world, &held)?)));
            found.extend(told(engine.name(), about(pair.wrong_vectors(engine, &held).await?)));
        }
        found.extend(told("search", searched(pair, mirror).await?));
        Ok(found)
    }

    /// A second opinion, with the product's own extractor and splitter: compares the ids, which depend on every word.
    fn other_passages(&self, world: &World, held: &Passages) -> Result<Vec<String>, Failure> {
        let mut wrong = Vec::new();
        for (key, expected) in &self.expected {
            let held = held.get(&world.document(key)?).map(Vec::as_slice).unwrap_or_default();
            let has: BTreeSet<&str> = held.iter().map(|chunk| chunk.id.as_str()).collect();
            if !expected.iter().map(String::as_str).eq(has) {
                wrong.push(format!("holds other passages of {key} than its text has"));
            }
        }
        let strange = held.keys().map(DocumentId::key).filter(|key| !self.expected.contains_key(*key));
        wrong.extend(strange.map(|key| format!("holds passages of {key}, which is not there")));
        Ok(wrong)
    }

    /// Checks the dead letters since the last call: a poisonous document causes one, an unreadable notice one, and
    /// nothing else causes any. A worker killed before it records the letter may write it again, so refused records are
    /// counted, not letters.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn letters(&mut self, world: &World, due: Refused) -> Result<Vec<String>, Failure> {
        let all = world.dead_letters().await?;
        let news = all.get(self.letters..).unwrap_or_default();
        self.letters = all.len();
        let is_poison = |letter: &DeadLetter| {
            letter.document.as_deref().is_some_and(|document| document.contains("/poison/"))
                && due.poison.is_some_and(|engine| engine.writer().name() == letter.stage)
        };
        let is_unreadable = |letter: &DeadLetter| {
            due.unreadable > 0 && letter.document.is_none() && letter.topic == topics::OBJECT_EVENTS
        };
        let records = |is: &dyn Fn(&DeadLetter) -> bool| {
            let refused: BTreeSet<(i32, i64)> =
                news.iter().filter(|letter| is(letter)).map(|l| (l.partition, l.offset)).collect();
            refused.len() as u64
        };
        let strange = news.iter().filter(|letter| !is_poison(letter) && !is_unreadable(letter));
        let mut wrong: Vec<String> = strange
            .map(|letter| {
                let DeadLetter { stage, cause, document, .. } = letter;
                format!("a dead letter of {stage} about {document:?} that nobody caused: {cause}")
            })
            .collect();
        let (poison, poison_due) = (records(&is_poison), u64::from(due.poison.is_some()));
        if poison != poison_due {
            wrong.push(format!("{poison} records of poison have dead letters, and {poison_due} should"));
        }
        // An attempt whose answer was lost may have been accepted or not.
        let unreadable = records(&is_unreadable);
        if !(due.unreadable.min(1)..=due.unreadable).contains(&unreadable) {
            wrong.push(format!(
                "{unreadable} unreadable notices have dead letters, and 1 to {} should",
                due.unreadable
            ));
        }
        Ok(told("dead-letters", wrong))
    }

    /// Computes the passages of each object in the mirror; those computed from the same bytes before are kept.
    fn expect(&mut self, world: &World, mirror: &Mirror) -> Result<(), Failure> {
        self.expected.retain(|key, _| mirror.objects().contains_key(key));
        for (key, bytes) in mirror.objects() {
            let number = BuildHasherDefault::<DefaultHasher>::default().hash_one(bytes);
            if self.computed.insert(key.clone(), number) != Some(number) || !self.expected.contains_key(key) {
                self.expected.insert(key.clone(), world.passages(key, bytes)?);
            }
        }
        Ok(())
    }

    fn ledger_differences(&self, world: &World, ledger: &Ledger) -> Result<Vec<String>, Failure> {
        let mut wrong = Vec::new();
        for (key, ids) in &self.expected {
            let entry = ledger.get(&world.document(key)?);
            let listed: Option<BTreeSet<String>> =
                entry.map(|entry| entry.chunks.iter().map(|p| p.id.as_str().to_owned()).collect());
            if listed.as_ref() != Some(ids) {
                wrong.push(format!("the ledger lists other passages of {key} than its text has"));
            }
        }
        let live = ledger.values().filter(|entry| entry.status != Status::Removed);
        wrong.extend(
            live.filter(|entry| !self.expected.contains_key(entry.document.key()))
                .map(|entry| format!("the ledger says that {} is there", entry.document)),
        );
        Ok(wrong)
    }
}

/// Searches both engines for some words that must be gone, and some that must be there.
async fn searched(pair: &IndexPair, mirror: &Mirror) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for word in spread(mirror.forgotten()) {
        if pair.found(&word).await? > 0 {
            wrong.push(format!("{word} is found, and its text is gone"));
        }
    }
    for word in spread(mirror.remembered()) {
        if pair.found(&word).await? < 2 {
            wrong.push(format!("{word} is not found in both engines"));
        }
    }
    Ok(wrong)
}

/// A few of the words, evenly spread over the list.
fn spread(words: Vec<String>) -> Vec<String> {
    let step = words.len().div_ceil(WORDS).max(1);
    words.into_iter().step_by(step).collect()
}

/// The first few differences, and their total number if there are more.
fn told(place: &str, mut found: Vec<String>) -> Vec<String> {
    let all = found.len();
    found.truncate(TOLD);
    if all > TOLD {
        found.push(format!("{place}: {all} such differences"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_words_stand_for_all_and_many_differences_are_counted() {
        let words: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert!(spread(words.clone()).len() <= WORDS && spread(words.clone()).len() > WORDS / 2);
        assert_eq!(spread(Vec::new()), Vec::<String>::new());
        assert_eq!(told("ledger", words).last().unwrap(), "ledger: 100 such differences");
    }

    #[test]
    fn a_command_names_its_generation_only_where_there_are_several() {
        let (alone, other) = (Which(None), Which(Some("a".to_owned())));
        assert_eq!(alone.asked(&["audit", "--json"]), ["audit", "--json"]);
        assert_eq!(other.asked(&["audit", "--json"]), ["audit", "--json", "--generation", "a"]);
        assert_eq!((alone.to_string(), other.to_string()), (String::new(), "generation a: ".to_owned()));
    }
}
