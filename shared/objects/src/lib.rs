//! Bytes by address: the object store.
//!
//! [`Store`] is the seam; [`MemoryStore`], [`FolderStore`] (the files of a folder) and [`S3Store`] (S3, OSS, MinIO) pass the
//! same suite (`tests/store.rs`).
//!
//! Guarantees. A look answers with one version of the object, whole, or not at all: a body that breaks is continued
//! under `If-Match`, and an object that changes meanwhile is read from its start again. Never more than the caller's
//! limit is held. Only the store's own word `NoSuchKey` means that an object is gone; everything else is a
//! [`StoreError`], typed by what the caller does. Every wait has a deadline.
//!
//! Never: retries beyond two quick attempts of one request (the pipeline waits), dead letters, decisions about keys.

mod buckets;
mod error;
mod folder;
mod memory;
mod read;
mod s3;
mod scope;
mod settings;
mod store;

pub use buckets::{Buckets, InvalidBuckets};
pub use error::{Remedy, StoreError};
pub use folder::{FolderStore, FolderTree, NoObject};
pub use memory::{MemoryStore, StoreFault};
pub use s3::S3Store;
pub use scope::{OWN_PREFIX, OutOfScope, Scope};
pub use settings::{InvalidS3Settings, S3Settings};
pub use store::{Entry, Listing, ListingPage, Look, Store};

/// The store's change token as it is compared everywhere: without quotes and weakness mark, in lower case (OSS writes
/// upper-case hex, versitygw keeps the quotes in notices). Never an MD5: multipart uploads have another.
#[must_use]
pub fn normalise_etag(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_etag_is_compared_without_its_dress() {
        for etag in ["\"AbC-2\"", "abc-2", " W/\"abc-2\" "] {
            assert_eq!(super::normalise_etag(etag), "abc-2");
        }
    }
}
