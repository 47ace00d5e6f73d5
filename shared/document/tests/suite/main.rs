//! What the crate promises, on arbitrary text and on real documents.
//!
//! The modules say `cfg(test)` so that clippy knows their helpers for tests.

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
