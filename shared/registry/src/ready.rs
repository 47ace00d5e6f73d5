//! Says what a process has loaded, again and again. Stage: awaits a [`Broker`].

use message::RegistryEntry;
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing};

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
            None => Outgoing {
                topic: topics::MODELS.to_owned(),
                key: Some(key.as_bytes().to_vec()),
                value: None,
                headers: None,
            },
        };
        // After a failure it must not be used again.
        let mut publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => self.broker.after_write()?,
        };
        let written = publisher.write(vec![record]).await?;
        self.publisher = Some(publisher);
        // 0 stands as well for an offset that the broker did not tell.
        Ok(written.last.get(topics::MODELS).copied().filter(|offset| *offset > 0))
    }
}
