//! The operator's command: put, remove, look, search, compare, measure; topics and bucket; chunk and embed by hand.
//!
//! It runs beside the workers and never in their way: it reads topics outside any group of theirs, and writes to an
//! engine never, to a topic only what `topics apply` says.
//!
//! Order of files: [`cli`] what can be asked · [`command`] one file each · [`world`] what is there · [`ask`] questions to `serve` · [`audit`], [`eval`]
//! the thinking · [`show`] the words.

pub mod ask;
pub mod audit;
pub mod cli;
pub mod command;
pub mod eval;
pub mod show;
pub mod world;
