#![expect(clippy::disallowed_types, reason = "edge: listens and connects")]
//! Proxies that make servers fail: one request per connection, answered as the handler decides.

mod engine;
mod store;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use engine::EngineProxy;
pub use store::{Change, StoreProxy};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::{self, Message};

/// How long a server may take to answer; longer than any client waits.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the client receives.
#[derive(Debug)]
pub enum Reply {
    /// The whole response.
    Whole(Vec<u8>),
    /// The first so many bytes, and then the end of the connection.
    Part(Bytes, usize),
    /// The end of the connection, without a byte.
    Nothing,
}

/// Decides what happens to a request.
pub trait Handler: Send + Sync + 'static {
    /// The reply to one request.
    fn answer(&self, request: Message) -> impl Future<Output = Reply> + Send;
}

/// The server behind a proxy.
#[derive(Clone, Debug)]
pub struct Upstream(String);

impl Upstream {
    /// The server at `url` (`http://host:port`).
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.trim_start_matches("http://").trim_end_matches('/').to_owned())
    }

    /// The server's response, byte for byte; none when the server did not give one.
    pub async fn ask(&self, request: &Message) -> Option<Bytes> {
        let asking = async {
            let mut stream = TcpStream::connect(&self.0).await?;
            http::exchange(&mut stream, request).await
        };
        let raw = tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?;
        http::closing(&raw)
    }

    /// The server's answer to `GET path`; none when it gave none, or only a part of one.
    pub async fn get(&self, path: &str) -> Option<Message> {
        let request = Message {
            start: format!("GET {path} HTTP/1.1"),
            headers: vec![("host".to_owned(), self.0.clone())],
            body: Bytes::new(),
        };
        let answer = http::parse_answer(&self.ask(&request).await?)?;
        let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
        length.is_none_or(|length| length == answer.body.len()).then_some(answer)
    }
}

/// Listens on a local port until the task is dropped. While `refusing` is true, nobody can connect.
///
/// # Errors
/// When the port cannot be bound.
pub async fn serve<H: Handler>(
    port: u16,
    handler: Arc<H>,
    mut refusing: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        if refusing.wait_for(|refusing| !refusing).await.is_err() {
            return Ok(());
        }
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(stream, Arc::clone(&handler)));
                    }
                }
                Some(_) = connections.join_next() => {}
                changed = refusing.changed() => {
                    if changed.is_err() { return Ok(()) }
                    if *refusing.borrow() { break }
                }
            }
        }
    }
}

/// Serves one request. Errors of a client that goes away are ignored.
async fn connection<H: Handler>(mut stream: TcpStream, handler: Arc<H>) {
    let Ok(Some(request)) = http::read_request(&mut stream).await else { return };
    let bytes = match handler.answer(request).await {
        Reply::Whole(bytes) => Bytes::from(bytes),
        Reply::Part(bytes, length) => bytes.slice(..length.min(bytes.len())),
        Reply::Nothing => return,
    };
    if stream.write_all(&bytes).await.is_ok() {
        drop(stream.shutdown().await);
    }
}
