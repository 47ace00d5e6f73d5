//! EDGE: the only code that talks to an object store over the network. Speaks S3 to AWS, OSS and MinIO.
//!
//! Both checksum settings are "when required" (OSS rejects the trailing checksums of newer SDKs), objects are deleted
//! one by one (OSS's batch call demands `Content-MD5`), and listings have URL-encoded keys (XML cannot hold every
//! key). What a response means is decided only in `failure`.

mod bucket;
mod failure;

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use bytes::Bytes;
use message::DocumentId;
use percent_encoding::percent_decode_str;

use crate::files::{self, FileStore};
use crate::read::{self, Opened, Opening, Source, Start};
use crate::{Entry, InvalidS3Settings, ListingPage, Look, S3Settings, Store, StoreError, normalise_etag};
use failure::{Failure, Meaning, meaning};

/// How long the upload of a file may take, whatever its size: the bundle of a model has gigabytes.
const LONGEST_UPLOAD: Duration = Duration::from_hours(6);

/// An S3 store. Clones share the connections.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    /// The endpoint's name in messages.
    endpoint: String,
    region: String,
    custom_endpoint: bool,
    read_timeout: Duration,
    object_timeout: Duration,
}

impl S3Store {
    /// Creates the client without connecting.
    ///
    /// # Errors
    /// When the settings contradict each other.
    pub fn new(settings: &S3Settings) -> Result<Self, InvalidS3Settings> {
        let keys = settings.check()?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout())
            .read_timeout(settings.read_timeout())
            .operation_timeout(settings.object_timeout())
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .force_path_style(settings.path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(timeouts);
        // Plain HTTP needs no root certificates; a machine without any must still reach its MinIO.
        let plain = settings.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        if plain && let Ok(context) = TlsContext::builder().with_trust_store(TrustStore::empty()).build() {
            http = http.tls_context(context);
        }
        config = config.http_client(http.build_https());
        if let Some(endpoint) = settings.endpoint() {
            config = config.endpoint_url(endpoint);
        }
        config = match keys {
            Some(keys) => config.credentials_provider(Credentials::new(
                keys.id,
                keys.secret,
                keys.token.map(str::to_owned),
                None,
                "MILLRACE_S3_ACCESS_KEY_ID",
            )),
            None => config.allow_no_auth(),
        };
        Ok(Self {
            client: Client::from_conf(config.build()),
            endpoint: settings
                .endpoint()
                .map_or_else(|| format!("AWS S3 {}", settings.region), str::to_owned),
            region: settings.region.clone(),
            custom_endpoint: settings.endpoint().is_some(),
            read_timeout: settings.read_timeout(),
            object_timeout: settings.object_timeout(),
        })
    }

    /// The location constraint for a new bucket: AWS needs one outside its first region, other stores know their own.
    fn location_constraint(&self) -> Option<&str> {
        Some(self.region.as_str()).filter(|region| !self.custom_endpoint && *region != "us-east-1")
    }

    /// Checks that the bucket can be listed. Uses a prefix, because a policy may allow only some prefixes.
    async fn probe(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix).max_keys(1);
        match Box::pin(request.encoding_type(EncodingType::Url).send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(&error).of_bucket(&self.endpoint, bucket)),
        }
    }

    /// Converts a failure about one object. Where the response does not tell whether only the object is at fault, the
    /// bucket is probed: a faulty bucket is an alarm, not the object's fault.
    async fn error_of<E>(&self, error: SdkError<E, HttpResponse>, document: &DocumentId) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let failure = Failure::of(&error);
        if matches!(meaning(&failure), Meaning::Denied | Meaning::Unlisted)
            && let Err(of_bucket) = self.probe(document.bucket(), document.key()).await
        {
            return of_bucket;
        }
        failure.of_object(&self.endpoint, document)
    }

    fn unavailable(&self, document: &DocumentId, cause: &str) -> StoreError {
        StoreError::Unavailable {
            subject: document.to_string(),
            endpoint: self.endpoint.clone(),
            cause: cause.to_owned(),
            retry_after: None,
        }
    }
}

