//! Access to an object store.
//!
//! [`Store`] is the interface; [`MemoryStore`], [`FolderStore`] (the files of a folder) and [`S3Store`] (S3, OSS,
//! MinIO) pass the same test suite (`tests/store.rs`).
//!
//! Guarantees: a read returns exactly one version of the object, complete, or nothing. A broken body is continued
//! under `If-Match`; an object that changes meanwhile is read again from the start. No more than the caller's limit
//! is held in memory. An object counts as gone only when the store answers `NoSuchKey`; everything else is a
//! [`StoreError`], classified by what the caller does next. Every wait has a deadline.
//!
//! Not done here: more than two quick retries of a request (the pipeline waits instead), dead letters, decisions
//! about keys.

mod buckets;
mod error;
mod files;
mod folder;
mod memory;
mod read;
mod s3;
mod scope;
mod settings;
mod store;

pub use buckets::{Buckets, InvalidBuckets};
pub use error::{Remedy, StoreError};
pub use files::FileStore;
pub use folder::{FolderStore, FolderTree, NoObject};
pub use memory::{MemoryStore, StoreFault};
pub use s3::S3Store;
pub use scope::{OWN_PREFIX, OutOfScope, Scope};
pub use settings::{InvalidS3Settings, S3Settings};
pub use store::{Entry, Listing, ListingPage, Look, Store};

/// The normalised form of an etag, in which etags are compared: without quotes and weakness mark, in lower case (OSS
/// writes upper-case hex, versitygw keeps the quotes in notices). An etag is not an MD5 of the content: multipart
/// uploads differ.
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
