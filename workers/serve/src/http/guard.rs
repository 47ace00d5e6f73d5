#![expect(clippy::disallowed_methods, reason = "edge: the HTTP server, and the clock of its limits")]
//! What every request goes through: a request id, the host that it asks for, authentication, authorisation, and rate limiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use message::sha256_hex;
use tracing::Instrument as _;

use super::host::AllowedHosts;
use super::refusal::HttpRefusal;
use crate::access::file::KeyFile;
use crate::access::{AccessRole, Principal};
use crate::audit_log::{self, AuditLine, AuditLog, AuditNotes};
use crate::rate::Rate;

/// The header with the request id, in requests and responses.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Maximum length in characters of a request id chosen by the client.
const LONGEST_ID: usize = 100;

/// Authenticates and rate-limits clients.
#[derive(Debug)]
pub struct Gate {
    keys: Option<KeyFile>,
    hosts: AllowedHosts,
    rate: Mutex<Rate>,
    begun: Instant,
    log: Option<AuditLog>,
}

impl Gate {
    /// A gate for the holders of keys (or for everybody), with so many requests per minute each.
    #[must_use]
    pub fn new(keys: Option<KeyFile>, per_minute: u32) -> Self {
        let (hosts, rate) = (AllowedHosts::default(), Mutex::new(Rate::new(per_minute)));
        Self { keys, hosts, rate, begun: Instant::now(), log: None }
    }

    /// Answers for these hosts, too, where no keys are configured.
    #[must_use]
    pub fn with_hosts(self, hosts: AllowedHosts) -> Self {
        Self { hosts, ..self }
    }

    /// Writes who did what.
    #[must_use]
    pub fn with_log(self, log: Option<AuditLog>) -> Self {
        Self { log, ..self }
    }

    /// Whether no keys are configured.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.keys.is_none()
    }

    fn principal(&self, headers: &HeaderMap) -> Result<Principal, HttpRefusal> {
        let Some(keys) = &self.keys else { return Ok(Principal::anybody()) };
        let unauthorized = |message| HttpRefusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        let key = key(headers).ok_or_else(|| {
            unauthorized("a key is needed: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`")
        })?;
        let keys = keys.keys();
        let known = keys.principal(key).ok_or_else(|| unauthorized("this key is not known here"))?;
        // The notes are those of one request.
        Ok(Principal { notes: AuditNotes::default(), ..known.clone() })
    }

    /// Who sent a request, if that may be done with his key now.
    fn allowed(&self, principal: Principal, role: AccessRole) -> Result<Principal, HttpRefusal> {
        if principal.role < role {
            let message = format!("this key may not do that: it needs the role {role:?}").to_lowercase();
            return Err(HttpRefusal::new(StatusCode::FORBIDDEN, "forbidden", message));
        }
        self.count(&principal)?;
        Ok(principal)
    }

    fn count(&self, principal: &Principal) -> Result<(), HttpRefusal> {
        let now = self.begun.elapsed().as_secs_f64();
        // Without keys, only this machine can connect, and clients cannot be told apart.
        let Some(client) = principal.name.as_deref() else { return Ok(()) };
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.take(client, now).map_err(|seconds| HttpRefusal {
            retry_after: Some(seconds),
            ..HttpRefusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                format!("too many requests with this key: try again in {seconds} s"),
            )
        })
    }
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' '));
    let bearer =
        bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    bearer.or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()))
}

/// Lets the request pass if its role suffices, tells the handler who sent it, and writes down what it did.
pub async fn admit(
    State((gate, role)): State<(Arc<Gate>, AccessRole)>,
    mut request: Request,
    next: Next,
) -> Response {
    let known = gate.principal(request.headers());
    let line = gate.log.as_ref().map(|_| line(&request, known.as_ref().ok()));
    let notes = known.as_ref().map(|principal| principal.notes.clone()).unwrap_or_default();
    let response = match known.and_then(|principal| gate.allowed(principal, role)) {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if let (Some(log), Some(line)) = (&gate.log, line) {
        let (status, did) = (response.status(), notes.taken());
        let is_denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        // Views that are looked at again and again say nothing of anybody.
        if is_denied || !did.is_empty() || line.method != "GET" {
            log.add(&AuditLine { did, status: status.as_u16(), ..line }).await;
        }
    }
    response
}

/// What is known of a request before it is answered.
fn line(request: &Request, principal: Option<&Principal>) -> AuditLine {
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    AuditLine {
        time: audit_log::now(),
        request: id.unwrap_or_default().to_owned(),
        key: principal.and_then(|principal| principal.name.clone()),
        role: principal.map(|principal| principal.role),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        did: Vec::new(),
        status: 0,
    }
}

/// Without keys, lets only a request pass that asks for this machine, whatever its path. With keys, every request.
pub async fn house(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    if gate.is_open()
        && let Err(refusal) = gate.hosts.check(&request)
    {
        return refusal.into_response();
    }
    next.run(request).await
}

/// Assigns a request id, the client's own if it sent one, and returns it in the response; adds security headers.
pub async fn name(mut request: Request, next: Next) -> Response {
    let own = request.headers().get(&REQUEST_ID).filter(|id| is_plain(id)).cloned();
    let id = own.unwrap_or_else(fresh);
    let shown = id.to_str().unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", id = shown);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut response = next.run(request).instrument(span).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn is_plain(id: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(byte);
    !id.is_empty() && id.len() <= LONGEST_ID && id.as_bytes().iter().all(plain)
}

/// A request id that no other request has, from the process and a counter.
fn fresh() -> HeaderValue {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}", std::process::id(), now.as_nanos())
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id: String = sha256_hex([format!("{}-{count}", *START).as_bytes()]).chars().take(20).collect();
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from(count))
}
