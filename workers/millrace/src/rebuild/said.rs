//! What the chunks topic says: the last record of each document is its last state.

use futures::stream::TryStreamExt as _;
use message::{DocumentRecord, Fingerprint, Headers, LedgerEntry, Passage, Version};
use process::Failure;
use stream::{Broker, Record};

use super::scratch::Scratch;
use crate::log;
use crate::world::World;

/// Adds to `scratch` an entry for each document that the chunks topic knows; returns the highest version of any record.
///
/// # Errors
/// When the broker does not answer, or a record cannot be read: no document is ever skipped.
pub async fn fill<K: Broker, O, E>(
    world: &World<K, O, E>,
    scratch: &mut Scratch,
) -> Result<Option<Version>, Failure> {
    let chunking = &world.generation.chunking;
    let topic = topics::chunks(chunking);
    let mut highest = None;
    let mut records = log::all(&world.kafka, &topic).await?;
    while let Some(record) = records.try_next().await? {
        let headers = record.parse_headers().map_err(|cause| unreadable(&record, &cause))?;
        highest = headers.version.into_iter().chain(highest).max();
        if record.key.as_deref() == Some(headers.document.as_str().as_bytes()) {
            let entry = entry(&record, headers, chunking).map_err(|cause| unreadable(&record, &cause))?;
            scratch.put(entry)?;
        }
    }
    scratch.flush()?;
    Ok(highest)
}

fn unreadable(record: &Record, cause: &str) -> String {
    let Record { topic, partition, offset, .. } = record;
    format!(
        "{topic}/{partition} holds at offset {offset} what this version cannot read ({cause}): run the version that wrote it"
    )
}

/// The state that follows from a document's own record. The record lacks the digest of the bytes that were read, so the
/// next look reads them again. A document whose tombstone was compacted away gets no entry, and needs none.
fn entry(record: &Record, headers: Headers, chunking: &Fingerprint) -> Result<LedgerEntry, String> {
    let Some(value) = record.value.as_deref() else {
        let version = headers.version.ok_or("a tombstone without a version")?;
        return Ok(LedgerEntry::removed(headers.document, version, chunking.clone()));
    };
    match serde_json::from_slice::<Passage>(value).map_err(|error| error.to_string())? {
        Passage::Document(DocumentRecord { document, version, status, cause, etag, chunks, .. }) => {
            Ok(LedgerEntry {
                document,
                version,
                status,
                cause,
                etag,
                digest: String::new(),
                chunking: chunking.clone(),
                chunks,
            })
        }
        Passage::Chunk(_) => Err("a chunk under the key of a document".to_owned()),
    }
}
