//! The seam: what an object store must give, with its guarantees.

use bytes::Bytes;
use message::DocumentId;

use crate::StoreError;

/// What a look at an object found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The object as it is now: one version of it, whole.
    Found {
        /// Its change token, normalised (see [`crate::normalise_etag`]).
        etag: String,
        /// Its size in bytes: the length of `bytes`.
        size: u64,
        /// When the store says it was written, in seconds since 1970; for people, never for ordering.
        last_modified: Option<i64>,
        /// The content.
        bytes: Bytes,
    },
    /// The object has more bytes than the caller takes; none of them are kept.
    TooLarge {
        /// Its change token, normalised.
        etag: String,
        /// Its size in bytes.
        size: u64,
    },
    /// It still has the change token that the caller knows; nothing was read.
    Unchanged,
    /// The store says that there is no such object in a bucket that exists.
    Gone,
}

/// An object as a listing or a head shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, decoded.
    pub key: String,
    /// The change token, normalised.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// When the store says it was written, in seconds since 1970; for people, never for ordering.
    pub last_modified: Option<i64>,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingPage {
    /// Entries in ascending order of the keys' bytes; at most 1,000.
    pub entries: Vec<Entry>,
    /// Where the next page begins; absent on the last.
    pub continuation: Option<String>,
}

/// An object store. Every method returns within the deadlines of its settings.
pub trait Store: Send + Sync + 'static {
    /// Reads the object as it is now, unless its change token is still `unless` (normalised).
    ///
    /// # Errors
    /// See [`StoreError`].
    fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> impl Future<Output = Result<Look, StoreError>> + Send;

    /// What the store says of the object without its bytes; none when it is gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn head(&self, document: &DocumentId) -> impl Future<Output = Result<Option<Entry>, StoreError>> + Send;

    /// Writes the object and returns its change token, normalised.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn put(
        &self,
        document: &DocumentId,
        bytes: Bytes,
        content_type: &str,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Deletes the object; one that is not there is a success. Singly: OSS refuses the batch call of newer SDKs.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn delete(&self, document: &DocumentId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// One page of the objects whose keys begin with `prefix`, from `continuation` on (none: the start).
    ///
    /// # Errors
    /// See [`StoreError`].
    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> impl Future<Output = Result<ListingPage, StoreError>> + Send;

    /// Creates the bucket where it is missing and, given the name (ARN) of a target, has it told of every object that
    /// is created or removed. Doing it again changes nothing; other targets of the bucket are kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn ensure_bucket(
        &self,
        bucket: &str,
        notify: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The whole listing, page by page: at most one page is held, however many objects there are.
    fn list(&self, bucket: &str, prefix: &str) -> Listing<'_, Self>
    where
        Self: Sized,
    {
        Listing { store: self, bucket: bucket.to_owned(), prefix: prefix.to_owned(), place: Place::Start }
    }
}

/// A listing that is under way.
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
    /// The next page's entries (possibly none of them), or nothing after the last page. After an error the same page
    /// can be asked for again.
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
