//! Whether a process may answer. Pure.
//!
//! A process that is cut off from the registry does not learn that another generation is served, so it must stop answering
//! before the others take it as gone. They do so a lease after its last word, by the broker's time of that word. A word that
//! was read back was written after it was sent, and everything that the registry said before it was read, too. So a process
//! may answer for a lease after it *sent* a word that it has read back.
//!
//! Whoever has once read a word of its own back takes part, and needs the lease from then on, whatever the registry says: others
//! may promote a first generation while it is cut off, and would wait for it no longer than for anybody else.

use std::collections::VecDeque;
use std::time::Duration;

use stream::Boottime;

/// A word of this process that the broker acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentWord {
    /// Its offset.
    pub offset: i64,
    /// How far the topic had been read when it was sent.
    pub from: i64,
    /// When it was sent. This clock goes on while the machine sleeps.
    pub at: Boottime,
}

/// How long a process may answer.
#[derive(Debug)]
pub struct AnswerLease {
    length: Duration,
    /// Whether the registry was heard to say what is served.
    was_served: bool,
    /// The offset after the last record that was read.
    next: i64,
    /// Words that were not read back yet, oldest first.
    waiting: VecDeque<SentWord>,
    /// When the last word that was read back was sent.
    renewed: Option<Boottime>,
}

impl AnswerLease {
    /// A lease of `length`, which is not needed yet: this process has not heard of a registry.
    #[must_use]
    pub fn new(length: Duration) -> Self {
        Self { length, was_served: false, next: 0, waiting: VecDeque::new(), renewed: None }
    }

    /// From now on, nothing is answered without it: the registry was heard to say what is served.
    pub fn need(&mut self) {
        self.was_served = true;
    }

    /// The broker was heard to say that there is no registry: nobody can have changed what is served, and what this process said
    /// is gone.
    pub fn forget(&mut self) {
        *self = Self::new(self.length);
    }

    /// Whether nothing is answered without it.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.was_served || self.was_proved()
    }

    /// Whether a word of this process was ever read back.
    #[must_use]
    pub fn was_proved(&self) -> bool {
        self.renewed.is_some()
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The broker acknowledged a word.
    pub fn sent(&mut self, word: SentWord) {
        // The topic begins anew, and what is read of it now may be of its predecessor.
        if word.offset < word.from {
            return;
        }
        // Older words would not help any more.
        self.waiting.retain(|waiting| waiting.at.age(word.at) < self.length);
        self.waiting.push_back(word);
        self.renew();
    }

    /// The topic was read up to the offset `next`.
    pub fn read(&mut self, next: i64) {
        self.next = next;
        self.renew();
    }

    fn renew(&mut self) {
        while let Some(word) = self.waiting.pop_front_if(|word| word.offset < self.next) {
            self.renewed = self.renewed.max(Some(word.at));
        }
    }

    /// Whether this process may answer at `now`.
    #[must_use]
    pub fn holds(&self, now: Boottime) -> bool {
        !self.is_needed() || self.renewed.is_some_and(|sent| sent.age(now) < self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(5);

    /// Moments of the last 20 seconds, each so many seconds after the first.
    fn clock() -> impl Fn(u64) -> Boottime {
        let now = Boottime::now();
        move |seconds| now.before(Duration::from_secs(20 - seconds))
    }

    fn word(offset: i64, at: Boottime) -> SentWord {
        SentWord { offset, from: 0, at }
    }

    #[test]
    fn nothing_is_needed_before_the_registry_says_what_is_served() {
        let (at, mut lease) = (clock(), AnswerLease::new(LENGTH));
        assert!(lease.holds(at(0)));
        lease.need();
        assert!(!lease.holds(at(0)));
    }

    #[test]
    fn who_has_read_a_word_of_its_own_back_needs_the_lease_until_there_is_no_registry() {
        let (at, mut lease) = (clock(), AnswerLease::new(LENGTH));
        lease.sent(word(7, at(0)));
        lease.read(7);
        assert!(lease.holds(at(9)), "its word was not read back, so nobody may have seen it");
        lease.read(8);
        assert!(lease.is_needed() && lease.holds(at(4)) && !lease.holds(at(5)));
        lease.forget();
        assert!(!lease.is_needed() && lease.holds(at(9)));
        // A new topic begins, and what was read of the old one proves nothing of it.
        lease.sent(word(3, at(9)));
        assert!(!lease.was_proved());
    }

    #[test]
    fn a_word_counts_from_when_it_was_sent_once_it_is_read_back() {
        let (at, mut lease) = (clock(), AnswerLease::new(LENGTH));
        lease.need();
        lease.sent(word(7, at(0)));
        lease.read(7);
        assert!(!lease.holds(at(1)), "what stands at offset 7 was not read");
        lease.read(8);
        assert!(lease.holds(at(4)) && !lease.holds(at(5)));
        // The next one is read before the broker's acknowledgement comes.
        lease.read(10);
        lease.sent(word(9, at(3)));
        assert!(lease.holds(at(7)) && !lease.holds(at(8)));
    }

    #[test]
    fn a_reader_that_stays_behind_by_less_than_a_lease_goes_on() {
        let (at, mut lease) = (clock(), AnswerLease::new(LENGTH));
        lease.need();
        for second in 0..15 {
            lease.sent(word(i64::try_from(second).unwrap(), at(second)));
            lease.read(i64::try_from(second).unwrap() - 2);
            assert_eq!(lease.holds(at(second)), second >= 3, "{second}");
        }
        assert!(lease.waiting.len() <= 5, "words that help no more are forgotten");
        // It falls behind, though the broker takes every word.
        for second in 15..20 {
            lease.sent(word(i64::try_from(second).unwrap(), at(second)));
        }
        assert!(lease.holds(at(15)) && !lease.holds(at(16)));
    }

    #[test]
    fn a_topic_that_begins_anew_proves_nothing() {
        let (at, mut lease) = (clock(), AnswerLease::new(LENGTH));
        lease.need();
        lease.read(100);
        lease.sent(SentWord { offset: 3, from: 100, at: at(0) });
        assert!(!lease.holds(at(0)));
    }
}
