//! A server with PAI-DLC's interface, and its faults.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "edge: serves on a free port of this machine"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::pai_routes::{Answer, Jobs, now, refusal};
use super::pai_verify::{Arrived, check, key_id};

/// What happens to the next request of an action.
#[derive(Clone, Debug)]
pub(crate) enum PaiFault {
    /// It is refused with this status, code and header.
    Refuse(u16, &'static str, &'static str),
    /// It is done, and answered with this status, without a body that helps.
    After(u16),
    /// The connection is cut before it is done, or after.
    CutBefore,
    CutAfter,
    /// It is not answered.
    Hang,
    /// It is done, and answered with what is not JSON.
    Nonsense,
}

/// A key of the account.
#[derive(Clone, Debug)]
pub(crate) struct AccountKey {
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) is_expired: bool,
}

#[derive(Debug, Default)]
pub(crate) struct PaiState {
    pub(crate) jobs: Jobs,
    pub(crate) keys: BTreeMap<String, AccountKey>,
    /// Seconds by which the server's clock is ahead.
    pub(crate) ahead: u64,
    pub(crate) heard: Vec<Arrived>,
    faults: VecDeque<(&'static str, PaiFault)>,
    nonces: BTreeSet<String>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct PaiServer {
    pub(crate) url: String,
    state: Arc<Mutex<PaiState>>,
}

impl PaiServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(PaiState::default()));
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(one(stream, Arc::clone(&serving)));
            }
        });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, PaiState> {
        self.state.lock().unwrap()
    }

    /// How many jobs were created.
    pub(crate) fn created(&self) -> usize {
        self.state().jobs.created
    }

    /// Adds a fault for the next request of this action.
    pub(crate) fn inject(&self, action: &'static str, fault: PaiFault) {
        self.state().faults.push_back((action, fault));
    }

    /// The requests of this action so far.
    pub(crate) fn heard(&self, action: &str) -> Vec<Arrived> {
        let state = self.state();
        state.heard.iter().filter(|request| request.header("x-acs-action") == action).cloned().collect()
    }

    /// Changes fields of a job.
    pub(crate) fn set(&self, job: &str, fields: &Value) {
        let mut state = self.state();
        let job = state.jobs.get(job).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            job[name] = value.clone();
        }
    }
}

impl PaiState {
    /// Whether the request is accepted at all.
    fn admit(&mut self, request: &Arrived) -> Result<(), Answer> {
        let Some(key) = self.keys.get(key_id(request)) else {
            return Err(refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."));
        };
        let time = now() + Duration::from_secs(self.ahead);
        check(request, &key.secret, time).map_err(|(code, message)| refusal(400, code, &message))?;
        if key.token.as_deref().unwrap_or_default() != request.header("x-acs-security-token")
            || (key.token.is_some() && request.header("x-acs-accesskey-id") != key_id(request))
        {
            return Err(refusal(400, "InvalidSecurityToken.MismatchWithAccessKey", "not this key's token"));
        }
        if key.is_expired {
            return Err(refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."));
        }
        if !self.nonces.insert(request.header("x-acs-signature-nonce").to_owned()) {
            return Err(refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already."));
        }
        Ok(())
    }

    fn strike(&mut self, action: &str) -> Option<PaiFault> {
        let at = self.faults.iter().position(|(of, _)| *of == action)?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    /// Does what is asked for.
    fn act(&mut self, request: &Arrived) -> Answer {
        let query = request.parameters().into_iter().collect();
        self.jobs.route(&request.method, request.path(), &query, &request.body)
    }
}

async fn one(mut stream: TcpStream, state: Arc<Mutex<PaiState>>) {
    let Some(request) = arrived(&mut stream).await else { return };
    let action = request.header("x-acs-action").to_owned();
    let (fault, answer) = {
        let mut state = state.lock().unwrap();
        state.heard.push(request.clone());
        if let Err(answer) = state.admit(&request) {
            (None, Some(answer))
        } else {
            let fault = state.strike(&action);
            let is_done = match fault {
                Some(PaiFault::Refuse(..) | PaiFault::CutBefore | PaiFault::Hang) => false,
                None | Some(PaiFault::After(_) | PaiFault::CutAfter | PaiFault::Nonsense) => true,
            };
            let answer = is_done.then(|| state.act(&request));
            (fault, answer)
        }
    };
    let (status, headers, body) = match fault {
        None => {
            let (status, body) = answer.unwrap();
            (status, "", body.to_string())
        }
        Some(PaiFault::Refuse(status, code, headers)) => {
            let body = json!({"Code": code, "Message": "words of the server", "RequestId": "7A1-B2"});
            (status, headers, body.to_string())
        }
        Some(PaiFault::After(status)) => (status, "", "upstream failed".to_owned()),
        Some(PaiFault::Nonsense) => (200, "", "<html>hello</html>".to_owned()),
        Some(PaiFault::CutBefore | PaiFault::CutAfter) => return,
        Some(PaiFault::Hang) => return tokio::time::sleep(Duration::from_mins(10)).await,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that has waited long enough is gone.
    let _sent = stream.write_all(head.as_bytes()).await.is_ok();
}

async fn arrived(stream: &mut TcpStream) -> Option<Arrived> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok()?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            if count == 0 {
                return None;
            }
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = Arrived { method, target, headers, body: bytes[end + 4..].to_vec() };
        let length: usize = request.header("content-length").parse().unwrap_or_default();
        if request.body.len() >= length || count == 0 {
            return Some(request);
        }
    }
}
