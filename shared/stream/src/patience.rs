//! How long one record may hold up its partition.

use std::time::Duration;

use tokio::time::Instant;

/// Watches the record that a lane is stuck at.
///
/// A stage consults it when a record must be retried. If the budget is spent *and* the same server answers for other
/// items, the fault is the record's and it is refused; a server that answers nobody is waited for indefinitely.
#[derive(Debug)]
pub struct Patience {
    budget: Duration,
    stuck: Option<(i64, Instant)>,
}

impl Patience {
    /// Allows each record `budget`.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self { budget, stuck: None }
    }

    /// Notes that the record at `offset` must be retried; true if that has gone on for longer than the budget. Another
    /// offset starts again.
    pub fn is_spent(&mut self, offset: i64) -> bool {
        match self.stuck {
            Some((stuck, since)) if stuck == offset => since.elapsed() > self.budget,
            _ => {
                self.stuck = Some((offset, Instant::now()));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_the_record_that_is_stuck_spends_it() {
        let mut patience = Patience::new(Duration::from_secs(10));
        assert!(!patience.is_spent(7));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(patience.is_spent(7));
        assert!(!patience.is_spent(8));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(!patience.is_spent(8));
    }
}
