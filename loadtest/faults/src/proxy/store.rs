//! The proxy in front of the object store: slow, cut off, busy, without its bucket, and with objects that change
//! while being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::sync::{mpsc, oneshot};

use super::{Handler, Reply, Upstream};
use crate::dials::{Dials, Kind};
use crate::http::{Message, parse_answer};

/// Asks the oracle to overwrite `key` immediately.
#[derive(Debug)]
pub struct Change {
    /// The object's key.
    pub key: String,
    /// Receives whether the object was changed.
    pub done: oneshot::Sender<bool>,
}

/// A proxy of the object store.
#[derive(Debug)]
pub struct StoreProxy {
    upstream: Upstream,
    bucket: String,
    dials: Arc<Dials>,
    changes: mpsc::Sender<Change>,
    /// Whether the store claims that the bucket does not exist.
    pub without_bucket: AtomicBool,
    /// Whether the store claims that no object exists.
    pub without_objects: AtomicBool,
}

impl StoreProxy {
    /// A proxy of the store at `url`.
    #[must_use]
    pub fn new(url: &str, bucket: &str, dials: Arc<Dials>, changes: mpsc::Sender<Change>) -> Self {
        let (upstream, bucket) = (Upstream::new(url), bucket.to_owned());
        Self {
            upstream,
            bucket,
            dials,
            changes,
            without_bucket: AtomicBool::new(false),
            without_objects: AtomicBool::new(false),
        }
    }

    /// Whether the request is for an object, not for the bucket.
    fn is_object(&self, request: &Message) -> bool {
        self.path(request).is_some_and(|path| path.len() > 1)
    }

    /// The part of the path after the bucket's name.
    fn path<'a>(&self, request: &'a Message) -> Option<&'a str> {
        request.path().split('?').next()?.strip_prefix('/')?.strip_prefix(self.bucket.as_str())
    }

    /// The key, when an object is read from its beginning.
    fn key(&self, request: &Message) -> Option<String> {
        let path = self.path(request)?;
        let key = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?.into_owned();
        let whole = request.method() == "GET" && request.header("range").is_none();
        (whole && !key.is_empty()).then_some(key)
    }

    /// Has the object overwritten before its second half is sent; false when that was not possible.
    async fn changed(&self, key: String) -> bool {
        let (done, answer) = oneshot::channel();
        if self.changes.send(Change { key, done }).await.is_err() {
            return false;
        }
        tokio::time::timeout(Duration::from_secs(10), answer).await.is_ok_and(|answer| answer == Ok(true))
    }

    async fn object(&self, request: &Message, key: String) -> Reply {
        let choice = self.dials.choose(|kind| Kind::OF_STORE.contains(&kind));
        if choice == Some(Kind::SlowDown) {
            return Reply::Whole(error("503 Slow Down", "SlowDown", request.method()));
        }
        let Some(raw) = self.upstream.ask(request).await else { return Reply::Nothing };
        let body = parse_answer(&raw).filter(|answer| answer.status() == 200).map(|answer| answer.body.len());
        match (choice, body) {
            (Some(Kind::BodySlow), _) => {
                tokio::time::sleep(Duration::from_millis(2_000 + raw.len() as u64 % 2_000)).await;
                Reply::Whole(raw.to_vec())
            }
            (Some(Kind::BodyCut), Some(length)) if length > 1 => {
                let sent = raw.len() - length / 2;
                Reply::Part(raw, sent)
            }
            (Some(Kind::Changed), Some(length)) if length > 1 && self.changed(key).await => {
                let sent = raw.len() - length / 2;
                Reply::Part(raw, sent)
            }
            (Some(kind), _) => {
                self.dials.forget(kind);
                Reply::Whole(raw.to_vec())
            }
            (None, _) => Reply::Whole(raw.to_vec()),
        }
    }
}

fn error(status: &str, code: &str, method: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>fault</Message></Error>"
    );
    let body = if method == "HEAD" { "" } else { body.as_str() };
    Message::answer(status, &[("content-type", "application/xml")], body.as_bytes()).to_bytes()
}

impl Handler for StoreProxy {
    async fn answer(&self, request: Message) -> Reply {
        if self.without_bucket.load(Ordering::Relaxed) {
            self.dials.count(Kind::NoBucket);
            return Reply::Whole(error("404 Not Found", "NoSuchBucket", request.method()));
        }
        if self.without_objects.load(Ordering::Relaxed) && self.is_object(&request) {
            return Reply::Whole(error("404 Not Found", "NoSuchKey", request.method()));
        }
        match self.key(&request) {
            Some(key) => self.object(&request, key).await,
            None => match self.upstream.ask(&request).await {
                Some(raw) => Reply::Whole(raw.to_vec()),
                None => Reply::Nothing,
            },
        }
    }
}
