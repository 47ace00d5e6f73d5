//! Tells a process what the registry says, and each time that it changes.

use std::convert::Infallible;
use std::sync::Arc;

use backoff::{Backoff, Delays};
use futures::stream::TryStreamExt as _;
use stream::{Broker, Record, StreamError};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep};
use tracing::{error, warn};

use crate::state::Registry;

/// How long a topic that is not there is left alone: somebody may create it at any time.
const ABSENT: Duration = Duration::from_secs(10);

/// What was heard last.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What the topic says; empty where there is no such topic.
    pub registry: Arc<Registry>,
    /// When a record came last.
    pub at: Instant,
    /// The offset after the last record that was read; none where there is no such topic.
    pub next: Option<i64>,
}

impl Heard {
    /// The broker's time: milliseconds since 1970. The true time may be later by what a record takes to arrive.
    #[must_use]
    pub fn now(&self) -> i64 {
        let since = i64::try_from(self.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.registry.now().saturating_add(since)
    }
}

/// Sends what the registry says, first as a whole, and then with each record. Never returns: what fails is tried again.
pub async fn follow<B: Broker>(broker: B, heard: watch::Sender<Option<Heard>>) -> Infallible {
    let mut delays = Backoff::SERVER.start();
    loop {
        let error = match broker.existing(topics::MODELS).await {
            Ok(Some(_)) => match listen(&broker, &heard, &mut delays).await {
                Ok(()) => continue,
                Err(error) => error,
            },
            Ok(None) => {
                heard.send_replace(Some(Heard { registry: Arc::default(), at: Instant::now(), next: None }));
                sleep(ABSENT).await;
                continue;
            }
            Err(error) => error,
        };
        let delay = delays.next_delay(None);
        warn!(topic = topics::MODELS, cause = %error, ?delay, "waiting for the registry");
        sleep(delay).await;
    }
}

async fn listen<B: Broker>(
    broker: &B,
    heard: &watch::Sender<Option<Heard>>,
    delays: &mut Delays,
) -> Result<(), StreamError> {
    let (mut registry, mut next) = (Registry::default(), 0);
    let mut whole = broker.reading(topics::MODELS, 0, 0);
    while let Some(record) = whole.try_next().await? {
        next = record.offset + 1;
        take(&mut registry, &record);
    }
    let tell = |registry: &Registry, next: i64| {
        let registry = Arc::new(registry.clone());
        heard.send_replace(Some(Heard { registry, at: Instant::now(), next: Some(next) }));
    };
    tell(&registry, next);
    *delays = Backoff::SERVER.start();
    let mut news = broker.tail(topics::MODELS, 0, next);
    while let Some(record) = news.try_next().await? {
        take(&mut registry, &record);
        tell(&registry, record.offset + 1);
    }
    Ok(())
}

/// What cannot be read stays as it was before: an older program goes on with what it knows.
fn take(registry: &mut Registry, record: &Record) {
    let at = record.timestamp.unwrap_or_default();
    if let Err(cause) = registry.take(&record.key_text(), record.value.as_deref(), at) {
        error!(topic = topics::MODELS, offset = record.offset, %cause, "the registry says what this program does not know");
    }
}