/// A response body, with a timeout for each piece.
#[derive(Debug)]
pub(crate) struct Body {
    stream: ByteStream,
    timeout: Duration,
}

impl read::Body for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        match tokio::time::timeout(self.timeout, self.stream.next()).await {
            Ok(Some(Ok(piece))) => Ok(Some(piece)),
            Ok(Some(Err(error))) => Err(format!("the body broke ({error})")),
            Ok(None) => Ok(None),
            Err(_) => Err(format!("no byte of the body came in {} s", self.timeout.as_secs())),
        }
    }
}

impl Source for S3Store {
    type Body = Body;

    async fn open(&self, document: &DocumentId, start: Start<'_>) -> Result<Opened<Body>, StoreError> {
        let mut request = self.client.get_object().bucket(document.bucket()).key(document.key());
        request = match start {
            Start::Whole { unless } => request.set_if_none_match(unless.map(|etag| format!("\"{etag}\""))),
            Start::Rest { at, token } => request.range(format!("bytes={at}-")).if_match(token),
        };
        let answer = match Box::pin(request.send()).await {
            Ok(answer) => answer,
            Err(error) => {
                return match meaning(&Failure::of(&error)) {
                    Meaning::NotModified => Ok(Opened::Unchanged),
                    Meaning::Changed => Ok(Opened::Changed),
                    Meaning::NoSuchKey => Ok(Opened::Gone),
                    Meaning::NoSuchBucket
                    | Meaning::Denied
                    | Meaning::Archived
                    | Meaning::InvalidKey
                    | Meaning::BadCredentials
                    | Meaning::Unavailable
                    | Meaning::Unlisted
                    | Meaning::Rejected => Err(self.error_of(error, document).await),
                };
            }
        };
        let token = answer.e_tag().unwrap_or_default().to_owned();
        let etag = normalise_etag(&token);
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let Some(length) = length else {
            return Err(self.unavailable(document, "the answer does not say its length"));
        };
        let size = match start {
            // OSS compares etags in upper case, so it sends what we already know: treat as unchanged.
            Start::Whole { unless } if unless.is_some_and(|known| known == etag) => {
                return Ok(Opened::Unchanged);
            }
            Start::Whole { .. } => length,
            // A store that ignored the range sends the whole object: start over instead of joining wrong parts.
            Start::Rest { .. } if answer.content_range().is_none() => return Ok(Opened::Changed),
            Start::Rest { at, .. } => at.saturating_add(length),
        };
        let last_modified = answer.last_modified().map(aws_sdk_s3::primitives::DateTime::secs);
        let body = Body { stream: answer.body, timeout: self.read_timeout };
        Ok(Opened::Body(Opening { etag, token, size, last_modified, body }))
    }

    fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl FileStore for S3Store {
    async fn save(&self, document: &DocumentId, file: &Path) -> Result<bool, StoreError> {
        files::save(self, document, file).await
    }

    async fn put_file(&self, document: &DocumentId, file: &Path) -> Result<(), StoreError> {
        let body = ByteStream::from_path(file).await.map_err(|error| files::of_file(file, &error))?;
        let request = self.client.put_object().bucket(document.bucket()).key(document.key()).body(body);
        let request = request.content_type("application/octet-stream").customize();
        // The time for one object is meant for documents.
        let timeouts = TimeoutConfig::builder().operation_timeout(LONGEST_UPLOAD).build();
        let patient = aws_sdk_s3::Config::builder().timeout_config(timeouts);
        match Box::pin(request.config_override(patient).send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.error_of(error, document).await),
        }
    }
}

impl Store for S3Store {
    async fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> Result<Look, StoreError> {
        let reading = Box::pin(read::whole(self, document, unless, limit));
        if let Ok(look) = tokio::time::timeout(self.object_timeout, reading).await {
            return look;
        }
        let seconds = self.object_timeout.as_secs();
        Err(self
            .unavailable(document, &format!("not read in {seconds} s (MILLRACE_S3_OBJECT_TIMEOUT_SECONDS)")))
    }

