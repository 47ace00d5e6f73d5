//! Looks whether outside clients are led to an index.

use generation::Target;

use super::Engine;
use crate::error::SinkError;
use crate::wire::{Body, Method};

impl Engine {
    /// Whether the outside alias is on the index of this generation; not where there is no such index or alias.
    ///
    /// # Errors
    /// When the engine is unavailable or forbids it.
    pub async fn has_outside_alias(&self, target: Target) -> Result<bool, SinkError> {
        let path = format!("{}/_alias/{}", self.names.physical(target), self.names.outside_alias(target));
        let response = self.send(Method::Get, path.clone(), Body::Empty).await?;
        match response.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.failed(&response, &path)),
        }
    }
}
