//! One seed, from its first change to its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use process::Failure;
use tokio::time::{Instant, sleep};

use crate::field::Field;
use crate::notices::Notices;
use crate::outage::Outage;
use crate::proof::{Proof, Refused};
use crate::remains;
use crate::renewal::Renewal;
use crate::results::Outcome;
use crate::schedule::{self, Schedule, Worker};
use crate::settled::LATE;

/// Upper bound, in seconds, on how long activity continues while waiting for every fault to strike.
const LONGER: u64 = 30;
/// Seconds within which a poisonous document must become a dead letter. A worker on its way may be stopped for 90 s.
const POISONED: u64 = 180;
/// The name under which attempts to send a large unreadable notice are counted.
const UNREADABLE: &str = "large unreadable notices tried";
/// How much slower than amid faults the bucket changes while what is served is changed. A generation is proven equal document by
/// document: on a machine that is minutes behind, none would be equal for a moment.
const CALMER: u32 = 4;
/// Fewer ledger entries than this in a seed count as no progress.
const PROGRESS: u64 = 20;

/// One run with one seed.
pub struct Seed<'a> {
    /// The name in reports.
    pub name: String,
    /// The seed of all random choices.
    pub number: u64,
    /// The faults, one schedule after another, while the bucket changes throughout. Only a long run has several.
    pub rounds: Vec<Schedule>,
    /// The processes and servers that faults strike.
    pub field: &'a Field,
    /// Time limit; a seed that takes longer fails.
    pub most: Duration,
}

