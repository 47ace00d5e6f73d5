//! How many records may be refused before a worker stops instead of draining its topic into dead letters.

use std::collections::VecDeque;

/// The answers for a worker's last records: twice as many as may be refused among them.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    last: VecDeque<bool>,
    refused: usize,
}

impl Budget {
    /// Allows `most` refusals among twice as many records; 0 allows any number.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, last: VecDeque::new(), refused: 0 }
    }

    /// Adds the answers for a batch, in order (true: refused). False if that exceeds the budget; then none of them
    /// count.
    pub fn take(&mut self, batch: &[bool]) -> bool {
        if self.most == 0 {
            return true;
        }
        let (mut last, mut refused) = (self.last.clone(), self.refused);
        for answer in batch {
            last.push_back(*answer);
            refused += usize::from(*answer);
            if last.len() > self.most.saturating_mul(2) {
                refused -= usize::from(last.pop_front().unwrap_or_default());
            }
            if refused > self.most {
                return false;
            }
        }
        (self.last, self.refused) = (last, refused);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_deploy_stops_and_a_few_poison_files_do_not() {
        let mut budget = Budget::new(10);
        for _ in 0..1000 {
            assert!(budget.take(&[true, false, false]));
        }
        let mut budget = Budget::new(10);
        assert!(budget.take(&[true; 10]));
        assert!(!budget.take(&[true]));
        assert!(budget.take(&[false; 15]), "what was not taken does not count");
        assert!(budget.take(&[true; 5]), "old refusals are forgotten");
        assert!(Budget::new(0).take(&[true; 1000]));
    }
}
