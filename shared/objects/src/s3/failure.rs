//! What an error response of an S3 store means. Pure, and all in one table.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use backoff::retry_after;
use message::DocumentId;

use crate::StoreError;

/// The parts of an error response that decide its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    /// The HTTP status; none when there was no response.
    pub(super) status: Option<u16>,
    /// The S3 error code; empty when there was none (a HEAD response has no body).
    pub(super) code: String,
    /// The store's message, or the transport's error.
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    /// The request was never sent: the settings or the bucket's name give no valid address.
    pub(super) unsendable: bool,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    NotModified,
    /// `If-Match` does not hold.
    Changed,
    NoSuchKey,
    NoSuchBucket,
    /// Denied; probe the bucket to find out whether only the object is.
    Denied,
    Archived,
    InvalidKey,
    BadCredentials,
    Unavailable,
    /// An error code that is not listed here; probe the bucket to find out whether only the object is at fault.
    Unlisted,
    Rejected,
}

const CREDENTIALS: [&str; 14] = [
    "AccessKeyIdAndSecurityTokenNotMatch",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "InvalidToken",
    "MissingSecurityHeader",
    "NotSignedUp",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SecurityTokenExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    // versitygw, with status 404
    "XAdminUserNotFound",
];

const INVALID_KEYS: [&str; 9] = [
    "ExistingObjectIsDirectory",
    "InvalidObjectName",
    "InvalidURI",
    "KeyTooLongError",
    "ObjectParentIsFile",
    "XMinioInvalidObjectName",
    "XMinioInvalidResourceName",
    "XMinioObjectExistsAsDirectory",
    "XMinioParentIsObject",
];

const BUSY: [&str; 10] = [
    "BandwidthLimitExceeded",
    "InternalError",
    "OperationAborted",
    "QpsLimitExceeded",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "TooManyRequests",
];

/// 403s that no change of a bucket policy fixes.
const REJECTED: [&str; 6] = [
    "AccountProblem",
    "BucketDisable",
    "InDebt",
    "InvalidPayer",
    "SecondLevelDomainForbidden",
    "UserDisable",
];

/// The only place that interprets a store's error. Error codes take precedence over status codes. A 404 without a
/// code is not `NoSuchKey`: a proxy that knows nothing of the bucket answers 404, too.
pub(super) fn meaning(failure: &Failure) -> Meaning {
    let code = failure.code.as_str();
    match (code, failure.status) {
        ("NoSuchKey", _) => Meaning::NoSuchKey,
        ("NoSuchBucket", _) => Meaning::NoSuchBucket,
        ("InvalidObjectState", _) => Meaning::Archived,
        // Nothing is left to continue with: the object has become shorter.
        ("PreconditionFailed" | "InvalidRange", _) | (_, Some(412 | 416)) => Meaning::Changed,
        (_, Some(304)) => Meaning::NotModified,
        _ if CREDENTIALS.contains(&code) => Meaning::BadCredentials,
        _ if INVALID_KEYS.contains(&code) => Meaning::InvalidKey,
        _ if REJECTED.contains(&code) || failure.unsendable => Meaning::Rejected,
        _ if BUSY.contains(&code) => Meaning::Unavailable,
        (_, Some(501)) => Meaning::Rejected,
        // A successful status with an error was cut off, or did not come from S3: a retry may succeed.
        (_, None | Some(200..300 | 408 | 429 | 500..)) => Meaning::Unavailable,
        (_, Some(403)) => Meaning::Denied,
        (_, Some(400..500)) => Meaning::Unlisted,
        _ => Meaning::Rejected,
    }
}

/// The last cause in the chain, e.g. `Connection refused (os error 111)`; the layers above it only add their names.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

