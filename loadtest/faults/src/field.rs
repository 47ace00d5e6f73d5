//! Everything needed to inject faults, and the count of those that struck.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fault::Place;
use process::Failure;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{Instant, sleep};

use crate::brokers::Brokers;
use crate::dials::{Dials, Kind};
use crate::fleet::Fleet;
use crate::oracle::Oracle;
use crate::outage::Engine;
use crate::proxy::{EngineProxy, StoreProxy};
use crate::schedule::{Blow, Strike, Worker};
use crate::world::World;

mod outages;

/// Seconds to wait until the worker reaches the fault's place; after that the fault counts as missed.
const STRIKES_WITHIN: u64 = 120;
/// Time for a second process to join its consumer group.
const JOINS: Duration = Duration::from_secs(4);

/// The proxies, and the handles that control them.
pub struct Proxies {
    /// Each engine's dials, proxy and gate: while the gate is true, nobody can connect.
    pub engines: [(Arc<Dials>, Arc<EngineProxy>, watch::Sender<bool>); 2],
    /// The store's dials and proxy.
    pub store: (Arc<Dials>, Arc<StoreProxy>),
}

impl Proxies {
    /// The proxy of an engine.
    #[must_use]
    pub fn engine(&self, engine: Engine) -> &(Arc<Dials>, Arc<EngineProxy>, watch::Sender<bool>) {
        match engine {
            Engine::OpenSearch => &self.engines[0],
            Engine::Elasticsearch => &self.engines[1],
        }
    }

    /// The dials of all proxies.
    pub fn dials(&self) -> impl Iterator<Item = &Dials> {
        self.engines.iter().map(|(dials, ..)| dials.as_ref()).chain([self.store.0.as_ref()])
    }

    /// Turns exactly these faults on, in every proxy.
    pub fn set(&self, kinds: &[Kind]) {
        self.dials().for_each(|dials| dials.set(kinds));
    }

    /// Turns every fault off and opens every gate.
    pub fn heal(&self) {
        self.set(&[]);
        for (_, proxy, gate) in &self.engines {
            proxy.refuses_poison.store(false, Ordering::Relaxed);
            gate.send_replace(false);
        }
        self.store.1.without_bucket.store(false, Ordering::Relaxed);
        self.store.1.without_objects.store(false, Ordering::Relaxed);
    }
}

/// What faults are injected into, and the tools to do it.
pub struct Field {
    /// Changes the bucket.
    pub oracle: Arc<Oracle>,
    /// The workers.
    pub fleet: Fleet,
    /// The proxies.
    pub proxies: Proxies,
    /// The topics, ledger and engines under test.
    pub world: World,
    /// Kafka's brokers.
    pub brokers: Brokers,
    /// One lock for each worker: a worker suffers one fault at a time.
    turns: [Mutex<()>; 5],
    struck: Mutex<BTreeMap<String, u64>>,
    strange: Mutex<Vec<String>>,
    wrong: Mutex<Vec<String>>,
}

impl Field {
    /// A field before its first fault.
    #[must_use]
    pub fn new(
        oracle: Arc<Oracle>,
        fleet: Fleet,
        proxies: Proxies,
        (world, brokers): (World, Brokers),
    ) -> Self {
        let (turns, struck) = (Default::default(), Mutex::default());
        Self {
            oracle,
            fleet,
            proxies,
            world,
            brokers,
            turns,
            struck,
            strange: Mutex::default(),
            wrong: Mutex::default(),
        }
    }

    /// Counts a fault that struck.
    pub async fn count(&self, name: &str, times: u64) {
        if times > 0 {
            *self.struck.lock().await.entry(name.to_owned()).or_default() += times;
        }
    }

    /// The faults that struck since the last call, including the proxies', and anything unexpected that was seen.
    pub async fn take(&self) -> (BTreeMap<String, u64>, Vec<String>) {
        for dials in self.proxies.dials() {
            for (kind, times) in dials.take() {
                self.count(kind.name(), times).await;
            }
        }
        (std::mem::take(&mut *self.struck.lock().await), std::mem::take(&mut *self.strange.lock().await))
    }

    /// Whether a fault of this name struck since the last [`Field::take`].
    pub async fn has_struck(&self, name: &str) -> bool {
        let by_proxy = Kind::DIALLED
            .iter()
            .filter(|kind| kind.name() == name)
            .any(|k| self.proxies.dials().any(|d| d.has_struck(*k)));
        by_proxy || self.struck.lock().await.contains_key(name)
    }

