//! Errors of an object store, classified by what the caller does next.

use std::time::Duration;

use message::DocumentId;

/// What the caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// This object is unavailable, others are not: make it a dead letter and keep its old chunks.
    Refuse,
    /// Wait and try again.
    Wait,
    /// Waiting alone will not help: wait, and alert a human.
    Alarm,
}

/// A failed operation. Its message names the object, the endpoint and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store denies this one object; its bucket can be listed.
    #[error(
        "{document} at {endpoint}: the store denies this object ({code}), though its bucket can be listed; \
         let the credentials read it, then ask for the document again"
    )]
    ObjectDenied {
        /// The object.
        document: DocumentId,
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
    },
    /// The object is in an archive and must be restored before it can be read.
    #[error("{document} at {endpoint}: the object is archived; restore it, then ask for the document again")]
    Archived {
        /// The object.
        document: DocumentId,
        /// The store's endpoint.
        endpoint: String,
    },
    /// The store cannot hold an object with this name.
    #[error("{document} at {endpoint}: the store takes no such key ({code}); give the object another name")]
    InvalidKey {
        /// The object.
        document: DocumentId,
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
    },
    /// The store refuses this one object with an error code that is not listed here, though its bucket can be listed:
    /// a symbolic link without a target, a customer-provided key, a disabled KMS key.
    #[error(
        "{document} at {endpoint}: the store refuses this object ({code}: {message}), though its bucket can be listed; \
         mend or remove the object, then ask for the document again"
    )]
    Unreadable {
        /// The object.
        document: DocumentId,
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
        /// The store's message.
        message: String,
    },
    /// The bucket as a whole is denied.
    #[error(
        "bucket {bucket} at {endpoint}: access denied ({code}); the credentials need to list the bucket and to read \
         its objects (s3:ListBucket and s3:GetObject; on OSS oss:ListObjects and oss:GetObject)"
    )]
    BucketDenied {
        /// The bucket.
        bucket: String,
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
    },
    /// The bucket does not exist. This never counts as the deletion of its objects.
    #[error("bucket {bucket} at {endpoint}: no such bucket; check MILLRACE_BUCKET and MILLRACE_S3_ENDPOINT")]
    NoSuchBucket {
        /// The bucket.
        bucket: String,
        /// The store's endpoint.
        endpoint: String,
    },
    /// The credentials are rejected, or the clock used for signing is wrong.
    #[error(
        "{endpoint}: the credentials are not accepted ({code}); check MILLRACE_S3_ACCESS_KEY_ID, \
         MILLRACE_S3_SECRET_ACCESS_KEY, MILLRACE_S3_SESSION_TOKEN and this machine's clock"
    )]
    BadCredentials {
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
    },
    /// The store rejects the request as such: wrong addressing, region, account or feature.
    #[error(
        "{subject} at {endpoint}: the store rejects the request ({code}: {message}); check MILLRACE_S3_ENDPOINT, \
         MILLRACE_S3_REGION, MILLRACE_S3_PATH_STYLE and the account"
    )]
    Rejected {
        /// The target of the request: a bucket, or bucket/key.
        subject: String,
        /// The store's endpoint.
        endpoint: String,
        /// The store's error code.
        code: String,
        /// The store's message.
        message: String,
    },
    /// The store is unavailable, busy or too slow, or the object kept changing while it was read.
    #[error("{subject} at {endpoint}: {cause}; trying again")]
    Unavailable {
        /// The target of the request: a bucket, or bucket/key.
        subject: String,
        /// The store's endpoint.
        endpoint: String,
        /// What went wrong.
        cause: String,
        /// The store's `Retry-After`.
        retry_after: Option<Duration>,
    },
}

impl StoreError {
    /// What the caller should do.
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

    /// The store's `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Unavailable { retry_after, .. } = self { *retry_after } else { None }
    }
}
