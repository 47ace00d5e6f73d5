//! Says what a process has loaded, again and again. Stage: awaits a [`Broker`].

use message::RegistryEntry;
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing, Published, StreamError};

use crate::writer::{RegistryError, outgoing};

/// Writes what needs no comparison (what a process has loaded) over one connection, and tells where it went.
pub struct ReadyWriter<B: Broker> {
    broker: B,
    publisher: Option<B::Publisher>,
}

impl<B: Broker> std::fmt::Debug for ReadyWriter<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadyWriter").field("connected", &self.publisher.is_some()).finish_non_exhaustive()
    }
}

impl<B: Broker> ReadyWriter<B> {
    /// A writer that connects with its first word.
    #[must_use]
    pub fn new(broker: B) -> Self {
        Self { broker, publisher: None }
    }

    /// Writes `entry` under `key`, or forgets `key`, and answers with the offset of that record, if the broker told it. When
    /// this is dropped before it ends, the record may be written all the same.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn say(
        &mut self,
        key: &str,
        entry: Option<&RegistryEntry>,
    ) -> Result<Option<i64>, RegistryError> {
        let record = match entry {
            Some(entry) => outgoing(entry)?,
            None => forgotten(key),
        };
        let written = self.write(vec![record]).await?;
        // 0 stands as well for an offset that the broker did not tell.
        Ok(written.last.get(topics::MODELS).copied().filter(|offset| *offset > 0))
    }

    /// Forgets all of `keys`, in one request. When this is dropped before it ends, that may be done all the same.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn forget(&mut self, keys: &[String]) -> Result<(), RegistryError> {
        let records = keys.iter().map(|key| forgotten(key)).collect();
        self.write(records).await?;
        Ok(())
    }

    async fn write(&mut self, records: Vec<Outgoing>) -> Result<Published, StreamError> {
        // After a failure it must not be used again.
        let mut publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => self.broker.after_write()?,
        };
        let written = publisher.write(records).await?;
        self.publisher = Some(publisher);
        Ok(written)
    }
}

fn forgotten(key: &str) -> Outgoing {
    Outgoing {
        topic: topics::MODELS.to_owned(),
        key: Some(key.as_bytes().to_vec()),
        value: None,
        headers: None,
    }
}