    /// What was found wrong while faults struck; these count as differences.
    pub async fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut *self.wrong.lock().await)
    }

    async fn wonder(&self, what: String) {
        self.strange.lock().await.push(what);
    }

    /// Notes what is wrong; it counts as a difference.
    pub async fn accuse(&self, what: String) {
        self.wrong.lock().await.push(what);
    }

    fn lock_of(&self, worker: Worker) -> &Mutex<()> {
        &self.turns[Worker::ALL.iter().position(|other| *other == worker).unwrap_or_default()]
    }

    async fn turn(&self, worker: Worker) -> MutexGuard<'_, ()> {
        self.lock_of(worker).lock().await
    }

    /// Kills the first of these workers that no other fault holds, wherever it is in its code, and starts it again.
    /// None when others hold them all.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub async fn kill_free(&self, workers: &[Worker]) -> Result<Option<Worker>, Failure> {
        for worker in workers {
            if let Ok(_turn) = self.lock_of(*worker).try_lock() {
                self.fleet.tell("kill", *worker, 1).await?;
                self.revive((*worker, 1)).await?;
                return Ok(Some(*worker));
            }
        }
        Ok(None)
    }

    /// Arms a fault, waits until it strikes, changes the documents that the victim was working on, and brings the
    /// victim back.
    ///
    /// # Errors
    /// When a process cannot be started, or the store does not answer.
    pub async fn strike(&self, strike: Strike) -> Result<(), Failure> {
        let Strike { worker, place, blow, process } = strike;
        let _turn = self.turn(worker).await;
        let victim = (worker, process);
        if let Some(place) = place {
            self.fleet.disarm(victim, place).await?;
        }
        let is_pair = blow != Blow::Kill || process == 2;
        if is_pair {
            self.fleet.start(worker, 2).await?;
            sleep(JOINS).await;
        }
        let struck = match place {
            Some(place) => {
                self.fleet.arm(victim, place, blow).await?;
                self.await_strike(victim, place).await?
            }
            None => self.strike_blindly(strike).await?,
        };
        if struck {
            self.count(&strike.name(), 1).await;
            // The victim holds the documents touched last. They are edited and deleted before it returns, so that its
            // work is stale.
            self.oracle.disturb().await?;
            match blow {
                Blow::Kill => self.revive(victim).await?,
                Blow::Stop(seconds) => self.wake(victim, seconds).await?,
            }
        } else {
            self.wonder(format!("{} never struck", strike.name())).await;
        }
        if let Some(place) = place {
            self.fleet.disarm(victim, place).await?;
        }
        if is_pair {
            self.fleet.tell("stop", worker, 2).await?;
        }
        Ok(())
    }

    /// Waits for the fault to strike, false when it does not in time. Meanwhile new documents keep the worker busy.
    async fn await_strike(&self, victim: (Worker, u32), place: Place) -> Result<bool, Failure> {
        for waited in 0..STRIKES_WITHIN * 20 {
            if self.fleet.has_struck(victim, place).await {
                return Ok(true);
            }
            if waited % 200 == 0 {
                self.oracle.burst(5).await?;
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    /// Strikes a busy worker at a random moment, wherever it is in its code.
    async fn strike_blindly(&self, strike: Strike) -> Result<bool, Failure> {
        self.oracle.burst(5).await?;
        // A notice takes up to about 2.5 s from the store to the last worker.
        let moment = self.oracle.draw(100, 2500).await;
        sleep(Duration::from_millis(moment)).await;
        let verb = if strike.blow == Blow::Kill { "kill" } else { "pause" };
        self.fleet.tell(verb, strike.worker, strike.process).await?;
        Ok(true)
    }

    async fn revive(&self, (worker, process): (Worker, u32)) -> Result<(), Failure> {
        for _ in 0..100 {
            if !self.fleet.runs(worker, process).await {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_millis(1500)).await;
        self.fleet.start(worker, process).await
    }

    async fn wake(&self, (worker, process): (Worker, u32), seconds: u64) -> Result<(), Failure> {
        sleep(Duration::from_secs(seconds).saturating_sub(Duration::from_secs(1))).await;
        // An engine forgets a deleted document's version only when it refreshes. Refreshing here makes the zombie's
        // late write succeed unless the mechanism under test prevents it.
        self.world.refresh().await;
        sleep(Duration::from_secs(1)).await;
        self.fleet.tell("resume", worker, process).await?;
        sleep(JOINS).await;
        if !self.fleet.runs(worker, process).await {
            self.wonder(format!("{} died instead of standing back", worker.name())).await;
            self.fleet.start(worker, process).await?;
        }
        Ok(())
    }

    /// Runs the phases one after another, `seconds` in total.
    pub async fn phases(&self, phases: &[Vec<Kind>], seconds: u64) {
        let each = Duration::from_secs(seconds) / u32::try_from(phases.len().max(1)).unwrap_or(1);
        for kinds in phases {
            let end = Instant::now() + each;
            self.proxies.set(kinds);
            if kinds.contains(&Kind::Refused) {
                for (dials, _, gate) in &self.proxies.engines {
                    gate.send_replace(true);
                    dials.count(Kind::Refused);
                }
                sleep(Duration::from_secs(3)).await;
                for (_, _, gate) in &self.proxies.engines {
                    gate.send_replace(false);
                }
            }
            tokio::time::sleep_until(end).await;
        }
    }
}
