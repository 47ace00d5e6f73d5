//! One seed, from its first change to its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use process::Failure;
use tokio::time::{Instant, sleep};

use crate::field::Field;
use crate::notices::Notices;
use crate::outage::Outage;
use crate::proof::Proof;
use crate::results::Outcome;
use crate::schedule::{Schedule, Worker};

/// Activity goes on for so long at most until each fault has struck: seconds.
const LONGER: u64 = 30;
/// So many ledger entries at least are progress.
const PROGRESS: u64 = 20;

/// Which seed, and how.
pub struct Seed<'a> {
    /// As it is reported.
    pub name: String,
    /// Decides everything.
    pub number: u64,
    /// The faults: one schedule after another, while the bucket changes all along. A long run has several.
    pub rounds: Vec<Schedule>,
    /// What is struck.
    pub field: &'a Field,
    /// A seed that takes longer fails.
    pub most: Duration,
}

impl Seed<'_> {
    /// Runs it; `outcome` comes with commit and switches.
    ///
    /// # Errors
    /// When the proof could not be made: that is no verdict about the product.
    pub async fn run(&self, proof: &mut Proof, outcome: &mut Outcome) -> Result<(), Failure> {
        let begun = Instant::now();
        proof.begin();
        self.field.take().await;
        self.field.oracle.begin(self.number, self.drops()).await;
        self.lose_notices(self.drops()).await?;
        let mut troubles = match self.act(proof).await {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("a fault could not be made or mended: {error}")],
        };
        let calm = Instant::now();
        self.heal(proof, &mut troubles).await?;
        let (struck, strange) = self.field.take().await;
        let names: BTreeSet<String> = self.rounds.iter().flat_map(Schedule::names).collect();
        let missing = names.into_iter().filter(|name| !struck.contains_key(name));
        troubles.extend(missing.map(|name| format!("{name}: scheduled, and never struck")));
        troubles.extend(strange);
        outcome.differences = self.prove(proof, begun + self.most).await?;
        let written = proof.log.get_mut().written;
        if written[0] < PROGRESS {
            troubles.push(format!("only {} ledger entries were written: no progress", written[0]));
        }
        let state = self.field.oracle.state().await;
        outcome.operations = state.counts.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        outcome.seconds = begun.elapsed().as_secs();
        outcome.settled = calm.elapsed().as_secs();
        outcome.faults = struck;
        outcome.written = written;
        outcome.compacted = self.compacted(proof).await;
        outcome.equal = outcome.differences.is_empty() && troubles.is_empty();
        outcome.troubles = troubles;
        Ok(())
    }

    /// Whether notices of some keys are dropped.
    fn drops(&self) -> bool {
        self.rounds.iter().any(|schedule| schedule.drops)
    }

    /// Has `intake` read notices of some keys and say nothing of them.
    async fn lose_notices(&self, lose: bool) -> Result<(), Failure> {
        let fleet = &self.field.fleet;
        if fleet.drops.swap(lose, Ordering::Relaxed) == lose {
            return Ok(());
        }
        fleet.tell("stop", Worker::Intake, 1).await?;
        fleet.start(Worker::Intake, 1).await
    }

    /// Changes and faults beside each other, until every fault has struck and the time is over.
    async fn act(&self, proof: &Proof) -> Result<(), Failure> {
        let done = AtomicBool::new(false);
        let changes = async {
            while !done.load(Ordering::Relaxed) {
                sleep(self.field.oracle.change().await?).await;
            }
            Ok::<_, Failure>(())
        };
        let notices = self.disturb_notices(&done);
        // Kafka may be away.
        let reading = async {
            while !done.load(Ordering::Relaxed) {
                sleep(Duration::from_secs(3)).await;
                let _read = proof.log.lock().await.read(&self.field.world).await.is_ok();
            }
        };
        let faults = async {
            let result = self.all_rounds(proof).await;
            done.store(true, Ordering::Relaxed);
            result
        };
        let (changes, (), (), faults) = tokio::join!(changes, notices, reading, faults);
        changes.and(faults)
    }

    async fn all_rounds(&self, proof: &Proof) -> Result<(), Failure> {
        for schedule in &self.rounds {
            self.round(schedule, proof).await?;
        }
        Ok(())
    }

    /// The faults of one schedule.
    async fn round(&self, schedule: &Schedule, proof: &Proof) -> Result<(), Failure> {
        let field = self.field;
        let tracks = schedule.tracks.iter().enumerate().map(|(number, track)| async move {
            // They begin one after another, the last at once: it may be a long one.
            let later = schedule.tracks.len() - 1 - number;
            sleep(Duration::from_secs(1 + 6 * later as u64)).await;
            for strike in track {
                field.strike(*strike).await?;
            }
            Ok::<_, Failure>(())
        });
        let outages = async {
            sleep(Duration::from_secs(5)).await;
            for outage in &schedule.outages {
                field.outage(*outage).await?;
                if self.loses_notices(*outage) {
                    proof.reconcile().await?;
                }
                sleep(Duration::from_secs(3)).await;
            }
            Ok::<_, Failure>(())
        };
        let phases = async {
            field.phases(&schedule.phases, schedule.seconds).await;
            Ok::<_, Failure>(())
        };
        let tracks = futures::future::join_all(tracks);
        let others = async { tokio::join!(outages, self.poison(schedule), phases, self.put_long(schedule)) };
        let (tracks, (outages, poison, phases, long)) = tokio::join!(tracks, others);
        tracks.into_iter().chain([outages, poison, phases, long]).collect::<Result<Vec<()>, _>>()?;
        self.wait_for_all(schedule).await;
        Ok(())
    }

    /// Some kinds need luck: activity goes on for them, with every dial of this schedule on.
    async fn wait_for_all(&self, schedule: &Schedule) {
        self.field.proxies.set(&schedule.phases.concat());
        for _ in 0..LONGER {
            let mut missing = false;
            for kinds in schedule.phases.concat() {
                missing |= !self.field.has_struck(kinds.name()).await;
            }
            if !missing {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn put_long(&self, schedule: &Schedule) -> Result<(), Failure> {
        for _ in 0..schedule.long {
            sleep(Duration::from_secs(7)).await;
            self.field.oracle.long().await?;
        }
        Ok(())
    }

    /// A document that an engine refuses: one dead letter, and the others go on. It is taken away again, since the
    /// audit of an engine without it would be right to complain.
    async fn poison(&self, schedule: &Schedule) -> Result<(), Failure> {
        let Some(engine) = schedule.poison else { return Ok(()) };
        let (_, proxy, _) = self.field.proxies.engine(engine);
        proxy.refuses_poison.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(8)).await;
        let key = self.field.oracle.poison().await?;
        let document = self.field.world.document(&key)?;
        for _ in 0..60 {
            // Kafka may be away: that is none of this document's fault.
            let letters = self.field.world.dead_letters().await.unwrap_or_default();
            if letters.iter().any(|letter| letter.document.as_deref() == Some(document.as_str())) {
                self.field.count("dead letter of poison", 1).await;
                return self.field.oracle.delete(&key).await;
            }
            sleep(Duration::from_secs(1)).await;
        }
        self.field.oracle.delete(&key).await?;
        Err(format!("no dead letter for {key} in a minute").into())
    }

    /// A store that is killed loses the notices of its last milliseconds; one that keeps none on disk loses those of the
    /// time that Kafka is away; a log that is cut loses its references.
    fn loses_notices(&self, outage: Outage) -> bool {
        outage.needs_reconcile() || outage.takes_kafka() && !self.field.fleet.store.keeps_notices()
    }

    async fn disturb_notices(&self, done: &AtomicBool) {
        let mut notices = Notices::new(self.number);
        while !done.load(Ordering::Relaxed) {
            sleep(Duration::from_secs(4)).await;
            // Kafka may be away.
            if let Ok(counts) = notices.disturb(&self.field.world.kafka).await {
                for (name, times) in counts {
                    self.field.count(name, times).await;
                }
            }
        }
    }

    /// No more faults: everything is started, and what nobody told is looked for.
    async fn heal(&self, proof: &Proof, found: &mut Vec<String>) -> Result<(), Failure> {
        let field = self.field;
        field.proxies.heal();
        if self.drops() {
            let lost = field
                .oracle
                .state()
                .await
                .mirror
                .objects()
                .keys()
                .filter(|key| key.starts_with(crate::mirror::LOST))
                .count();
            field.count("notices dropped", lost as u64).await;
        }
        for server in ["kafka", field.fleet.store.name(), "opensearch", "elasticsearch"] {
            field.fleet.server(server, "start").await?;
        }
        // Where a fault could not be mended, somebody may sleep.
        field.fleet.server("kafka", "resume").await?;
        self.lose_notices(false).await?;
        for worker in Worker::ALL {
            if !field.fleet.runs(worker, 1).await {
                found.push(format!("{} does not run, and nobody killed it", worker.name()));
                field.fleet.start(worker, 1).await?;
            }
        }
        // What a truncated log lost was looked for already. What comes after that must be handled without another look: a
        // reader that takes the new records for old ones is found by it.
        let lossy = |outage: &&Outage| self.loses_notices(**outage) && **outage != Outage::LogTruncated;
        let mut outages = self.rounds.iter().flat_map(|schedule| &schedule.outages);
        if self.drops() || outages.any(|outage| lossy(&outage)) {
            proof.reconcile().await?;
        }
        Ok(())
    }

    async fn prove(&self, proof: &mut Proof, deadline: Instant) -> Result<Vec<String>, Failure> {
        let mut found: Vec<String> = proof.settle(deadline).await?.into_iter().collect();
        let state = self.field.oracle.state().await;
        found.extend(proof.audit(&state.mirror, &self.name).await?);
        found.extend(proof.look(&self.field.world, &state.mirror).await?);
        found.extend(self.field.take_wrong().await);
        let poison = self.rounds.iter().find_map(|schedule| schedule.poison);
        found.extend(proof.letters(&self.field.world, poison).await?);
        Ok(found)
    }

    /// What Kafka cleaned, and how often a working copy met that: the record that it had read last was gone.
    async fn compacted(&self, proof: &Proof) -> BTreeMap<String, u64> {
        let mut compacted = proof.compacted.clone();
        let mut dropped = 0;
        for process in 1..=3 {
            dropped += self.field.fleet.logged((Worker::Chunk, process), "working copy dropped").await;
        }
        compacted.insert("working copies dropped so far".to_owned(), dropped as u64);
        compacted
    }
}
