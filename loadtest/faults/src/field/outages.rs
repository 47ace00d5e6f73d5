//! Faults of the servers around the workers, and how they are undone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use process::Failure;
use tokio::time::sleep;

use super::Field;
use crate::dials::Kind;
use crate::outage::{Engine, Outage, Role};
use crate::schedule::{Blow, Worker};

/// How long a broker is away: two broker sessions, so that everything it led has moved.
const AWAY: Duration = Duration::from_secs(12);

/// What a worker logs when the topic is shorter than what it has already read.
const TRUNCATED: &str = "the topic lost records that were read already";

/// What `chunk` logs when it cannot write its working copy.
const FULL: &str = "the disk of";

impl Field {
    /// Injects an outage and undoes it.
    ///
    /// # Errors
    /// When a stopped process or server cannot be started again.
    pub async fn outage(&self, outage: Outage) -> Result<(), Failure> {
        match outage {
            Outage::Storm(worker) => self.storm(worker).await?,
            Outage::IndexDeleted(engine) => {
                let both = engine == Engine::Elasticsearch;
                self.world.delete_index(engine, both).await?;
            }
            Outage::NoBucket => {
                let (dials, proxy) = &self.proxies.store;
                proxy.without_bucket.store(true, Ordering::Relaxed);
                sleep(Duration::from_secs(10)).await;
                proxy.without_bucket.store(false, Ordering::Relaxed);
                // Successful strikes are counted by the proxy, request by request.
                if !dials.has_struck(Kind::NoBucket) {
                    self.wonder("nobody asked for the bucket while it was away".to_owned()).await;
                }
                return Ok(());
            }
            Outage::CopyFull => return self.fill_disk().await,
            Outage::KafkaRestarted => self.restart("kafka", "stop", 0).await?,
            Outage::KafkaKilled => self.restart("kafka", "kill", 2).await?,
            Outage::StoreKilled => self.restart(self.fleet.store.name(), "kill", 3).await?,
            Outage::BrokerKilled(role) => self.broker(role, ("kill", "start")).await?,
            Outage::BrokerPaused(role) => self.broker(role, ("pause", "resume")).await?,
            Outage::BrokerCut(role) => self.cut(role).await?,
            Outage::RollingRestart => self.roll().await?,
            Outage::LogTruncated => self.truncate().await?,
            Outage::KeysGone => self.lose_keys().await?,
        }
        self.count(&outage.name(), 1).await;
        Ok(())
    }

    async fn restart(&self, server: &str, verb: &str, seconds: u64) -> Result<(), Failure> {
        self.fleet.server(server, verb).await?;
        sleep(Duration::from_secs(seconds)).await;
        self.fleet.server(server, "start").await
    }

    /// Processes 2 and 3 start and stop quickly, some cleanly and some killed, to force rebalances.
    async fn storm(&self, worker: Worker) -> Result<(), Failure> {
        let _turn = self.turn(worker).await;
        for _ in 0..2 {
            self.fleet.start(worker, 2).await?;
            self.fleet.start(worker, 3).await?;
            self.fleet.tell("kill", worker, 2).await?;
            self.fleet.start(worker, 2).await?;
            self.fleet.tell("stop", worker, 3).await?;
            self.fleet.tell("stop", worker, 2).await?;
        }
        Ok(())
    }

    /// The disk of `chunk`'s working copy is full for ten seconds while `chunk` has something to write.
    async fn fill_disk(&self) -> Result<(), Failure> {
        use fault::Place::CopyWrite;

        let _turn = self.turn(Worker::Chunk).await;
        let before = self.fleet.logged((Worker::Chunk, 1), FULL).await;
        self.fleet.arm((Worker::Chunk, 1), CopyWrite, Blow::Kill).await?;
        for _ in 0..5 {
            self.oracle.burst(2).await?;
            sleep(Duration::from_secs(2)).await;
        }
        self.fleet.disarm((Worker::Chunk, 1), CopyWrite).await?;
        let failed = self.fleet.logged((Worker::Chunk, 1), FULL).await.saturating_sub(before);
        self.count(&Outage::CopyFull.name(), failed as u64).await;
        Ok(())
    }

    /// Takes one broker away for longer than its session with the controller, and brings it back.
    async fn broker(&self, role: Role, (gone, back): (&str, &str)) -> Result<(), Failure> {
        let number = self.brokers.holder(role, &self.world).await?.to_string();
        self.fleet.broker(&number, gone).await?;
        sleep(AWAY).await;
        self.fleet.broker(&number, back).await
    }

    /// Cuts one broker off the network. That needs root and several brokers; otherwise the broker is paused instead.
    async fn cut(&self, role: Role) -> Result<(), Failure> {
        let number = self.brokers.holder(role, &self.world).await?.to_string();
        if self.fleet.broker(&number, "cut").await.is_err() {
            self.count("stopped in place of cut off", 1).await;
            return self.broker(role, ("pause", "resume")).await;
        }
        sleep(AWAY).await;
        self.fleet.broker(&number, "mend").await
    }

    /// Every replica of a partition loses its newer half, as after a power cut of all brokers. `chunk` must notice
    /// that the log is shorter than what it has read, say so, and process it again.
    async fn truncate(&self) -> Result<(), Failure> {
        let before = self.told_of_truncation().await;
        self.fleet.server("kafka", "kill").await?;
        self.fleet.broker(&format!("{}-0", topics::DOCUMENTS), "truncate").await?;
        self.fleet.server("kafka", "start").await?;
        for _ in 0..60 {
            if self.told_of_truncation().await > before {
                return Ok(());
            }
            sleep(Duration::from_secs(1)).await;
        }
        self.wrong.lock().await.push("nobody noticed that the log was truncated".to_owned());
        Ok(())
    }

    async fn told_of_truncation(&self) -> usize {
        let mut times = 0;
        for process in 1..=2 {
            times += self.fleet.logged((Worker::Chunk, process), TRUNCATED).await;
        }
        times
    }

    /// Touches every object while the store answers 404 for all of them. The deletion guard must keep most documents.
    async fn lose_keys(&self) -> Result<(), Failure> {
        let _turn = self.turn(Worker::Chunk).await;
        for _ in 0..6 {
            self.oracle.burst(20).await?;
            sleep(Duration::from_secs(2)).await;
        }
        let before = self.world.documents().await?;
        let store = &self.proxies.store.1;
        store.without_objects.store(true, Ordering::Relaxed);
        self.oracle.touch_all().await?;
        sleep(Duration::from_secs(20)).await;
        let after = self.world.documents().await?;
        store.without_objects.store(false, Ordering::Relaxed);
        if after * 2 < before {
            let what = format!("the store denied all objects, and {after} of {before} documents are left");
            self.wrong.lock().await.push(what);
        }
        Ok(())
    }

    async fn roll(&self) -> Result<(), Failure> {
        for number in 1..=self.fleet.brokers {
            self.fleet.broker(&number.to_string(), "stop").await?;
            self.fleet.broker(&number.to_string(), "start").await?;
        }
        Ok(())
    }
}
