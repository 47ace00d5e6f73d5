//! Named values in memory.

use serde_json::Value;

use super::MemoryEngine;
use crate::catalog::{Catalog, MOST_ENTRIES};
use crate::error::SinkError;

impl Catalog for MemoryEngine {
    async fn keep(&self, name: &str, value: &Value, only_new: bool) -> Result<bool, SinkError> {
        let mut state = self.state();
        let is_there = state.catalog.contains_key(name);
        if !(is_there && only_new) {
            state.catalog.insert(name.to_owned(), value.clone());
        }
        Ok(!is_there)
    }

    async fn entry(&self, name: &str) -> Result<Option<Value>, SinkError> {
        Ok(self.state().catalog.get(name).cloned())
    }

    async fn entries(&self) -> Result<Vec<(String, Value)>, SinkError> {
        let state = self.state();
        let entries = state.catalog.iter().take(MOST_ENTRIES);
        Ok(entries.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    async fn forget(&self, name: &str) -> Result<bool, SinkError> {
        Ok(self.state().catalog.remove(name).is_some())
    }
}
