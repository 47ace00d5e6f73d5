//! The randomised proof: an oracle changes a bucket at random while faults strike at named places. After each seed
//! the bucket, the ledger, the topics and both engines must agree.
//!
//! *pure*: [`prng`], [`draft`] and [`files`] (documents), [`mirror`] (the expected bucket), [`schedule`],
//! [`outage`] and [`turnover`] (which faults), [`bulk`] (bulk requests taken apart), [`history`] (what topics may
//! contain), [`passages`] (what engines must hold), [`answers`] (which generation may answer).
//!
//! *edge*: [`http`] and [`proxy`] (failing servers), [`oracle`] (changes the bucket), [`notices`], [`fleet`] (workers
//! as processes), [`brokers`] (who leads what), [`field`] (injects faults), [`operator`] (the operator's command),
//! [`renewal`] (a new generation is built and served) and [`questions`] (asked meanwhile), [`compaction`], [`world`],
//! [`indexes`], [`log`], [`remains`], [`settled`] and [`proof`] (inspect the result), [`results`].
//!
//! [`seed`] ties them together.

pub mod answers;
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
pub mod indexes;
pub mod log;
pub mod mirror;
pub mod notices;
pub mod operator;
pub mod oracle;
pub mod outage;
pub mod passages;
pub mod prng;
pub mod proof;
pub mod proxy;
pub mod questions;
pub mod remains;
pub mod renewal;
pub mod results;
pub mod schedule;
pub mod seed;
pub mod settled;
pub mod turnover;
pub mod world;
