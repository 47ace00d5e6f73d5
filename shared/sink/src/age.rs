//! How old the group's confirmation that a partition is ours may be before we stop writing.
//!
//! What was prepared before a long pause of the process must not be sent after it: another worker may have taken
//! over, and after `index.gc_deletes` an engine no longer remembers deletions. The clock used here keeps running
//! while the machine or the process sleeps.

use std::time::Duration;

use stream::Boottime;

use crate::sink::ItemAnswer;

/// Nothing is sent when the confirmation is older than this. Far below `index.gc_deletes` (1 h) and far above every
/// retry budget.
const OLDEST: Duration = Duration::from_mins(5);

/// Whether a confirmation received at `proved` is too old to send anything.
pub(crate) fn is_too_old(proved: Boottime) -> bool {
    proved.age(Boottime::now()) > OLDEST
}

/// The cause given for what was not sent.
pub(crate) const TOO_OLD: &str = "it is more than 5 minutes ago that the group confirmed whose partition this is: nothing is sent before it does so \
     again";

/// The answer to an action that was not sent for this reason.
pub(crate) fn too_old() -> ItemAnswer {
    ItemAnswer::Wait { cause: TOO_OLD.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_that_slept_is_too_old() {
        let ago = |duration| Boottime::now().before(duration);
        assert!(!is_too_old(ago(Duration::ZERO)));
        assert!(!is_too_old(ago(OLDEST.saturating_sub(Duration::from_secs(30)))));
        assert!(is_too_old(ago(OLDEST + Duration::from_nanos(1))));
    }
}
