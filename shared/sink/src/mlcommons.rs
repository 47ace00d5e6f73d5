//! Models that OpenSearch runs itself, by its plugin ML Commons: so that anyone can write text straight to an index, and it is
//! embedded there as Millrace embeds it.
//!
//! Pure: `bodies` what is asked, `answers` what is answered, `setting` what has to be set, `trouble` what went wrong. Edge: `host`
//! the client, `upload` the model's file, `direct` and `semantic` the indexes. All waits have deadlines, and whatever is repeated finds what it did
//! before: ML Commons numbers versions as it likes, so a model is known again by the SHA-256 of its file.

mod answers;
mod bodies;
mod direct;
mod host;
mod semantic;
mod setting;
mod trouble;
mod upload;

use std::path::PathBuf;

pub use direct::DirectIndex;
pub use host::{ModelHost, RegisteredModel};
pub use setting::HostSetting;
pub use trouble::HostTrouble;

/// A `TorchScript` model, as ML Commons is to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedModel {
    /// Its name, which its model group has too.
    pub name: String,
    /// Its version, for people; ML Commons counts versions by itself.
    pub version: String,
    /// What it is, for people.
    pub description: String,
    /// SHA-256 of its file, in lower-case hex.
    pub digest: String,
    /// Size of its file, in bytes.
    pub bytes: u64,
    /// Dimension of its vectors.
    pub dimension: usize,
    /// The architecture that its config.json names, e.g. `bert`.
    pub model_type: String,
    /// Its config.json as text, or `{}`.
    pub all_config: String,
    /// What is put before a question; empty for nothing.
    pub query_prefix: String,
    /// What is put before a passage; empty for nothing.
    pub passage_prefix: String,
}

impl HostedModel {
    /// Whether questions and passages differ for it, so that every text has to say which it is.
    #[must_use]
    pub fn is_asymmetric(&self) -> bool {
        !self.query_prefix.is_empty() || !self.passage_prefix.is_empty()
    }
}

/// How a model gets to ML Commons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// It is sent, piece by piece.
    File(PathBuf),
    /// ML Commons fetches it. The address is kept in the cluster with the model.
    Url(String),
}

/// What a text is to a model with prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSide {
    /// A question.
    Query,
    /// A passage.
    Passage,
}

impl TextSide {
    /// ML Commons' word for it.
    const fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Passage => "passage",
        }
    }
}
