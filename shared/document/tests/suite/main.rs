//! What the crate guarantees, tested on arbitrary text and on real documents.
//!
//! The modules have `cfg(test)` so that clippy treats their helpers as tests.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod locality;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tokenizers;
