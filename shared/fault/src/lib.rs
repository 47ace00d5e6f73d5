//! Places at which a test can make a fault strike, and mechanisms that a test can switch off.
//!
//! Only builds with debug assertions hold any of it: in a release build every function here is a constant. A test proves
//! with it that a kill at the worst moment loses nothing, and that the suite notices when a mechanism is missing.
//!
//! `MILLRACE_FAULTS` names a folder, one for each process. At each [`Place`] the process looks for a file of that name; if
//! it is there, it is renamed to `<place>.struck`, and what it says is done: `kill` (SIGKILL to itself) or `stop` (SIGSTOP;
//! somebody else sends SIGCONT). The file of [`Place::CopyWrite`] stays, and makes writes fail while it is there.
//! `MILLRACE_SWITCHED_OFF` names mechanisms, separated by commas.
//!
//! [`poison`] is for processes that a test starts to be harmed: it does what a document's key asks for.

#[cfg(debug_assertions)]
mod armed;
#[cfg(debug_assertions)]
mod attempts;

#[cfg(debug_assertions)]
pub use armed::{awaits, fails, is_off, poison, strike};

macro_rules! names {
    ($(#[$outer:meta])* $kind:ident { $($(#[$inner:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[$inner])* $variant,)* }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name of the file, or in the variable.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

names! {
    /// Where a fault can strike.
    Place {
        /// Records were taken, and nothing is done yet.
        AfterFetch = "after-fetch",
        /// Half of a batch's outputs are with the broker.
        AmidProduce = "amid-produce",
        /// All of a batch's outputs are with the broker.
        AfterProduce = "after-produce",
        /// Outputs and offset are with the broker, and the commit is not asked for yet.
        BeforeCommit = "before-commit",
        /// The commit returned; the worker has not taken note of it.
        AfterCommit = "after-commit",
        /// The working copy of the ledger is about to be written.
        BeforeCopy = "before-copy",
        /// The working copy of the ledger is being written; it fails as on a full disk.
        CopyWrite = "copy-write",
        /// A bulk request is about to be sent.
        BeforeSend = "before-send",
        /// A bulk request was answered.
        AfterSend = "after-send",
    }
}

names! {
    /// What can be switched off.
    Mechanism {
        /// The previous owner of a partition is fenced before the next one begins.
        Fencing = "fencing",
        /// Outputs, ledger and offset are one transaction.
        Transaction = "transaction",
        /// An engine remembers for an hour what was deleted.
        GcDeletes = "gc-deletes",
        /// A bulk answer is read item by item.
        ItemRetry = "item-retry",
        /// What was read before is compared with the log: it may have lost its end, or be another one.
        Position = "position",
        /// An index that was made anew is filled again from the log.
        IdentityReplay = "identity-replay",
        /// A partition stops when too many of its documents go away.
        Guard = "guard",
        /// An engine keeps what has the highest version.
        ExternalVersions = "external-versions",
    }
}

/// Whether a fault waits at `place`.
#[cfg(not(debug_assertions))]
#[must_use]
pub const fn awaits(_place: Place) -> bool {
    false
}

/// Lets the fault that waits at `place` strike, if there is one.
#[cfg(not(debug_assertions))]
pub const fn strike(_place: Place) {}

/// Whether writes at `place` must fail.
#[cfg(not(debug_assertions))]
#[must_use]
pub const fn fails(_place: Place) -> bool {
    false
}

/// Whether `mechanism` is switched off.
#[cfg(not(debug_assertions))]
#[must_use]
pub const fn is_off(_mechanism: Mechanism) -> bool {
    false
}

/// Harms this process when a key asks for it.
#[cfg(not(debug_assertions))]
pub const fn poison(_key: &str) {}
