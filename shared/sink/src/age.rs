//! How old the proof may be that a partition is ours.
//!
//! What was prepared before a long sleep must not leave after it: another worker may have gone on, and an engine forgets
//! after `index.gc_deletes` that it deleted something. The clock goes on while a machine or a process sleeps.

use std::time::Duration;

use stream::Boottime;

use crate::sink::ItemAnswer;

/// Nothing is sent when the proof is older. Far below `index.gc_deletes` (1 h), far above every retry budget.
const OLDEST: Duration = Duration::from_mins(5);

/// True when nothing may be sent any more for a partition that the group confirmed at `proved`.
pub(crate) fn is_too_old(proved: Boottime) -> bool {
    proved.age(Boottime::now()) > OLDEST
}

/// Why nothing is sent then.
pub(crate) const TOO_OLD: &str = "it is more than 5 minutes ago that the group confirmed whose partition this is: nothing is sent before it does so \
     again";

/// The answer for what is not sent then.
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
