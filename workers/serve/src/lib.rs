//! Questions in, passages and answers out.
//!
//! A question is turned into terms and a vector, the engine ranks passages by both, the rankings are fused here (`sink::fuse`),
//! and a language model, or none, writes an answer that cites them. A request uses one immutable snapshot of encoder,
//! space and physical indexes throughout; an alias, or an index of another space, is never queried.
//!
//! Reading order: [`question`] what is asked, with its [`filters`] · [`access`] by whom, [`rate`] how often, [`audit_log`] what is written of it · [`search`] a question's way
//! over a [`snapshot`], with [`languages`], `words`, `question_vector`, [`relevance`], `remark`, [`rerank`], [`gather`], [`around`], [`place`],
//! [`highlight`], and [`found`] the result · [`following`] which snapshot is served, by [`serving`], [`encoders`], [`served`]
//! and [`lease`], [`generations`] what is said of them all, and [`training`] of their models · [`application`] how it is
//! answered · [`chat`] the way to an answer · [`llm`] who writes it, `marker` what cites · [`sample`] what is kept of it,
//! with [`mask`]ed texts,
//! [`answer_id`] and [`recent`] · [`feedback`] what people think of it · [`pipeline`] how documents get here, `listing` which of
//! them somebody sees · [`http`] the edge, assembled by [`start`].

pub mod access;
pub mod answer_id;
pub mod application;
pub mod around;
pub mod audit_log;
pub mod chat;
mod closeness;
pub mod config;
pub mod encoders;
pub mod feedback;
pub mod filters;
pub mod following;
pub mod found;
mod further;
pub mod gather;
pub mod generations;
pub mod highlight;
pub mod http;
pub mod languages;
pub mod lease;
mod listing;
pub mod llm;
mod marker;
pub mod mask;
pub mod pipeline;
pub mod place;
pub mod question;
mod question_vector;
pub mod rate;
pub mod recent;
pub mod relevance;
mod remark;
pub mod rerank;
pub mod sample;
pub mod search;
pub mod served;
pub mod serving;
pub mod snapshot;
pub mod start;
pub mod training;
mod words;

pub use config::Config;
pub use further::FurtherBundles;
pub use question::{Mode, Question};
pub use search::Search;
pub use snapshot::Snapshot;
