//! The seam for what people define by name and keep: JSON values beside the generations.
//!
//! Unlike passages they come from no topic, so that nothing can make them again: they are written through to the engine,
//! and refreshed before the write is answered.

use serde_json::Value;

use crate::error::SinkError;

/// Entries in a list at most.
pub(crate) const MOST_ENTRIES: usize = 1_000;

/// Something that keeps JSON values by name.
///
/// # Errors
/// Each method fails as those of [`Reader`](crate::Reader) do. A catalog that nothing was written to yet is empty.
pub trait Catalog: Send + Sync + 'static {
    /// Keeps the value; true when it is new. With `only_new`, one that is there stays, and the answer is false.
    fn keep(
        &self,
        name: &str,
        value: &Value,
        only_new: bool,
    ) -> impl Future<Output = Result<bool, SinkError>> + Send;

    /// The value of that name.
    fn entry(&self, name: &str) -> impl Future<Output = Result<Option<Value>, SinkError>> + Send;

    /// Every name and value, sorted by name, at most a thousand.
    fn entries(&self) -> impl Future<Output = Result<Vec<(String, Value)>, SinkError>> + Send;

    /// Forgets the value; false when there was none.
    fn forget(&self, name: &str) -> impl Future<Output = Result<bool, SinkError>> + Send;
}
