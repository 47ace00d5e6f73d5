//! Changes the registry by compare-and-set. Stage: awaits a [`Broker`].

use std::time::Duration;

use backoff::Backoff;
use futures::stream::TryStreamExt as _;
use message::RegistryEntry;
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing, StreamError};
use tokio::time::sleep;

use crate::rules::RuleRefusal;
use crate::state::{Registry, UnreadableEntry};

/// The only partition.
const PARTITION: i32 = 0;
/// How long a change may be open. While one is, no server of `serve` reads its own word back, by which it knows that it may answer:
/// with the time after which a broker looks for those that nobody ends (10 s) it is much shorter than a lease.
const LONGEST_CHANGE: Duration = Duration::from_secs(5);
/// How often a change that met another one is tried again, and the delays.
const TRIES: u32 = 5;
const AFTER_RIVAL: Duration = Duration::from_millis(200);

/// Why the registry was not changed or read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] RuleRefusal),
    /// Somebody else changed it at the same moment: look again.
    #[error("somebody else changes what is served at this moment: look again, and then try again")]
    Rival,
    /// It holds what this program does not know, which it must not overrule.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEntry),
    /// The broker does not answer.
    #[error("the topic `models`: {0}")]
    Stream(StreamError),
}

impl From<StreamError> for RegistryError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Fenced(_) => Self::Rival,
            StreamError::Unavailable(_) | StreamError::Fatal(_) => Self::Stream(error),
        }
    }
}

/// The registry as it is now; empty where there is no such topic.
///
/// # Errors
/// When the broker does not answer, or the topic holds what this program cannot read.
pub async fn look<B: Broker>(broker: &B) -> Result<Registry, RegistryError> {
    match broker.existing(topics::MODELS).await? {
        Some(_) => read(broker).await,
        None => Ok(Registry::default()),
    }
}

/// The registry as it is now.
///
/// # Errors
/// As [`look`], and when the topic is not there.
pub async fn read<B: Broker>(broker: &B) -> Result<Registry, RegistryError> {
    let mut registry = Registry::default();
    let mut records = broker.reading(topics::MODELS, PARTITION, 0);
    while let Some(record) = records.try_next().await? {
        registry.take(&record.key_text(), record.value.as_deref(), record.timestamp.unwrap_or_default())?;
    }
    Ok(registry)
}

/// Changes what concerns one index. Of two writers the one that began later wins, and the other one's change is not made:
/// both may have read the same state.
#[derive(Clone, Debug)]
pub struct RegistryWriter<B> {
    broker: B,
    id: String,
}

impl<B: Broker> RegistryWriter<B> {
    /// A writer for what is called `index` outside.
    #[must_use]
    pub fn new(broker: B, index: &str) -> Self {
        Self { broker, id: format!("{}-{index}", topics::MODELS) }
    }

    /// Reads the registry, asks `rule` what to write, and writes that: all of it, or nothing. When somebody else changes it at
    /// the same moment, it is read and the rule is asked anew, a few times.
    ///
    /// # Errors
    /// When the rule refuses, rivals came in between each time, or the broker does not answer. Nothing is written then, unless
    /// the broker failed at the very end: a rule that is asked again says what is left to do.
    pub async fn change<F>(&self, mut rule: F) -> Result<(), RegistryError>
    where
        F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        let mut delays =
            Backoff::try_new(AFTER_RIVAL, AFTER_RIVAL * TRIES).unwrap_or(Backoff::SERVER).start();
        for _ in 1..TRIES {
            match self.change_once(&mut rule).await {
                Err(RegistryError::Rival) => sleep(delays.next_delay(None)).await,
                changed => return changed,
            }
        }
        self.change_once(&mut rule).await
    }

    /// Begins a change, by which every writer that began earlier is fenced. What it writes is decided at its end.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn begin(&self) -> Result<RegistryChange<B>, RegistryError> {
        let publisher = self.broker.transactional(&self.id, LONGEST_CHANGE).await?;
        Ok(RegistryChange { broker: self.broker.clone(), publisher })
    }

    async fn change_once<F>(&self, rule: &mut F) -> Result<(), RegistryError>
    where
        F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        self.begin().await?.write(rule).await
    }
}

/// A change that was begun: whoever began one since has fenced it.
pub struct RegistryChange<B: Broker> {
    broker: B,
    publisher: B::Publisher,
}

impl<B: Broker> std::fmt::Debug for RegistryChange<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryChange").finish_non_exhaustive()
    }
}

impl<B: Broker> RegistryChange<B> {
    /// Reads the registry, asks `rule` what to write, and writes that: all of it, or nothing.
    ///
    /// # Errors
    /// As [`RegistryWriter::change`], and [`RegistryError::Rival`] when somebody else began a change meanwhile.
    pub async fn write<F>(mut self, rule: &mut F) -> Result<(), RegistryError>
    where
        F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        // Every earlier writer is fenced, so that what is read here is what will be written upon.
        let registry = read(&self.broker).await?;
        let entries = rule(&registry)?;
        if !entries.is_empty() {
            let records = entries.iter().map(outgoing).collect::<Result<_, _>>()?;
            self.publisher.write(records).await?;
        }
        Ok(())
    }
}

pub(crate) fn outgoing(entry: &RegistryEntry) -> Result<Outgoing, RegistryError> {
    let value = serde_json::to_vec(entry)
        .map_err(|error| RegistryError::Stream(StreamError::Fatal(error.to_string())))?;
    Ok(Outgoing {
        topic: topics::MODELS.to_owned(),
        key: Some(entry.key().into_bytes()),
        value: Some(value),
        headers: None,
    })
}
