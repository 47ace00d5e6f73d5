//! Raw object notices in, document references out.
//!
//! Reading order: [`format`](mod@format) parses what a store wrote into [`notice`]s · [`name`] says what an event's
//! name means · [`reference`](mod@reference) decides which objects to look at · [`stage`] the worker.
//!
//! A notice is a hint, never the truth: this worker asks no store and keeps no order. A notice that it cannot read is
//! refused whole, with the cause; it never guesses what a name means.

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
