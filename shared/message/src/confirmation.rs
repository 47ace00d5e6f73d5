//! Topic `confirmations`: a person says that a mass removal is meant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
