#![expect(clippy::disallowed_methods, reason = "edge: PAI-DLC over HTTPS; each request carries the time")]
//! Sends signed requests to PAI-DLC. Each has a deadline, no answer is read without bound, and none is sent twice.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

use backoff::retry_after;
use message::content_digest;
use reqwest::header::{ACCEPT, AUTHORIZATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, Response, Url};
use secret::Secret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::credentials::{KeySource, PaiKeys};
use super::failure::{PaiFailure, Refusal};
use super::settings::PaiSettings;
use super::sign::{AcsRequest, canonical_query};

const VERSION: &str = "2020-12-03";
const CONNECT: Duration = Duration::from_secs(10);
/// Maximum size of an answer in bytes: a page of jobs, or 200 lines of a log.
const LARGEST: usize = 8 << 20;
const JSON: &str = "application/json; charset=utf-8";

/// A connection to PAI-DLC. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct PaiClient {
    client: Client,
    address: Url,
    /// Host and port, as they are sent and signed.
    host: String,
    keys: KeySource,
    timeout: Duration,
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    action: &'static str,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl Call {
    pub(super) fn get(action: &'static str, path: String) -> Self {
        Self { action, method: Method::GET, path, query: Vec::new(), body: None }
    }

    pub(super) fn post(action: &'static str, path: String, body: Option<Value>) -> Self {
        Self { action, method: Method::POST, path, query: Vec::new(), body }
    }

    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }
}

impl PaiClient {
    /// Prepares it; sends nothing.
    ///
    /// # Errors
    /// The invalid setting.
    pub(super) fn new(settings: &PaiSettings) -> Result<Self, String> {
        let text = settings.address();
        let wrong = |cause: &str| format!("MILLRACE_PAI_ENDPOINT is {text:?}: {cause}");
        let address = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(wrong("it has to begin with https:// or http://"));
        }
        let Some(name) = address.host_str() else { return Err(wrong("it names no host")) };
        let host = address.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        // The signature is for this host: nobody may send the request on to another.
        let client = Client::builder().connect_timeout(CONNECT).redirect(Policy::none()).build();
        let client = client.map_err(|error| wrong(&error.to_string()))?;
        let timeout = Duration::from_secs(settings.timeout_seconds);
        Ok(Self { client, host, keys: source(settings)?, timeout, address })
    }

    /// Sends a call, and reads its answer.
    ///
    /// # Errors
    /// See [`PaiFailure`].
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, PaiFailure> {
        let keys = self.keys.keys().await.map_err(PaiFailure::Keys)?;
        let request = self.signed(call, &keys).map_err(PaiFailure::Keys)?;
        let late = || PaiFailure::Lost(format!("no answer within {:?}", self.timeout));
        let answered = tokio::time::timeout(self.timeout, self.exchange(request)).await;
        let (status, after, body) = answered.map_err(|_| late())??;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&body).map_err(|error| {
                PaiFailure::Odd(format!("the answer (status {status}) is not PAI's: {error}"))
            });
        }
        let mut refusal = Refusal::read(status, &without(&keys, &body), after);
        refusal.expiration = keys.expiration;
        Err(PaiFailure::Said(refusal))
    }

    async fn exchange(&self, request: Request) -> Result<(u16, Option<Duration>, Vec<u8>), PaiFailure> {
        let response = self.client.execute(request).await.map_err(|error| {
            let is_unreached = error.is_connect();
            let cause = process::chain(&error.without_url());
            if is_unreached { PaiFailure::Unreached(cause) } else { PaiFailure::Lost(cause) }
        })?;
        let status = response.status().as_u16();
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = retry_after(wish);
        Ok((status, after, whole(response).await?))
    }

    /// The request, with its headers. Path, query and body are signed as they are sent.
    fn signed(&self, call: Call, keys: &PaiKeys) -> Result<Request, String> {
        let body = call.body.map(|body| body.to_string().into_bytes());
        let payload = content_digest(body.as_deref().unwrap_or_default());
        let mut headers = vec![
            ("host", self.host.clone()),
            ("x-acs-action", call.action.to_owned()),
            ("x-acs-version", VERSION.to_owned()),
            ("x-acs-date", humantime::format_rfc3339_seconds(SystemTime::now()).to_string()),
            ("x-acs-signature-nonce", nonce()),
            ("x-acs-content-sha256", payload.clone()),
        ];
        if body.is_some() {
            headers.push(("content-type", JSON.to_owned()));
        }
        if let Some(token) = &keys.token {
            headers.push(("x-acs-accesskey-id", keys.id.reveal().to_owned()));
            headers.push(("x-acs-security-token", token.reveal().to_owned()));
        }
        let mut url = self.address.clone();
        url.set_path(&call.path);
        let query = canonical_query(&call.query);
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let signed = AcsRequest {
            method: call.method.to_string(),
            path: call.path,
            query,
            headers: owned.collect(),
            payload,
        };
        let authorization = signed.authorization(keys.id.reveal(), keys.secret.reveal());
        let mut request = self.client.request(call.method, url).header(ACCEPT, "application/json");
        request = request.header(AUTHORIZATION, authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        // A key with a line break is no header; the error itself does not quote it.
        request.build().map_err(|error| format!("the keys for PAI cannot be sent: {}", error.without_url()))
    }
}

