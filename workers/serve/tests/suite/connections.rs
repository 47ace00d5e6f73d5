//! Clients that do not get on: no connection waits for them for ever, and uploads take only so much memory at once.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: speaks over bare connections to a port of this machine"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use objects::{MemoryStore, Store as _};
use serve::http::connection::ConnectionDeadlines;
use serve::http::{ServedBucket, serve_at};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::bench::{search, server};

/// What no response holds: reads to the end of the connection.
pub(crate) const NEVER: &str = "\0";
/// Longer than anything here may take, and shorter than the usual deadlines.
const SOON: Duration = Duration::from_secs(10);
/// A deadline that a test waits for.
const SHORT: Duration = Duration::from_millis(300);
/// A deadline that no test waits for.
const LONG: Duration = Duration::from_mins(10);
const PATIENT: ConnectionDeadlines = ConnectionDeadlines { header: LONG, body: LONG, drain: LONG };

/// A server with a bucket, which can be stopped.
struct Bare {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Bare {
    async fn start(deadlines: ConnectionDeadlines) -> Self {
        let store = MemoryStore::default();
        store.ensure_bucket("docs", None).await.unwrap();
        let mut server = server(search().await);
        server.bucket = Some(ServedBucket { name: "docs".to_owned(), store });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopping = async move {
            let _asked = stopped.await.is_ok();
        };
        let ended = tokio::spawn(serve_at(listener, Arc::new(server), deadlines, stopping));
        Self { address, stop, ended }
    }

    /// A connection on which this was said.
    async fn told(&self, what: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(what.as_bytes()).await.unwrap();
        stream
    }

    /// An upload that is admitted, and whose file is still to come.
    async fn uploading(&self, key: &str, headers: &str) -> TcpStream {
        let mut stream = self.told(&put(key, &format!("expect: 100-continue\r\n{headers}"))).await;
        let said = read_until(&mut stream, "\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 100 "), "{said}");
        stream
    }
}

/// The header of an upload.
fn put(key: &str, headers: &str) -> String {
    format!("PUT /v1/documents?key={key} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
}

/// What is said until this part of it, or until the connection ends.
pub(crate) async fn read_until(stream: &mut TcpStream, part: &str) -> String {
    let mut said = Vec::new();
    let reading = async {
        let mut piece = [0; 1024];
        while !String::from_utf8_lossy(&said).contains(part) {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(count) => said.extend_from_slice(&piece[..count]),
            }
        }
    };
    timeout(SOON, reading).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_header_that_does_not_come_whole_ends_its_connection() {
    let server = Bare::start(ConnectionDeadlines { header: SHORT, ..PATIENT }).await;
    let halves =
        ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n", "PRI * HTTP/2.0\r\n"];
    for half in halves {
        let said = read_until(&mut server.told(half).await, NEVER).await;
        assert!(!said.contains("HTTP/1.1 200"), "{half:?}: {said}");
    }
    let mut stream = server.told("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let said = read_until(&mut stream, NEVER).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("alive\n"), "{said}");
}

#[tokio::test]
async fn a_body_that_does_not_get_on_is_a_408() {
    let server = Bare::start(ConnectionDeadlines { body: SHORT, ..PATIENT }).await;
    let search = "POST /v1/search HTTP/1.1\r\nhost: localhost\r\n";
    let search = format!("{search}content-type: application/json\r\ncontent-length: 50\r\n\r\n");
    let upload = put("a.md", "content-length: 900\r\n");
    for half in [format!("{search}{{"), search, format!("{upload}abc")] {
        let said = read_until(&mut server.told(&half).await, NEVER).await;
        assert!(said.starts_with("HTTP/1.1 408"), "{half:?}: {said}");
        assert!(said.contains("did not arrive in time"), "{half:?}: {said}");
    }
    // Each drop comes in time, and all of them would take minutes.
    let mut stream = server.told(&upload).await;
    let (mut piece, mut said) = ([0; 1024], String::new());
    for _ in 0..200 {
        let _sent = stream.write_all(b"x").await.is_ok();
        if let Ok(read) = timeout(SHORT / 6, stream.read(&mut piece)).await {
            said = String::from_utf8_lossy(&piece[..read.unwrap()]).into_owned();
            break;
        }
    }
    assert!(said.starts_with("HTTP/1.1 408"), "{said:?}");
}

#[tokio::test]
async fn a_stop_waits_for_requests_in_progress() {
    let server = Bare::start(PATIENT).await;
    let mut stream = server.uploading("a.md", "content-length: 3\r\n").await;
    server.stop.send(()).unwrap();
    sleep(SHORT).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "new connections are refused");
    stream.write_all(b"abc").await.unwrap();
    let said = read_until(&mut stream, NEVER).await;
    assert!(said.starts_with("HTTP/1.1 202"), "{said}");
    timeout(SOON, server.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = Bare::start(ConnectionDeadlines { drain: SHORT, ..PATIENT }).await;
    let half = server.told("GET /healthz HT").await;
    let upload = server.uploading("a.md", "content-length: 3\r\n").await;
    server.stop.send(()).unwrap();
    timeout(SOON, server.ended).await.unwrap().unwrap();
    for mut stream in [half, upload] {
        assert_eq!(read_until(&mut stream, NEVER).await, "", "nobody is answered any more");
    }
}

/// The server takes files of 1,000 bytes, and four of them at once.
#[tokio::test]
async fn uploads_take_only_so_much_memory_at_once() {
    let server = Bare::start(PATIENT).await;
    let mut waiting = Vec::new();
    for key in ["a.md", "b.md", "c.md"] {
        waiting.push(server.uploading(key, "content-length: 1000\r\n").await);
    }
    // How long this one becomes is not said, so that it may become the largest.
    let mut endless = server.uploading("d.md", "transfer-encoding: chunked\r\n").await;
    let small = put("e.md", "content-length: 1\r\n") + "x";
    let said = read_until(&mut server.told(&small).await, "}}").await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 5\r\n"), "{said}");
    // What is too large is told so, room or not.
    let large = put("e.md", "content-length: 1001\r\n");
    let said = read_until(&mut server.told(&large).await, "}}").await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");

    endless.write_all(format!("3e9\r\n{}\r\n", "x".repeat(1_001)).as_bytes()).await.unwrap();
    let said = read_until(&mut endless, "}}").await;
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("MILLRACE_SERVE_LARGEST_UPLOAD"), "{said}");
    let said = read_until(&mut server.told(&small).await, "\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 202"), "there is room again: {said}");

    for mut stream in waiting {
        stream.write_all("x".repeat(1_000).as_bytes()).await.unwrap();
        let said = read_until(&mut stream, "\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 202"), "{said}");
    }
}
