//! What the workers before the engines do again where Kafka has forgotten how far they were. Stage: awaits a
//! [`Broker`].

use generation::{Generation, TopicReader};
use message::GenerationEntry;
use stream::{Broker, StreamError};

/// What is forgotten of how far the workers before the engines were with a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenFill {
    /// Whether `embed` embeds the whole log again.
    pub embeds: bool,
    /// Whether `chunk` may lack requests that are gone.
    pub asks: bool,
}

impl ForgottenFill {
    /// What is forgotten of `entry`. `fillers` has its [`upstream_fillers`](crate::upstream_fillers), each
    /// with the next record of each partition of its topic; none where that is forgotten, or was never known.
    ///
    /// # Errors
    /// When the broker does not answer, or a topic does not exist.
    pub async fn of<B: Broker>(
        broker: &B,
        entry: &GenerationEntry,
        fillers: &[(TopicReader, Vec<Option<i64>>)],
    ) -> Result<Self, StreamError> {
        let mut forgotten = Self::default();
        for (reader, places) in fillers {
            if reader.topic == topics::DOCUMENTS {
                forgotten.asks = lacks(places, &starts(broker, &reader.topic).await?);
            } else {
                let is_known = places.iter().any(Option::is_some);
                let vectors = Generation::from(entry).vectors();
                forgotten.embeds = !is_known && has_records(broker, &vectors).await?;
            }
        }
        Ok(forgotten)
    }
}

/// Whether requests are gone that their reader, which begins here in each partition, had not handled. Who is
/// forgotten reads what is left, and may lack what came before that.
fn lacks(places: &[Option<i64>], starts: &[i64]) -> bool {
    places.iter().zip(starts).any(|(next, start)| next.unwrap_or(0) < *start)
}

/// The first offset that each partition of a topic still has.
async fn starts<B: Broker>(broker: &B, topic: &str) -> Result<Vec<i64>, StreamError> {
    let mut starts = Vec::new();
    for partition in 0..broker.partitions(topic).await? {
        starts.push(broker.range(topic, partition).await?.start);
    }
    Ok(starts)
}

async fn has_records<B: Broker>(broker: &B, topic: &str) -> Result<bool, StreamError> {
    for partition in 0..broker.partitions(topic).await? {
        if !broker.range(topic, partition).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_lacking_where_the_log_begins_behind_the_next_one() {
        assert!(!lacks(&[Some(5), None], &[5, 0]));
        assert!(lacks(&[Some(4), None], &[5, 0]));
        assert!(lacks(&[Some(5), None], &[5, 1]));
    }
}
