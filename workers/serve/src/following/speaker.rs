//! Says what a process has loaded, so that others wait for it, and proves that it hears what is said.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use message::{ReadyEntry, RegistryEntry};
use model::Encoder;
use registry::{Heard, ReadyWriter, Registry, rules};
use sink::Reader;
use stream::{Boottime, Broker};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::{FollowSettings, Standing};
use crate::lease::SentWord;
use crate::search::Search;

/// How long a process that stops tries to say so.
const LEAVING: Duration = Duration::from_secs(5);
/// How long it tries to have others forgotten, while it says nothing of itself.
const TIDYING: Duration = Duration::from_secs(5);
/// How many others one start forgets.
const MOST_FORGOTTEN: usize = 100;

/// Writes the words of one process.
pub(super) struct Speaker<B: Broker> {
    writer: ReadyWriter<B>,
    instance: String,
    index: String,
    every: Duration,
    /// A word that takes longer than a lease proves nothing.
    lease: Duration,
    /// After how many milliseconds without a word another process is forgotten.
    forgotten: i64,
    is_failing: bool,
}

impl<B: Broker> Speaker<B> {
    pub(super) fn new(broker: B, index: &str, settings: &FollowSettings) -> Self {
        Self {
            writer: ReadyWriter::new(broker),
            instance: settings.instance.clone(),
            index: index.to_owned(),
            every: settings.every,
            lease: settings.lease,
            forgotten: i64::try_from(settings.forgotten.as_millis()).unwrap_or(i64::MAX),
            is_failing: false,
        }
    }

    /// Says again and again what is loaded, and at once when that changes, while there is a registry. Never returns.
    pub(super) async fn speak<E: Encoder, R: Reader>(
        &mut self,
        search: &Search<E, R>,
        mut heard: watch::Receiver<Option<Heard>>,
        mut said: watch::Receiver<Standing>,
    ) -> Infallible {
        let mut is_tidy = false;
        loop {
            let from = topic(&mut heard).await;
            let standing = said.borrow_and_update().clone();
            let (at, due) = (Boottime::now(), Instant::now() + self.every);
            if let Some(offset) = self.say(standing).await
                && let Some(lease) = search.served().lease()
            {
                lease.sent(SentWord { offset, from, at });
            }
            let registry = heard.borrow().as_ref().map(|heard| Arc::clone(&heard.registry));
            if let Some(registry) = registry.filter(|_| !is_tidy) {
                is_tidy = self.tidy(&registry).await;
            }
            tokio::select! {
                Ok(()) = said.changed() => {}
                () = sleep_until(due) => {}
            }
        }
    }

    /// Has processes of this index forgotten that are long gone; false while nothing tells which. The registry's time is that of
    /// its newest record, which may be old as well, until a word of this process is among them.
    ///
    /// One that only slept comes back with its next word. Its lease is over, so that it answers nothing before that is read.
    async fn tidy(&mut self, registry: &Registry) -> bool {
        let now = registry.now();
        if !registry.alive(&self.index, now, rules::LEASE).any(|ready| ready.instance == self.instance) {
            return false;
        }
        let gone = registry.silent(&self.index, now, self.forgotten).take(MOST_FORGOTTEN);
        let keys: Vec<String> = gone.map(|ready| RegistryEntry::Ready(ready.clone()).key()).collect();
        if keys.is_empty() {
            return true;
        }
        match timeout(TIDYING, self.writer.forget(&keys)).await {
            Ok(Ok(())) => info!(servers = keys.len(), "servers that are long gone are forgotten"),
            Ok(Err(error)) => {
                let cause = process::chain(&error);
                warn!(cause, "servers that are long gone stay in the registry until another start");
            }
            Err(_) => warn!("servers that are long gone stay in the registry until another start: no answer"),
        }
        true
    }

    fn entry(&self, Standing { loaded, sequence }: Standing) -> RegistryEntry {
        let (instance, index) = (self.instance.clone(), self.index.clone());
        RegistryEntry::Ready(ReadyEntry { instance, index, loaded, sequence })
    }

    /// Answers with the offset of what was said, if the broker took it and told that.
    async fn say(&mut self, standing: Standing) -> Option<i64> {
        let entry = self.entry(standing);
        let cause = match timeout(self.lease, self.writer.say(&entry.key(), Some(&entry))).await {
            Ok(Ok(offset)) => {
                if self.is_failing {
                    info!("the registry takes words again");
                }
                self.is_failing = false;
                return offset;
            }
            Ok(Err(error)) => process::chain(&error),
            Err(_) => format!("no answer within {:?}", self.lease),
        };
        if !self.is_failing {
            warn!(cause, "the registry takes no words; without them nothing is answered soon");
        }
        self.is_failing = true;
        None
    }

    /// Says that this process is gone: nobody has to wait for it any more.
    pub(super) async fn leave(&mut self) {
        let key = self.entry(Standing::default()).key();
        match timeout(LEAVING, self.writer.say(&key, None)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                warn!(cause = process::chain(&error), "the registry was not told that this server stops");
            }
            Err(_) => warn!("the registry was not told in time that this server stops"),
        }
    }
}

/// Waits until there is a registry, and answers with the offset up to which it was read.
async fn topic(heard: &mut watch::Receiver<Option<Heard>>) -> i64 {
    loop {
        if let Some(next) = heard.borrow_and_update().as_ref().and_then(|heard| heard.next) {
            return next;
        }
        if heard.changed().await.is_err() {
            return pending().await;
        }
    }
}
