//! Reads one version of an object completely, despite broken bodies and changes during the read.
//!
//! A broken body is continued where it broke, under `If-Match`; if the object has changed by then, reading starts
//! over. Both happen a bounded number of times: an object that keeps changing is `Unavailable`, never a mixture of
//! versions. At most `limit` bytes are held. Independent of the protocol: all stores read through this module.

use bytes::{Bytes, BytesMut};
use message::DocumentId;

use crate::{Look, StoreError};

/// How often one version's body is continued after breaking off.
pub(crate) const RESUMES: u32 = 3;
/// How often reading starts over after the object changed.
pub(crate) const RESTARTS: u32 = 3;

/// Where to start reading an object.
#[derive(Debug)]
pub(crate) enum Start<'a> {
    /// At the beginning, unless the object still has this etag (normalised).
    Whole { unless: Option<&'a str> },
    /// At byte `at`, if the object still has this etag (as the store wrote it).
    Rest { at: u64, token: &'a str },
}

/// The result of opening an object.
#[derive(Debug)]
pub(crate) enum Opened<B> {
    /// A body, ready to be read.
    Body(Opening<B>),
    /// The object still has the etag `unless`.
    Unchanged,
    /// The object does not exist.
    Gone,
    /// The object is no longer the version that `Rest` asked for.
    Changed,
}

/// A body and its metadata.
#[derive(Debug)]
pub(crate) struct Opening<B> {
    /// The normalised etag.
    pub(crate) etag: String,
    /// The etag as the store wrote it: OSS compares upper-case etags byte by byte.
    pub(crate) token: String,
    /// Size of the whole object in bytes.
    pub(crate) size: u64,
    /// Modification time, in seconds since 1970.
    pub(crate) last_modified: Option<i64>,
    pub(crate) body: B,
}

/// A store that can be read from any offset.
pub(crate) trait Source: Sync {
    type Body: Body;

    fn open(
        &self,
        document: &DocumentId,
        start: Start<'_>,
    ) -> impl Future<Output = Result<Opened<Self::Body>, StoreError>> + Send;

    fn endpoint(&self) -> &str;
}

/// A body being received.
pub(crate) trait Body: Send {
    /// The next bytes, none at the end, or an error when the body broke off.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, String>> + Send;
}

/// Reads one version of the object completely.
pub(crate) async fn whole<S: Source>(
    source: &S,
    document: &DocumentId,
    unless: Option<&str>,
    limit: u64,
) -> Result<Look, StoreError> {
    for _ in 0..=RESTARTS {
        match source.open(document, Start::Whole { unless }).await? {
            Opened::Unchanged => return Ok(Look::Unchanged),
            Opened::Gone => return Ok(Look::Gone),
            Opened::Changed => {}
            Opened::Body(opening) => {
                if let Some(look) = one_version(source, document, opening, limit).await? {
                    return Ok(look);
                }
            }
        }
    }
    Err(unavailable(source, document, format!("the object changed in each of {} reads", RESTARTS + 1)))
}

/// Reads the opened version; none when it was replaced or deleted before the end.
async fn one_version<S: Source>(
    source: &S,
    document: &DocumentId,
    opening: Opening<S::Body>,
    limit: u64,
) -> Result<Option<Look>, StoreError> {
    let Opening { etag, token, size, last_modified, mut body } = opening;
    let capacity = match usize::try_from(size) {
        Ok(capacity) if size <= limit => capacity,
        Ok(_) | Err(_) => return Ok(Some(Look::TooLarge { etag, size })),
    };
    let mut bytes = BytesMut::with_capacity(capacity);
    let mut resumes = 0;
    loop {
        let cause = match fill(&mut body, &mut bytes, capacity).await {
            Ok(()) => return Ok(Some(Look::Found { etag, size, last_modified, bytes: bytes.freeze() })),
            Err(cause) => cause,
        };
        if resumes == RESUMES {
            return Err(unavailable(source, document, cause));
        }
        resumes += 1;
        let at = bytes.len() as u64;
        match source.open(document, Start::Rest { at, token: &token }).await? {
            Opened::Body(rest) if rest.size == size => body = rest.body,
            Opened::Body(_) | Opened::Unchanged | Opened::Gone | Opened::Changed => return Ok(None),
        }
    }
}

/// Appends the body to `bytes` until there are `size` bytes.
async fn fill<B: Body>(body: &mut B, bytes: &mut BytesMut, size: usize) -> Result<(), String> {
    while bytes.len() < size {
        match body.next().await? {
            Some(piece) if bytes.len() + piece.len() <= size => bytes.extend_from_slice(&piece),
            Some(_) => return Err(format!("the body has more than the {size} bytes announced")),
            None => return Err(format!("the body ended after {} of {size} bytes", bytes.len())),
        }
    }
    Ok(())
}

/// A read that failed now and may succeed later.
pub(crate) fn unavailable<S: Source>(source: &S, document: &DocumentId, cause: String) -> StoreError {
    StoreError::Unavailable {
        subject: document.to_string(),
        endpoint: source.endpoint().to_owned(),
        cause,
        retry_after: None,
    }
}