impl Failure {
    /// Extracts the parts from the client's error.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let response = error.raw_response();
        let wish = response.and_then(|response| response.headers().get("retry-after"));
        Self {
            status: response.map(|response| response.status().as_u16()),
            code: error.code().unwrap_or_default().to_owned(),
            message: error.message().map_or_else(|| innermost(error), str::to_owned),
            retry_after: retry_after(wish),
            unsendable: matches!(error, SdkError::ConstructionFailure(_)),
        }
    }

    /// The error code, or else the status, or else what happened instead of a response.
    fn word(&self) -> String {
        match (self.code.as_str(), self.status) {
            ("", Some(status)) => format!("HTTP {status}"),
            ("", None) => "no answer".to_owned(),
            (code, _) => code.to_owned(),
        }
    }

    /// As an error about a bucket; here `Denied` concerns the whole bucket.
    pub(super) fn of_bucket(&self, endpoint: &str, bucket: &str) -> StoreError {
        let (bucket, endpoint, code) = (bucket.to_owned(), endpoint.to_owned(), self.word());
        match meaning(self) {
            Meaning::Denied => StoreError::BucketDenied { bucket, endpoint, code },
            Meaning::NoSuchBucket => StoreError::NoSuchBucket { bucket, endpoint },
            Meaning::BadCredentials => StoreError::BadCredentials { endpoint, code },
            Meaning::Unavailable => StoreError::Unavailable {
                subject: bucket,
                endpoint,
                cause: self.cause(),
                retry_after: self.retry_after,
            },
            Meaning::NotModified
            | Meaning::Changed
            | Meaning::NoSuchKey
            | Meaning::Archived
            | Meaning::InvalidKey
            | Meaning::Unlisted
            | Meaning::Rejected => {
                StoreError::Rejected { subject: bucket, endpoint, code, message: self.message.clone() }
            }
        }
    }

    /// As an error about one object; here `Denied` and `Unlisted` concern only the object, because the bucket was
    /// probed.
    pub(super) fn of_object(&self, endpoint: &str, document: &DocumentId) -> StoreError {
        let (document, endpoint, code) = (document.clone(), endpoint.to_owned(), self.word());
        match meaning(self) {
            Meaning::Denied => StoreError::ObjectDenied { document, endpoint, code },
            Meaning::Archived => StoreError::Archived { document, endpoint },
            Meaning::InvalidKey => StoreError::InvalidKey { document, endpoint, code },
            Meaning::Unlisted => {
                let message = self.message.clone();
                StoreError::Unreadable { document, endpoint, code, message }
            }
            Meaning::Unavailable => StoreError::Unavailable {
                subject: document.to_string(),
                endpoint,
                cause: self.cause(),
                retry_after: self.retry_after,
            },
            Meaning::NoSuchBucket | Meaning::BadCredentials => self.of_bucket(&endpoint, document.bucket()),
            Meaning::NotModified | Meaning::Changed | Meaning::NoSuchKey | Meaning::Rejected => {
                let (subject, message) = (document.to_string(), self.message.clone());
                StoreError::Rejected { subject, endpoint, code, message }
            }
        }
    }

    fn cause(&self) -> String {
        format!("{} ({})", self.word(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: Option<u16>, code: &str) -> Failure {
        Failure { status, code: code.to_owned(), ..Failure::default() }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        for (status, code, expected) in [
            (Some(404), "NoSuchKey", Meaning::NoSuchKey),
            (Some(404), "NoSuchBucket", Meaning::NoSuchBucket),
            (Some(404), "", Meaning::Unlisted),
            (Some(404), "NotFound", Meaning::Unlisted),
            (Some(404), "SymlinkTargetNotExist", Meaning::Unlisted),
            (Some(403), "AccessDenied", Meaning::Denied),
            (Some(403), "", Meaning::Denied),
            (Some(403), "InvalidObjectState", Meaning::Archived),
            (Some(403), "InvalidAccessKeyId", Meaning::BadCredentials),
            (Some(404), "XAdminUserNotFound", Meaning::BadCredentials),
            (Some(409), "ObjectParentIsFile", Meaning::InvalidKey),
            (Some(409), "ExistingObjectIsDirectory", Meaning::InvalidKey),
            (Some(403), "SignatureDoesNotMatch", Meaning::BadCredentials),
            (Some(400), "ExpiredToken", Meaning::BadCredentials),
            (Some(403), "SecondLevelDomainForbidden", Meaning::Rejected),
            (Some(403), "InDebt", Meaning::Rejected),
            (Some(304), "", Meaning::NotModified),
            (Some(412), "", Meaning::Changed),
            (Some(416), "InvalidRange", Meaning::Changed),
            (Some(400), "KeyTooLongError", Meaning::InvalidKey),
            (Some(400), "RequestTimeout", Meaning::Unavailable),
            (Some(400), "InvalidArgument", Meaning::Unlisted),
            (Some(301), "PermanentRedirect", Meaning::Rejected),
            (Some(429), "", Meaning::Unavailable),
            (Some(500), "InternalError", Meaning::Unavailable),
            (Some(503), "SlowDown", Meaning::Unavailable),
            (Some(501), "NotImplemented", Meaning::Rejected),
            (Some(200), "", Meaning::Unavailable),
            (None, "", Meaning::Unavailable),
        ] {
            assert_eq!(meaning(&failure(status, code)), expected, "{status:?} {code:?}");
        }
        assert_eq!(meaning(&Failure { unsendable: true, ..Failure::default() }), Meaning::Rejected);
    }

    #[test]
    fn the_message_names_object_endpoint_and_remedy() {
        let document = DocumentId::new("docs", "a b.md").unwrap();
        let error = failure(Some(403), "AccessDenied").of_object("http://store", &document).to_string();
        for word in ["docs/a b.md", "http://store", "AccessDenied", "let the credentials read it"] {
            assert!(error.contains(word), "{error:?} should hold {word:?}");
        }
    }
}
