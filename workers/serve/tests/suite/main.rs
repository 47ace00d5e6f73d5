//! Questions over indexes in memory: how passages are found, what is refused, and how it looks over HTTP.

#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;
mod http;
mod search;
