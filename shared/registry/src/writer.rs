//! Changes the registry by compare-and-set. Stage: awaits a [`Broker`].

use futures::stream::TryStreamExt as _;
use message::RegistryEntry;
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing, StreamError};

use crate::rules::RuleRefusal;
use crate::state::{Registry, UnreadableEntry};

/// The only partition.
const PARTITION: i32 = 0;

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

    /// Reads the registry, asks `rule` what to write, and writes that: all of it, or nothing.
    ///
    /// # Errors
    /// When the rule refuses, a rival came in between, or the broker does not answer. Nothing is written then, unless the
    /// broker failed at the very end: a rule that is asked again says what is left to do.
    pub async fn change<F>(&self, rule: F) -> Result<(), RegistryError>
    where
        F: FnOnce(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        // It fences every earlier writer first, so that what is read below is what will be written upon.
        let mut publisher = self.broker.transactional(&self.id).await?;
        let registry = read(&self.broker).await?;
        let entries = rule(&registry)?;
        if !entries.is_empty() {
            let records = entries.iter().map(outgoing).collect::<Result<_, _>>()?;
            publisher.write(records).await?;
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
