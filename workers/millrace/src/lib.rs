//! The operator's command: put, remove, look, search, compare, measure; topics and bucket; extract, chunk
//! and embed by hand.
//!
//! It runs beside the workers and never in their way: it reads topics outside any group of theirs, writes to an engine
//! never, and mends by one word only, "look again" ([`again`]).
//!
//! Order of files: [`cli`] what can be asked · [`command`] one file each · [`world`] what is there · [`entries`] the
//! ledger · [`log`] a topic's records · [`ask`] questions to `serve` · [`merge`], [`audit`],
//! [`reconcile`], [`rebuild`], [`letters`] the thinking · [`trial`] the system in one process ·
//! `files` what a person names · `reading` files, many at once · `place` the page of a passage · [`show`] the words.

pub mod again;
pub mod ask;
pub mod audit;
#[cfg(test)]
mod bench;
pub mod cli;
pub mod command;
pub mod entries;
mod files;
pub mod letters;
pub mod log;
pub mod merge;
mod place;
mod reading;
pub mod rebuild;
pub mod reconcile;
pub mod show;
pub mod trial;
pub mod world;
