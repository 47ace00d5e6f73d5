//! The epoch of the last rebuild, kept in the bucket because that survives the loss of Kafka. Without it, an epoch of
//! which the engines hold no version could be used a second time.

use bytes::Bytes;
use message::DocumentId;
use objects::{Look, OWN_PREFIX, Remedy, Store};
use process::Failure;

use crate::show;

/// Maximum size of the object in bytes; anything larger is not an epoch.
const LIMIT: u64 = 64;

fn place(bucket: &str) -> Result<DocumentId, Failure> {
    Ok(DocumentId::new(bucket, &format!("{OWN_PREFIX}epoch"))?)
}

/// The epoch of the last rebuild; 0 when there was none.
///
/// # Errors
/// When the store does not answer, or the object holds something else.
pub async fn read<O: Store>(store: &O, bucket: &str) -> Result<u64, Failure> {
    let place = place(bucket)?;
    match store.look(&place, None, LIMIT).await? {
        Look::Gone => Ok(0),
        Look::Found { bytes, .. } => {
            let text = String::from_utf8_lossy(&bytes);
            let epoch = text.trim().parse();
            Ok(epoch
                .map_err(|error| format!("{place} holds {text:?}, which is no epoch ({error}): delete it"))?)
        }
        Look::TooLarge { .. } | Look::Unchanged => Err(format!("{place} is no epoch: delete it").into()),
    }
}

/// Keeps an epoch. When the store refuses it, for example for lack of the right to write, the epoch is only printed.
///
/// # Errors
/// When the store does not answer.
pub async fn write<O: Store>(store: &O, bucket: &str, epoch: u32) -> Result<(), Failure> {
    let place = place(bucket)?;
    match store.put(&place, Bytes::from(epoch.to_string()), "text/plain").await {
        Ok(_) => Ok(()),
        Err(error) if error.remedy() == Remedy::Wait => Err(error.into()),
        Err(error) => {
            show::note(&format!(
                "epoch {epoch} cannot be kept in the bucket ({}): note it, in case that all of Kafka is lost again soon",
                process::chain(&error)
            ));
            Ok(())
        }
    }
}
