//! The operator's command: puts, removes, searches, compares, repairs and evaluates documents; sets up topics and
//! bucket; extracts, chunks and embeds files without a server.
//!
//! It runs beside the workers: it joins none of their consumer groups and never writes a passage to a search engine. To repair
//! something, it asks `chunk` to look at the document again ([`again`]). Few commands write more: `ledger rebuild`
//! writes ledger entries, `import` fills empty topics, `snapshot restore` has an engine bring back indexes, and
//! `dead-letters replay` resends raw notices.
//!
//! Reading order: [`cli`] the arguments · [`command`] one file per command · [`world`] the connections · [`entries`]
//! the ledger · [`log`] a topic's records · [`ask`] requests to `serve`, [`conversation`] what is sent along · [`merge`], [`audit`], [`reconcile`],
//! [`rebuild`], [`letters`], `snapshots` the logic · [`trial`] the system in one process · `files` the files that a user names ·
//! `naming` the documents that a user names · `reading` reads many files · `place` the page of a passage · [`show`] the
//! output · `visible` what a terminal may be shown.

pub mod again;
pub mod ask;
pub mod audit;
#[cfg(test)]
mod bench;
pub mod cli;
pub mod command;
pub mod conversation;
pub mod entries;
mod files;
mod fill;
pub mod letters;
pub mod log;
pub mod merge;
mod naming;
mod place;
mod reading;
pub mod rebuild;
pub mod reconcile;
pub mod show;
mod snapshots;
pub mod trial;
mod visible;
pub mod world;
