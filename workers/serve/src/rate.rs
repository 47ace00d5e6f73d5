//! Limits the requests of each client with a token bucket. Pure: the caller passes the time.

use std::collections::HashMap;

/// Maximum number of clients remembered; beyond it, those with full buckets are forgotten.
const MOST_CLIENTS: usize = 10_000;

/// Requests per minute for each client, with bursts of the same size.
#[derive(Debug)]
pub struct Rate {
    per_minute: f64,
    buckets: HashMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    /// Seconds on the caller's clock.
    filled: f64,
}

impl Rate {
    /// So many requests per minute; 0 for no limit.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute), buckets: HashMap::new() }
    }

    /// Takes a token for `client` at `now` (seconds).
    ///
    /// # Errors
    /// The seconds until a token is available.
    pub fn take(&mut self, client: &str, now: f64) -> Result<(), u64> {
        if self.per_minute <= 0.0 {
            return Ok(());
        }
        let (most, per_second) = (self.per_minute, self.per_minute / 60.0);
        let level = |bucket: &Bucket| (bucket.tokens + (now - bucket.filled) * per_second).min(most);
        if self.buckets.len() >= MOST_CLIENTS && !self.buckets.contains_key(client) {
            self.buckets.retain(|_, bucket| level(bucket) < most);
            if self.buckets.len() >= MOST_CLIENTS {
                return Err(60);
            }
        }
        let bucket = self.buckets.entry(client.to_owned()).or_insert(Bucket { tokens: most, filled: now });
        let tokens = level(bucket);
        let (left, answer) =
            if tokens >= 1.0 { (tokens - 1.0, Ok(())) } else { (tokens, Err((1.0 - tokens) / per_second)) };
        *bucket = Bucket { tokens: left, filled: now };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 60")]
        answer.map_err(|seconds: f64| seconds.ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_share_and_others_theirs() {
        let mut rate = Rate::new(2);
        assert_eq!([rate.take("a", 0.0), rate.take("a", 0.0)], [Ok(()), Ok(())]);
        assert_eq!(rate.take("a", 0.0), Err(30));
        assert_eq!(
            (rate.take("a", 29.0), rate.take("a", 30.0), rate.take("b", 30.0)),
            (Err(1), Ok(()), Ok(()))
        );
        assert_eq!(rate.take("a", 30.0), Err(30));
        let mut none = Rate::new(0);
        assert!((0..1000).all(|_| none.take("a", 0.0).is_ok()));
    }

    #[test]
    fn no_number_of_clients_makes_it_grow() {
        let mut rate = Rate::new(60);
        for client in 0..MOST_CLIENTS {
            rate.take(&client.to_string(), 0.0).unwrap();
        }
        assert_eq!(rate.take("one more", 0.0), Err(60));
        assert_eq!(rate.take("one more", 2.0), Ok(()));
        assert!(rate.buckets.len() <= MOST_CLIENTS);
    }
}
