//! The interface to named JSON values, kept beside the generations.
//!
//! Unlike passages they come from no topic and cannot be regenerated. So each write goes straight to the engine, and
//! the index is refreshed before the write is answered.

use serde_json::Value;

use crate::error::SinkError;

/// Maximum number of entries in a list.
pub(crate) const MOST_ENTRIES: usize = 1_000;

/// A store of JSON values by name.
///
/// # Errors
/// Methods fail as those of [`Reader`](crate::Reader) do. A catalog without an index yet is empty.
pub trait Catalog: Send + Sync + 'static {
    /// Stores the value; true when the name is new. With `only_new` an existing value stays, and the answer is false.
    fn keep(
        &self,
        name: &str,
        value: &Value,
        only_new: bool,
    ) -> impl Future<Output = Result<bool, SinkError>> + Send;

    /// The value of that name.
    fn entry(&self, name: &str) -> impl Future<Output = Result<Option<Value>, SinkError>> + Send;

    /// All names and values, sorted by name, at most 1,000.
    fn entries(&self) -> impl Future<Output = Result<Vec<(String, Value)>, SinkError>> + Send;

    /// Deletes the value; false when there was none.
    fn forget(&self, name: &str) -> impl Future<Output = Result<bool, SinkError>> + Send;
}
