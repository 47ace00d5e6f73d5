//! Questions over indexes in memory: how passages are found, what is rejected, and the HTTP interface.

#![expect(clippy::unwrap_used, reason = "a test")]

mod access;
mod ask;
mod audit_log;
mod bench;
mod connections;
mod conversation;
mod feedback;
mod follow_ups;
mod follower;
mod following;
mod generations;
mod hosts;
mod http;
mod llm;
mod mcp;
mod model;
mod neighbours;
mod pipeline;
mod prompt;
mod retrieval;
mod search;
mod training;
