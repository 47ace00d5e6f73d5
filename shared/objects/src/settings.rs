//! The settings of an S3 store.

use std::time::Duration;

use clap::Args;
use secret::Secret;

/// How to reach the object store.
#[derive(Args, Clone, Debug)]
pub struct S3Settings {
    /// Address of the object store, e.g. `http://127.0.0.1:9000` (MinIO) or
    /// `https://s3.oss-cn-hangzhou-internal.aliyuncs.com` (OSS). Without it: AWS S3 in the region.
    #[arg(long = "s3-endpoint", env = "MILLRACE_S3_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Region that requests are signed for, e.g. `cn-hangzhou`.
    #[arg(long = "s3-region", env = "MILLRACE_S3_REGION", default_value = "us-east-1")]
    pub region: String,
    /// Put the bucket into the path instead of the host name. MinIO needs true, OSS needs false.
    #[arg(
        long = "s3-path-style",
        env = "MILLRACE_S3_PATH_STYLE",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub path_style: bool,
    /// Access key id. Without one, requests are not signed (for a publicly readable bucket).
    #[arg(long = "s3-access-key-id", env = "MILLRACE_S3_ACCESS_KEY_ID", hide_env_values = true)]
    pub access_key_id: Option<Secret>,
    /// Secret of the access key.
    #[arg(long = "s3-secret-access-key", env = "MILLRACE_S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub secret_access_key: Option<Secret>,
    /// Token of temporary credentials.
    #[arg(long = "s3-session-token", env = "MILLRACE_S3_SESSION_TOKEN", hide_env_values = true)]
    pub session_token: Option<Secret>,
    /// Timeout for connecting, in seconds.
    #[arg(
        long = "s3-connect-timeout-seconds",
        env = "MILLRACE_S3_CONNECT_TIMEOUT_SECONDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub connect_timeout_seconds: u64,
    /// Timeout for the start of a response and for each further piece of its body, in seconds.
    #[arg(
        long = "s3-read-timeout-seconds",
        env = "MILLRACE_S3_READ_TIMEOUT_SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub read_timeout_seconds: u64,
    /// Maximum time to read one object, in seconds, whatever its size.
    #[arg(
        long = "s3-object-timeout-seconds",
        env = "MILLRACE_S3_OBJECT_TIMEOUT_SECONDS",
        default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub object_timeout_seconds: u64,
}

/// Settings that contradict each other.
#[derive(Debug, thiserror::Error)]
pub enum InvalidS3Settings {
    /// Only one half of a key pair.
    #[error(
        "MILLRACE_S3_ACCESS_KEY_ID and MILLRACE_S3_SECRET_ACCESS_KEY belong together; set both or neither"
    )]
    HalfAKeyPair,
    /// A session token without its key pair.
    #[error(
        "MILLRACE_S3_SESSION_TOKEN needs MILLRACE_S3_ACCESS_KEY_ID and MILLRACE_S3_SECRET_ACCESS_KEY beside it"
    )]
    LonelyToken,
    /// An invalid URL.
    #[error("MILLRACE_S3_ENDPOINT is {0:?}; it begins with http:// or https://")]
    Endpoint(String),
    /// Timeouts in the wrong order.
    #[error(
        "MILLRACE_S3_OBJECT_TIMEOUT_SECONDS ({object}) must not be below MILLRACE_S3_READ_TIMEOUT_SECONDS ({read})"
    )]
    Deadlines {
        /// Timeout for a whole object in seconds.
        object: u64,
        /// Timeout for a piece of it in seconds.
        read: u64,
    },
}

/// A key pair with its token, as the client expects it.
pub(crate) struct KeyPair<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) token: Option<&'a str>,
}

impl S3Settings {
    /// Checks settings that depend on each other.
    pub(crate) fn check(&self) -> Result<Option<KeyPair<'_>>, InvalidS3Settings> {
        if let Some(endpoint) = self.endpoint()
            && !(endpoint.starts_with("http://") || endpoint.starts_with("https://"))
        {
            return Err(InvalidS3Settings::Endpoint(endpoint.to_owned()));
        }
        if self.object_timeout_seconds < self.read_timeout_seconds {
            let (object, read) = (self.object_timeout_seconds, self.read_timeout_seconds);
            return Err(InvalidS3Settings::Deadlines { object, read });
        }
        let token = shown(self.session_token.as_ref());
        match (shown(self.access_key_id.as_ref()), shown(self.secret_access_key.as_ref())) {
            (Some(id), Some(secret)) => Ok(Some(KeyPair { id, secret, token })),
            (None, None) if token.is_some() => Err(InvalidS3Settings::LonelyToken),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(InvalidS3Settings::HalfAKeyPair),
        }
    }

    /// The endpoint. An empty one counts as none, because deployment files often leave variables empty.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref().map(|text| text.trim_end_matches('/')).filter(|text| !text.is_empty())
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds)
    }

    pub(crate) fn read_timeout(&self) -> Duration {
        Duration::from_secs(self.read_timeout_seconds)
    }

    pub(crate) fn object_timeout(&self) -> Duration {
        Duration::from_secs(self.object_timeout_seconds)
    }
}

fn shown(secret: Option<&Secret>) -> Option<&str> {
    secret.map(Secret::reveal).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spelled out, so that no environment variable of the machine interferes.
    fn settings() -> S3Settings {
        S3Settings {
            endpoint: None,
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: "someone".parse().ok(),
            secret_access_key: "hunter2".parse().ok(),
            session_token: None,
            connect_timeout_seconds: 5,
            read_timeout_seconds: 30,
            object_timeout_seconds: 300,
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(settings().check().is_ok_and(|pair| pair.is_some()));
        let shown = format!("{:?}", settings());
        assert!(!shown.contains("hunter2") && !shown.contains("someone"), "{shown}");
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        let empty: Option<Secret> = "".parse().ok();
        let anyone = S3Settings {
            endpoint: Some(String::new()),
            access_key_id: empty.clone(),
            secret_access_key: empty,
            ..settings()
        };
        assert!(anyone.check().is_ok_and(|pair| pair.is_none()));
        assert_eq!(anyone.endpoint(), None);
    }

    #[test]
    fn contradictions_are_named() {
        let token: Option<Secret> = "token".parse().ok();
        for (settings, words) in [
            (S3Settings { secret_access_key: None, ..settings() }, "belong together"),
            (
                S3Settings {
                    access_key_id: None,
                    secret_access_key: None,
                    session_token: token,
                    ..settings()
                },
                "beside it",
            ),
            (S3Settings { endpoint: Some("minio:9000".to_owned()), ..settings() }, "begins with http"),
            (S3Settings { object_timeout_seconds: 1, ..settings() }, "must not be below"),
        ] {
            let error = settings.check().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{error:?} should say {words:?}");
        }
    }
}
