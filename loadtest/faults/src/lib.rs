//! The randomised proof: an oracle changes a bucket at random while faults strike at named places, and after each seed bucket,
//! ledger, topics and both engines must be equal.
//!
//! *pure*: [`prng`], [`draft`] and [`files`] (documents), [`mirror`] (what the bucket must hold), [`schedule`] and [`outage`] (which faults), [`bulk`] (requests
//! taken apart), [`history`] (what topics may say), [`passages`] (what engines must hold). *edge*: [`http`] and [`proxy`] (servers that fail), [`oracle`] (changes the
//! bucket), [`notices`], [`fleet`] (workers as processes), [`brokers`] (who leads what), [`field`] (makes faults), [`compaction`], [`world`], [`log`] and [`proof`] (looks), [`results`].
//! [`seed`] puts them together.

pub mod brokers;
pub mod bulk;
pub mod compaction;
pub mod config;
pub mod dials;
pub mod draft;
pub mod field;
pub mod files;
pub mod fleet;
pub mod history;
pub mod http;
pub mod log;
pub mod mirror;
pub mod notices;
pub mod oracle;
pub mod outage;
pub mod passages;
pub mod prng;
pub mod proof;
pub mod proxy;
pub mod results;
pub mod schedule;
pub mod seed;
pub mod world;