    async fn head(&self, document: &DocumentId) -> Result<Option<Entry>, StoreError> {
        let request = self.client.head_object().bucket(document.bucket()).key(document.key());
        match Box::pin(request.send()).await {
            Ok(answer) => Ok(Some(Entry {
                key: document.key().to_owned(),
                etag: normalise_etag(answer.e_tag().unwrap_or_default()),
                size: answer.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                last_modified: answer.last_modified().map(aws_sdk_s3::primitives::DateTime::secs),
            })),
            // A HEAD response has no body and so no error code. GET tells whether key, bucket or a link's target is
            // missing.
            Err(error) if Failure::of(&error).status == Some(404) => {
                match self.open(document, Start::Whole { unless: None }).await? {
                    Opened::Body(Opening { etag, size, last_modified, .. }) => {
                        Ok(Some(Entry { key: document.key().to_owned(), etag, size, last_modified }))
                    }
                    Opened::Gone | Opened::Unchanged | Opened::Changed => Ok(None),
                }
            }
            Err(error) => Err(self.error_of(error, document).await),
        }
    }

    async fn put(
        &self,
        document: &DocumentId,
        bytes: Bytes,
        content_type: &str,
    ) -> Result<String, StoreError> {
        let request = self.client.put_object().bucket(document.bucket()).key(document.key());
        match Box::pin(request.content_type(content_type).body(ByteStream::from(bytes)).send()).await {
            Ok(answer) => Ok(normalise_etag(answer.e_tag().unwrap_or_default())),
            Err(error) => Err(self.error_of(error, document).await),
        }
    }

    async fn delete(&self, document: &DocumentId) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(document.bucket()).key(document.key());
        match Box::pin(request.send()).await {
            Ok(_) => Ok(()),
            Err(error) if meaning(&Failure::of(&error)) == Meaning::NoSuchKey => Ok(()),
            Err(error) => Err(self.error_of(error, document).await),
        }
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> Result<ListingPage, StoreError> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let request = request.set_continuation_token(continuation.map(str::to_owned));
        let answer = Box::pin(request.encoding_type(EncodingType::Url).send())
            .await
            .map_err(|error| Failure::of(&error).of_bucket(&self.endpoint, bucket))?;
        let encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let mut page = ListingPage { entries: Vec::new(), continuation: None };
        for object in answer.contents() {
            page.entries.push(entry(object, encoded).map_err(|message| StoreError::Rejected {
                subject: bucket.to_owned(),
                endpoint: self.endpoint.clone(),
                code: "listing".to_owned(),
                message,
            })?);
        }
        page.continuation = answer.next_continuation_token().map(str::to_owned);
        Ok(page)
    }

    async fn ensure_bucket(&self, bucket: &str, notify: Option<&str>) -> Result<(), StoreError> {
        self.ensure_exists(bucket).await?;
        match notify {
            Some(target) => self.ensure_notified(bucket, target).await,
            None => Ok(()),
        }
    }
}

/// Converts a listed object. An unreadable entry fails the whole page: objects missing from a listing would be taken
/// for deleted.
fn entry(object: &Object, encoded: bool) -> Result<Entry, String> {
    let key = object.key().ok_or("the listing holds an object without a key")?;
    let key = if encoded {
        // In URL-encoded keys, every store writes a space as plus and a plus as %2B.
        let text = key.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .map_err(|_| format!("the key {key:?} is not UTF-8"))?
            .into_owned()
    } else {
        key.to_owned()
    };
    let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let etag = normalise_etag(object.e_tag().unwrap_or_default());
    Ok(Entry {
        key,
        etag,
        size,
        last_modified: object.last_modified().map(aws_sdk_s3::primitives::DateTime::secs),
    })
}
