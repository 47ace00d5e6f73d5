//! The interface of an object store, and its guarantees.

use bytes::Bytes;
use message::DocumentId;

use crate::StoreError;

/// The result of looking at an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The object as it is now: exactly one version, complete.
    Found {
        /// Its etag, normalised (see [`crate::normalise_etag`]).
        etag: String,
        /// Its size in bytes, which is the length of `bytes`.
        size: u64,
        /// The store's modification time in seconds since 1970; for people, never for ordering.
        last_modified: Option<i64>,
        /// The content.
        bytes: Bytes,
    },
    /// The object exceeds the caller's limit; its content is not kept.
    TooLarge {
        /// Its etag, normalised.
        etag: String,
        /// Its size in bytes.
        size: u64,
    },
    /// It still has the etag that the caller knows; nothing was read.
    Unchanged,
    /// The bucket exists, and the store says that the object does not.
    Gone,
}

/// An object's metadata, from a listing or a HEAD request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, decoded.
    pub key: String,
    /// The etag, normalised.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// The store's modification time in seconds since 1970; for people, never for ordering.
    pub last_modified: Option<i64>,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingPage {
    /// Entries in ascending byte order of the keys; at most 1,000.
    pub entries: Vec<Entry>,
    /// The token for the next page; none on the last.
    pub continuation: Option<String>,
}

/// An object store. Every method returns within the timeouts of its settings.
pub trait Store: Send + Sync + 'static {
    /// Reads the object as it is now, unless its etag is still `unless` (normalised).
    ///
    /// # Errors
    /// See [`StoreError`].
    fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> impl Future<Output = Result<Look, StoreError>> + Send;

    /// The object's metadata; none when it does not exist.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn head(&self, document: &DocumentId) -> impl Future<Output = Result<Option<Entry>, StoreError>> + Send;

    /// Writes the object and returns its etag, normalised.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn put(
        &self,
        document: &DocumentId,
        bytes: Bytes,
        content_type: &str,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Deletes the object; succeeds when it does not exist. One at a time, because OSS rejects the batch call of
    /// newer SDKs.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn delete(&self, document: &DocumentId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// One page of the objects whose keys begin with `prefix`, starting at `continuation` (none: at the beginning).
    ///
    /// # Errors
    /// See [`StoreError`].
    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> impl Future<Output = Result<ListingPage, StoreError>> + Send;

    /// Creates the bucket if it is missing. Given the name (ARN) of a target, also has it notified of every created
    /// and removed object. Idempotent; the bucket's other targets are kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn ensure_bucket(
        &self,
        bucket: &str,
        notify: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The whole listing, page by page; at most one page is held in memory.
    fn list(&self, bucket: &str, prefix: &str) -> Listing<'_, Self>
    where
        Self: Sized,
    {
        Listing { store: self, bucket: bucket.to_owned(), prefix: prefix.to_owned(), place: Place::Start }
    }
}

/// A listing in progress.
#[derive(Debug)]
pub struct Listing<'a, S> {
    store: &'a S,
    bucket: String,
    prefix: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Start,
    At(String),
    End,
}

impl<S: Store> Listing<'_, S> {
    /// The entries of the next page (possibly none), or none after the last page. After an error the same page can be
    /// requested again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn next(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        let continuation = match &self.place {
            Place::Start => None,
            Place::At(continuation) => Some(continuation.as_str()),
            Place::End => return Ok(None),
        };
        let page = self.store.page(&self.bucket, &self.prefix, continuation).await?;
        self.place = page.continuation.map_or(Place::End, Place::At);
        Ok(Some(page.entries))
    }
}
