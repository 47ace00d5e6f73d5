//! Topic `dead-letters`: what a worker had to refuse, whole, with its cause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One refused record, with everything that is needed to look at it, mend the cause and ask for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The worker that refused.
    pub stage: String,
    /// Why, in words for the person who mends it.
    pub cause: String,
    /// The document, where it is known (a raw notice that cannot be read names none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The topic that was read.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The record's key, base64 of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The record's value, base64 of its bytes, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The trace of the notice that began it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}
