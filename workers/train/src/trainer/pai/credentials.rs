//! EDGE: keys for PAI, from the settings or from a file that somebody else keeps fresh.

use std::path::{Path, PathBuf};

use secret::Secret;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

/// Maximum size of the file in bytes; a token has a few thousand.
const LARGEST: u64 = 64 << 10;

/// Keys for one request.
#[derive(Clone, Debug)]
pub(super) struct PaiKeys {
    pub(super) id: Secret,
    pub(super) secret: Secret,
    /// The token that temporary keys come with.
    pub(super) token: Option<Secret>,
    /// When they end, as their file says it; for people.
    pub(super) expiration: Option<String>,
}

/// Where keys come from.
#[derive(Clone, Debug)]
pub(super) enum KeySource {
    /// The settings.
    Fixed(PaiKeys),
    /// A file, which is read for every request: whoever writes temporary keys writes them anew before they end.
    File(PathBuf),
}

impl KeySource {
    /// The keys as they are now.
    ///
    /// # Errors
    /// What is wrong with the file, in words that hold nothing of it.
    pub(super) async fn keys(&self) -> Result<PaiKeys, String> {
        match self {
            Self::Fixed(keys) => Ok(keys.clone()),
            Self::File(file) => read(file).await.map_err(|what| {
                format!(
                    "MILLRACE_PAI_CREDENTIALS_FILE {}: {what}; is whoever writes it at work?",
                    file.display()
                )
            }),
        }
    }
}

/// The JSON that the metadata service of an ECS role answers, and that `AssumeRoleWithOIDC` (RRSA) holds in `Credentials`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<String>,
    credentials: Option<Box<Written>>,
}

async fn read(file: &Path) -> Result<PaiKeys, String> {
    let opened = tokio::fs::File::open(file).await.map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    opened.take(LARGEST).read_to_end(&mut text).await.map_err(|error| error.to_string())?;
    parse(&text)
}

fn parse(text: &[u8]) -> Result<PaiKeys, String> {
    // The parser's own words may quote a key.
    let mut written: Written =
        serde_json::from_slice(text).map_err(|_| "it is no JSON of keys".to_owned())?;
    if let Some(inner) = written.credentials.take() {
        written = *inner;
    }
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    match (given(written.access_key_id), given(written.access_key_secret)) {
        (Some(id), Some(secret)) => Ok(PaiKeys {
            id: Secret::from(id),
            secret: Secret::from(secret),
            token: given(written.security_token).map(Secret::from),
            expiration: given(written.expiration),
        }),
        _ => Err("it has no AccessKeyId and AccessKeySecret".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_keys_are_read_and_none_is_shown() {
        let flat = r#"{"Code":"Success","AccessKeyId":"STS.one","AccessKeySecret":"two","SecurityToken":"three","Expiration":"2026-01-01T06:00:00Z"}"#;
        let nested = format!(r#"{{"RequestId":"1","Credentials":{flat}}}"#);
        for text in [flat, nested.as_str()] {
            let keys = parse(text.as_bytes()).unwrap();
            assert_eq!((keys.id.reveal(), keys.secret.reveal()), ("STS.one", "two"));
            assert_eq!(keys.token.as_ref().map(Secret::reveal), Some("three"));
            let shown = format!("{keys:?}");
            assert!(!shown.contains("one") && !shown.contains("two") && !shown.contains("three"), "{shown}");
        }
        for text in [
            "",
            "{}",
            r#"{"AccessKeyId":"hunter2","AccessKeySecret":""}"#,
            r#"{"AccessKeyId":"hunter2" oops"#,
        ] {
            let what = parse(text.as_bytes()).unwrap_err();
            assert!(!what.contains("hunter2") && !what.is_empty(), "{what}");
        }
    }
}
