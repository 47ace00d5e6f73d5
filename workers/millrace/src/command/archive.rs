//! `export` and `import`: the log in the object store, as Parquet files. What reads and writes them is built only with the
//! feature `archive`: no other program, and no other command, needs its dependencies.
//!
//! Reading order: `row` a record as a row, and back · `manifest` what an export is · `file` the edge, Parquet · `export` ·
//! `import`.
//!
//! An export holds the records of `vectors.<space>`, in their order, up to where the topic ended when it began. Those of
//! `chunks.<chunking>` are the same without the vectors, so an import makes them of these; two topics that are read one after
//! the other would not be of one moment. Records that a later one replaces are written too, where Kafka has not compacted
//! them yet, and tombstones: the order does what a table of all keys would have to do, in no memory.

#[cfg(feature = "archive")]
mod export;
#[cfg(feature = "archive")]
mod file;
#[cfg(feature = "archive")]
mod import;
#[cfg(feature = "archive")]
mod manifest;
#[cfg(feature = "archive")]
mod row;
#[cfg(feature = "archive")]
#[cfg(test)]
mod tests;
#[cfg(not(feature = "archive"))]
mod without;

#[cfg(not(feature = "archive"))]
pub(super) use without::{export, import};
#[cfg(feature = "archive")]
pub(super) use {export::run as export, import::run as import};