/// Where the settings say that keys come from.
fn source(settings: &PaiSettings) -> Result<KeySource, String> {
    let given = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.reveal().is_empty());
    let file = settings.credentials_file.clone().filter(|file| !file.as_os_str().is_empty());
    match (given(&settings.access_key_id), given(&settings.access_key_secret), file) {
        (Some(id), Some(secret), None) => Ok(KeySource::Fixed(PaiKeys {
            id,
            secret,
            token: given(&settings.security_token),
            expiration: None,
        })),
        (None, None, Some(file)) => Ok(KeySource::File(file)),
        (None, None, None) => Err(
            "MILLRACE_TRAINER=pai needs MILLRACE_PAI_ACCESS_KEY_ID and MILLRACE_PAI_ACCESS_KEY_SECRET, or \
             MILLRACE_PAI_CREDENTIALS_FILE"
                .to_owned(),
        ),
        _ => {
            Err("MILLRACE_PAI_ACCESS_KEY_ID and MILLRACE_PAI_ACCESS_KEY_SECRET belong together, and exclude \
             MILLRACE_PAI_CREDENTIALS_FILE"
                .to_owned())
        }
    }
}

/// The body, as long as it has no more than [`LARGEST`] bytes.
async fn whole(mut response: Response) -> Result<Vec<u8>, PaiFailure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() > LARGEST => {
                return Err(PaiFailure::Odd(format!("its answer has more than {LARGEST} bytes")));
            }
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => return Ok(body),
            Err(error) => return Err(PaiFailure::Lost(process::chain(&error.without_url()))),
        }
    }
}

/// An answer with the keys removed, in case it repeats them: a wrong signature is answered with what was signed.
fn without(keys: &PaiKeys, body: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in [Some(&keys.secret), keys.token.as_ref()].into_iter().flatten() {
        if !secret.reveal().is_empty() {
            text = text.replace(secret.reveal(), "***");
        }
    }
    text.into_bytes()
}

/// A mark that no other request has.
fn nonce() -> String {
    // The standard library's random keys, which differ for each of its states.
    let [first, second] =
        [RandomState::new(), RandomState::new()].map(|state| state.hash_one(SystemTime::now()));
    format!("{first:016x}{second:016x}")
}

/// The time so many days ago, as PAI writes it.
pub(super) fn days_ago(days: u64) -> String {
    let time = SystemTime::now().checked_sub(Duration::from_hours(days.saturating_mul(24)));
    humantime::format_rfc3339_seconds(time.unwrap_or(SystemTime::UNIX_EPOCH)).to_string()
}
