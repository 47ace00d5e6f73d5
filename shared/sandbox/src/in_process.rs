//! Reading in this process: for tests, and for documents that are known to be harmless.

use bytes::Bytes;
use document::{Bounds, Extracted, extract_within};

use crate::{Extractor, Unread};

/// Reads documents in this process, on its blocking threads.
#[derive(Clone, Debug, Default)]
pub struct InProcess {
    /// Limits for one document.
    pub bounds: Bounds,
}

impl Extractor for InProcess {
    async fn extract(&self, key: &str, bytes: Bytes) -> Result<Extracted, Unread> {
        let (bounds, key) = (self.bounds.clone(), key.to_owned());
        let reading = tokio::task::spawn_blocking(move || extract_within(&bounds, &key, &bytes));
        match reading.await {
            Ok(Ok(extracted)) => Ok(extracted),
            Ok(Err(refusal)) => Err(Unread::Refused(refusal.to_string())),
            Err(error) => Err(Unread::Refused(crate::end::failed_inside(&error.to_string()))),
        }
    }
}
