//! Reading one version of an object whole: what a broken body and a change in mid-read mean.
//!
//! A body that breaks is continued from where it broke, under `If-Match`; when the store says that the object is
//! another by now, reading starts over. Both a bounded number of times: an object that never holds still is
//! `Unavailable`, not a mixture. Holds at most `limit` bytes. Knows no wire: both stores read through this.

use bytes::{Bytes, BytesMut};
use message::DocumentId;

use crate::{Look, StoreError};

/// How often one version's body is continued after it broke.
pub(crate) const RESUMES: u32 = 3;
/// How often reading starts over because the object changed.
pub(crate) const RESTARTS: u32 = 3;

/// From where an object is read.
#[derive(Debug)]
pub(crate) enum Start<'a> {
    /// From its beginning, unless it still has this change token (normalised).
    Whole { unless: Option<&'a str> },
    /// From byte `at` on, if it still has this token (as the store wrote it).
    Rest { at: u64, token: &'a str },
}

/// What opening an object found.
#[derive(Debug)]
pub(crate) enum Opened<B> {
    /// A body that is about to be read.
    Body(Opening<B>),
    /// `unless` holds.
    Unchanged,
    /// There is no such object.
    Gone,
    /// It is not the version that `Rest` asked for.
    Changed,
}

/// A body and what its head said.
#[derive(Debug)]
pub(crate) struct Opening<B> {
    /// Normalised.
    pub(crate) etag: String,
    /// As the store wrote it: OSS compares upper-case tokens byte by byte.
    pub(crate) token: String,
    /// Bytes of the whole object.
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) last_modified: Option<i64>,
    pub(crate) body: B,
}

/// A store that can be read from any byte on.
pub(crate) trait Source: Sync {
    type Body: Body;

    fn open(
        &self,
        document: &DocumentId,
        start: Start<'_>,
    ) -> impl Future<Output = Result<Opened<Self::Body>, StoreError>> + Send;

    fn endpoint(&self) -> &str;
}

/// Bytes as they arrive.
pub(crate) trait Body: Send {
    /// The next bytes, or nothing at the end; an error when the body broke.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, String>> + Send;
}

/// Reads one version of the object, whole.
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

/// The opened version, or nothing when it was replaced or removed before its end was read.
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

/// Appends the body to `bytes` until there are `size` of them.
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

fn unavailable<S: Source>(source: &S, document: &DocumentId, cause: String) -> StoreError {
    StoreError::Unavailable {
        subject: document.to_string(),
        endpoint: source.endpoint().to_owned(),
        cause,
        retry_after: None,
    }
}
