//! Topic `confirmations`: a person's decisions for waiting partitions, and the result of an audit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A record of the topic. The kinds are told apart by their fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Said {
    /// Refuse one record.
    Skip(Skip),
    /// An audit found no differences.
    Checked(Checked),
    /// A mass deletion is intended.
    Confirmation(Confirmation),
}

impl Said {
    /// Parses a record's value.
    ///
    /// # Errors
    /// A message for the log, when it is of no known kind.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| format!("not a confirmation: {error}"))
    }
}

/// Lets deletions pass the guard of `chunk`. Limited to references below an offset of one partition of `documents`,
/// so that it covers exactly what was waiting when the person looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// The partition of `documents`.
    pub partition: i32,
    /// References below this offset may delete.
    pub until: i64,
    /// The person; for people.
    pub by: String,
}

/// Refuses the one record that holds up a partition: it becomes a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skip {
    /// The consumer group that is waiting at it.
    pub group: String,
    /// The topic of the record.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The person's reason.
    pub reason: String,
    /// The person; for people.
    pub by: String,
}

/// Bucket, ledger and engines were compared and found equal: any deletions that readers may have missed are accounted
/// for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// Start of the comparison, in seconds since 1970.
    pub checked_at: u64,
    /// Who ran the comparison; for people.
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
