//! Topic `dead-letters`: complete records that a worker had to refuse, with their causes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One refused record, with everything needed to inspect it, fix the cause and request it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The worker that refused it.
    pub stage: String,
    /// The cause, for the person who fixes it.
    pub cause: String,
    /// The document, if known (an unreadable notice names none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The topic it was read from.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The record's key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The record's complete value, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The trace id of the original notice, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}