impl Seed<'_> {
    /// Runs the seed and fills in `outcome`, which the caller creates with the commit and the switches.
    ///
    /// # Errors
    /// When the proof could not be carried out; that says nothing about the product.
    pub async fn run(&self, proof: &mut Proof, outcome: &mut Outcome) -> Result<(), Failure> {
        let begun = Instant::now();
        proof.begin();
        self.field.take().await;
        self.field.oracle.begin(self.number, self.drops()).await;
        self.lose_notices(self.drops()).await?;
        let renewal = self.renewal(proof).await?;
        let mut troubles = match self.act(proof, renewal.as_ref()).await {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("a fault could not be made or mended: {error}")],
        };
        let calm = Instant::now();
        self.heal(proof, &mut troubles).await?;
        if let Some(renewal) = &renewal
            && let Err(error) = self.renew(proof, renewal).await
        {
            troubles.push(format!("what is served could not be changed: {error}"));
        }
        let (struck, strange) = self.field.take().await;
        let names: BTreeSet<String> = self.rounds.iter().flat_map(Schedule::names).collect();
        let missing = names.into_iter().filter(|name| !struck.contains_key(name));
        troubles.extend(missing.map(|name| format!("{name}: scheduled, and never struck")));
        troubles.extend(strange);
        let unreadable = struck.get(UNREADABLE).copied().unwrap_or_default();
        outcome.differences = self.prove(proof, renewal.as_ref(), unreadable, begun + self.most).await?;
        let written = proof.log.get_mut().written;
        let [ledger_entries, _, _] = written;
        if ledger_entries < PROGRESS {
            troubles.push(format!("only {ledger_entries} ledger entries were written: no progress"));
        }
        let state = self.field.oracle.state().await;
        outcome.operations = state.counts.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        outcome.seconds = begun.elapsed().as_secs();
        outcome.settled = calm.elapsed().as_secs();
        outcome.faults = struck;
        outcome.faults.extend(self.field.take().await.0.remove_entry(LATE));
        outcome.written = written;
        outcome.compacted = self.compacted(proof).await;
        outcome.generations = renewal.as_ref().map(Renewal::counts);
        outcome.equal = outcome.differences.is_empty() && troubles.is_empty();
        outcome.troubles = troubles;
        Ok(())
    }

    /// Whether notices of some keys are dropped.
    fn drops(&self) -> bool {
        self.rounds.iter().any(|schedule| schedule.drops)
    }

    /// Restarts `intake` so that it reads, but ignores, the notices of some keys; or restarts it normally.
    async fn lose_notices(&self, lose: bool) -> Result<(), Failure> {
        let fleet = &self.field.fleet;
        if fleet.drops.swap(lose, Ordering::Relaxed) == lose {
            return Ok(());
        }
        fleet.tell("stop", Worker::Intake, 1).await?;
        fleet.start(Worker::Intake, 1).await
    }

    /// Prepares the new generation, if this seed has one.
    async fn renewal(&self, proof: &Proof) -> Result<Option<Renewal<'_>>, Failure> {
        let Some(plan) = self.rounds.iter().find_map(|schedule| schedule.turnover.clone()) else {
            return Ok(None);
        };
        Ok(Some(Renewal::begin(self.field, proof.operator.clone(), plan).await?))
    }

    /// Makes changes and faults in parallel until every fault has struck and the time is over.
    async fn act(&self, proof: &Proof, renewal: Option<&Renewal<'_>>) -> Result<(), Failure> {
        let done = AtomicBool::new(false);
        let notices = self.disturb_notices(&done);
        let faults = async {
            let result = self.all_rounds(proof, renewal).await;
            done.store(true, Ordering::Relaxed);
            result
        };
        let (changes, (), faults) = tokio::join!(self.watch(proof, renewal, &done, 1), notices, faults);
        changes.and(faults)
    }

    /// Changes the bucket, so many times slower than usual, reads the topics, and asks questions where there is a new generation,
    /// until `done`.
    async fn watch(
        &self,
        proof: &Proof,
        renewal: Option<&Renewal<'_>>,
        done: &AtomicBool,
        slower: u32,
    ) -> Result<(), Failure> {
        let changes = async {
            while !done.load(Ordering::Relaxed) {
                sleep(self.field.oracle.change().await? * slower).await;
            }
            Ok::<_, Failure>(())
        };
        // Errors are ignored: Kafka may be down on purpose.
        let reading = async {
            while !done.load(Ordering::Relaxed) {
                sleep(Duration::from_secs(3)).await;
                let _read = proof.log.lock().await.read(&self.field.world).await.is_ok();
            }
        };
        let asking = async {
            if let Some(renewal) = renewal {
                renewal.questions.ask_all(done).await;
            }
        };
        let (changes, (), ()) = tokio::join!(changes, reading, asking);
        changes
    }

    /// The rest of the new generation's way, when faults are over. The bucket goes on changing.
    async fn renew(&self, proof: &Proof, renewal: &Renewal<'_>) -> Result<(), Failure> {
        let done = AtomicBool::new(false);
        let rest = async {
            let result = Box::pin(renewal.rest()).await;
            done.store(true, Ordering::Relaxed);
            result
        };
        let (changes, rest) = tokio::join!(self.watch(proof, Some(renewal), &done, CALMER), rest);
        changes.and(rest)
    }

    async fn all_rounds(&self, proof: &Proof, renewal: Option<&Renewal<'_>>) -> Result<(), Failure> {
        for schedule in &self.rounds {
            let renewal = renewal.filter(|_| schedule.turnover.is_some());
            self.round(schedule, proof, renewal).await?;
        }
        Ok(())
    }

    /// The faults of one schedule.
    async fn round(
        &self,
        schedule: &Schedule,
        proof: &Proof,
        renewal: Option<&Renewal<'_>>,
    ) -> Result<(), Failure> {
        let field = self.field;
        let tracks = schedule.tracks.iter().enumerate().map(|(number, track)| async move {
            // Tracks start staggered, and the last one first, because it may be a long one.
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
        let renewing = async {
            match renewal {
                // Lost notices stay lost until everything is healed, and a generation that lacks them is not built.
                Some(renewal) => Box::pin(renewal.amid_faults(!self.drops())).await,
                None => Ok(()),
            }
        };
        let tracks = futures::future::join_all(tracks);
        let others = async { tokio::join!(outages, self.poison(schedule), phases, self.put_long(schedule)) };
        let (tracks, (outages, poison, phases, long), renewed) = tokio::join!(tracks, others, renewing);
        tracks.into_iter().chain([outages, poison, phases, long, renewed]).collect::<Result<Vec<()>, _>>()?;
        self.wait_for_all(schedule).await;
        Ok(())
    }

    /// Some kinds need luck to strike, so activity goes on for them, with all of this schedule's dials on.
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

    /// A document that an engine rejects must give one dead letter and must not hold up the others. It is deleted
    /// afterwards, because the audit would rightly report it as missing from that engine.
    async fn poison(&self, schedule: &Schedule) -> Result<(), Failure> {
        let Some(engine) = schedule.poison else { return Ok(()) };
        let (_, proxy, _) = self.field.proxies.engine(engine);
        proxy.refuses_poison.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(8)).await;
        let key = self.field.oracle.poison().await?;
        let document = self.field.world.document(&key)?;
        for _ in 0..POISONED {
            // Kafka may be down; that has nothing to do with this document.
            let letters = self.field.world.dead_letters().await.unwrap_or_default();
            if letters.iter().any(|letter| letter.document.as_deref() == Some(document.as_str())) {
                self.field.count("dead letter of poison", 1).await;
                return self.field.oracle.delete(&key).await;
            }
            sleep(Duration::from_secs(1)).await;
        }
        self.field.oracle.delete(&key).await?;
        Err(format!("no dead letter for {key} within {POISONED} s").into())
    }

    /// Whether an outage loses notices or changes: a killed store loses the notices of its last milliseconds, a store
    /// that does not persist notices loses those sent while Kafka is down, a truncated log loses references, and
    /// changes go unnoticed while objects seem to be missing.
    fn loses_notices(&self, outage: Outage) -> bool {
        outage.needs_reconcile() || outage.takes_kafka() && !self.field.fleet.store.keeps_notices()
    }

    async fn disturb_notices(&self, done: &AtomicBool) {
        let mut notices = Notices::new(self.number);
        let mut large = self.rounds.iter().any(|schedule| schedule.long > 0);
        while !done.load(Ordering::Relaxed) {
            sleep(Duration::from_secs(4)).await;
            // Kafka may be down on purpose.
            if let Ok(counts) = notices.disturb(&self.field.world.kafka).await {
                for (name, times) in counts {
                    self.field.count(name, times).await;
                }
            }
            if large {
                // Counted before the attempt, because Kafka may accept records without confirming it.
                self.field.count(UNREADABLE, 1).await;
                large = !matches!(notices.send_large(&self.field.world.kafka).await, Ok(true));
                self.field.count(schedule::LARGE_NOTICES, u64::from(!large)).await;
            }
        }
    }

    /// Ends all faults: starts everything, and reconciles if notices were lost.
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
        // A failed fault may have left a broker paused.
        field.fleet.server("kafka", "resume").await?;
        self.lose_notices(false).await?;
        for worker in Worker::ALL {
            if !field.fleet.runs(worker, 1).await {
                found.push(format!("{} does not run, and nobody killed it", worker.name()));
                field.fleet.start(worker, 1).await?;
            }
        }
        // A truncated log was reconciled right after the fault. Later changes must get through without another
        // reconciliation: that exposes a reader that mistakes new records for ones it has already seen.
        let lossy = |outage: &&Outage| self.loses_notices(**outage) && **outage != Outage::LogTruncated;
        let mut outages = self.rounds.iter().flat_map(|schedule| &schedule.outages);
        if self.drops() || outages.any(|outage| lossy(&outage)) {
            proof.reconcile().await?;
        }
        Ok(())
    }

    async fn prove(
        &self,
        proof: &mut Proof,
        renewal: Option<&Renewal<'_>>,
        unreadable: u64,
        deadline: Instant,
    ) -> Result<Vec<String>, Failure> {
        let world = &self.field.world;
        let ended = async {
            match renewal {
                Some(renewal) => Box::pin(renewal.end()).await,
                None => Ok(()),
            }
        };
        // A retirement waits a minute, and so does the rest: both at once.
        let (settled, ended) = tokio::join!(proof.settle(world, deadline), ended);
        ended?;
        let settled = settled?;
        self.field.count(LATE, settled.repairs).await;
        let mut found = settled.missing;
        let state = self.field.oracle.state().await;
        found.extend(proof.audit(world, &state.mirror, &self.name).await?);
        found.extend(proof.look(world, &state.mirror).await?);
        found.extend(remains::of_retired(world).await?);
        found.extend(self.field.take_wrong().await);
        let poison = self.rounds.iter().find_map(|schedule| schedule.poison);
        found.extend(proof.letters(world, Refused { poison, unreadable }).await?);
        Ok(found)
    }

    /// What Kafka compacted, and how often `chunk` has dropped a working copy so far. That happens in particular when
    /// the record it had read last was compacted away.
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
