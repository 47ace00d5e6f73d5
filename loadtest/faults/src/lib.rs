//! The randomised proof: an oracle changes a bucket at random while faults strike at named places. After each seed
//! the bucket, the ledger, the topics and both engines must agree.
//!
//! *pure*: [`prng`], [`draft`] and [`files`] (documents), [`mirror`] (the expected bucket), [`schedule`] and
//! [`outage`] (which faults), [`bulk`] (bulk requests taken apart), [`history`] (what topics may contain),
//! [`passages`] (what engines must hold).
//!
//! *edge*: [`http`] and [`proxy`] (failing servers), [`oracle`] (changes the bucket), [`notices`], [`fleet`] (workers
//! as processes), [`brokers`] (who leads what), [`field`] (injects faults), [`compaction`], [`world`], [`log`] and
//! [`proof`] (inspect the result), [`results`].
//!
//! [`seed`] ties them together.

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
