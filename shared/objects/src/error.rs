//! What can go wrong with a store, typed by what the caller does.

use std::time::Duration;

use message::DocumentId;

/// What the caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// This object cannot be had; others can: a dead letter, and the old chunks stay.
    Refuse,
    /// Wait and try again.
    Wait,
    /// Waiting alone mends nothing: wait, and tell a human.
    Alarm,
}

/// A failure. Its message names the object, the endpoint and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store denies this one object; its bucket can be listed.
    #[error(
        "{document} at {endpoint}: the store denies this object ({code}), though its bucket can be listed; \
         let the credentials read it, then ask for the document again"
    )]
    ObjectDenied {
        /// Which object.
        document: DocumentId,
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
    },
    /// The object is in an archive and must be restored before it can be read.
    #[error("{document} at {endpoint}: the object is archived; restore it, then ask for the document again")]
    Archived {
        /// Which object.
        document: DocumentId,
        /// Which store.
        endpoint: String,
    },
    /// The store can hold no object of such a name.
    #[error("{document} at {endpoint}: the store takes no such key ({code}); give the object another name")]
    InvalidKey {
        /// Which object.
        document: DocumentId,
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
    },
    /// The store refuses this one object, in words that are not listed here; its bucket can be listed. A symbolic link
    /// without a target, a key of the customer's own, a disabled KMS key.
    #[error(
        "{document} at {endpoint}: the store refuses this object ({code}: {message}), though its bucket can be listed; \
         mend or remove the object, then ask for the document again"
    )]
    Unreadable {
        /// Which object.
        document: DocumentId,
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
        /// The store's words for people.
        message: String,
    },
    /// The bucket as a whole is denied.
    #[error(
        "bucket {bucket} at {endpoint}: access denied ({code}); the credentials need to list the bucket and to read \
         its objects (s3:ListBucket and s3:GetObject; on OSS oss:ListObjects and oss:GetObject)"
    )]
    BucketDenied {
        /// Which bucket.
        bucket: String,
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
    },
    /// There is no such bucket: never taken for the removal of its objects.
    #[error("bucket {bucket} at {endpoint}: no such bucket; check MILLRACE_BUCKET and MILLRACE_S3_ENDPOINT")]
    NoSuchBucket {
        /// Which bucket.
        bucket: String,
        /// Which store.
        endpoint: String,
    },
    /// The credentials, or the clock that signs with them, are not accepted.
    #[error(
        "{endpoint}: the credentials are not accepted ({code}); check MILLRACE_S3_ACCESS_KEY_ID, \
         MILLRACE_S3_SECRET_ACCESS_KEY, MILLRACE_S3_SESSION_TOKEN and this machine's clock"
    )]
    BadCredentials {
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
    },
    /// The store does not take such a request at all: wrong addressing, region, account or feature.
    #[error(
        "{subject} at {endpoint}: the store rejects the request ({code}: {message}); check MILLRACE_S3_ENDPOINT, \
         MILLRACE_S3_REGION, MILLRACE_S3_PATH_STYLE and the account"
    )]
    Rejected {
        /// What was asked for: a bucket, or bucket/key.
        subject: String,
        /// Which store.
        endpoint: String,
        /// The store's word.
        code: String,
        /// The store's words for people.
        message: String,
    },
    /// The store is away, busy or too slow, or the object would not hold still.
    #[error("{subject} at {endpoint}: {cause}; trying again")]
    Unavailable {
        /// What was asked for: a bucket, or bucket/key.
        subject: String,
        /// Which store.
        endpoint: String,
        /// What was seen.
        cause: String,
        /// How long the store asked to wait, if it did.
        retry_after: Option<Duration>,
    },
}

impl StoreError {
    /// What the caller does.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::ObjectDenied { .. }
            | Self::Archived { .. }
            | Self::InvalidKey { .. }
            | Self::Unreadable { .. } => Remedy::Refuse,
            Self::BucketDenied { .. }
            | Self::NoSuchBucket { .. }
            | Self::BadCredentials { .. }
            | Self::Rejected { .. } => Remedy::Alarm,
            Self::Unavailable { .. } => Remedy::Wait,
        }
    }

    /// How long the store asked to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Unavailable { retry_after, .. } = self { *retry_after } else { None }
    }
}
