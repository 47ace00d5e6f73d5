//! Topic `confirmations`: what a person says to workers that wait, and what a comparison found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A record of the topic. Each kind has fields of its own by which it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Said {
    /// One record is to be refused.
    Skip(Skip),
    /// A comparison found nothing.
    Checked(Checked),
    /// A mass removal is meant.
    Confirmation(Confirmation),
}

impl Said {
    /// Reads a record's value.
    ///
    /// # Errors
    /// Words for the log, when it is none of the kinds.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| format!("not a confirmation: {error}"))
    }
}

/// Lets removals pass the guard of `chunk`: those whose references stand below an offset of one partition of
/// `documents`, so that it covers exactly what was waiting when the person looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// The partition of `documents`.
    pub partition: i32,
    /// References below this offset may remove.
    pub until: i64,
    /// Who said so; for people.
    pub by: String,
}

/// Has the one record that holds up a partition refused: it becomes a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skip {
    /// The consumer group that waits at it.
    pub group: String,
    /// The topic of the record.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Why, in that person's words.
    pub reason: String,
    /// Who said so; for people.
    pub by: String,
}

/// Bucket, ledger and engines were compared and equal: what readers may have missed before is not missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// When the comparison began, in seconds since 1970.
    pub checked_at: u64,
    /// Who compared; for people.
    pub by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known_by_its_fields() {
        let kind = |text: &str| Said::parse(text.as_bytes()).unwrap();
        assert!(matches!(kind(r#"{"partition": 3, "until": 17, "by": "who"}"#), Said::Confirmation(_)));
        assert!(matches!(kind(r#"{"checked_at": 3, "by": "who"}"#), Said::Checked(_)));
        let skip = r#"{"group": "g", "topic": "t", "partition": 1, "offset": 4, "reason": "r", "by": "w"}"#;
        assert!(matches!(kind(skip), Said::Skip(Skip { offset: 4, .. })));
        assert!(Said::parse(b"{}").is_err());
    }
}
