//! Raw object notices in, document references out.
//!
//! Order of files: [`format`](mod@format) recognises what a store wrote and gives [`notice`]s · [`name`] says what an event's name
//! means · [`reference`](mod@reference) decides which objects are to be looked at ·
//! [`stage`] the worker.
//!
//! A notice is a hint, never the truth: this worker never asks the store and orders nothing. It refuses what it cannot
//! read, whole and with its cause, and never guesses what a name means.

pub mod config;
pub mod format;
pub mod name;
pub mod notice;
pub mod reference;
pub mod stage;

pub use config::Config;
pub use objects::{Buckets, Scope};
pub use reference::{Ignored, NoticeAnswer, WantedObjects, answer};
pub use stage::IntakeStage;
