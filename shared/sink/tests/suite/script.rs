#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "edge: a server of the test's own")]
//! A scripted HTTP server that can cut responses, and records its requests.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path with query.
    pub(crate) line: String,
    /// The headers.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
    /// Its size.
    pub(crate) bytes: usize,
    /// The `_id`s in a bulk request, in order.
    pub(crate) ids: Vec<String>,
}

/// A scripted response.
pub(crate) enum Step {
    /// Status, further header lines (each ended by CR LF), body.
    ItemAnswer(u16, &'static str, String),
    /// Half of a response, then the connection is closed.
    Cut,
    /// No response at all.
    Hang,
}

/// The server; it ends together with the test's runtime.
pub(crate) struct Script {
    /// Its address.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    /// Starts a server that responds to request number `n` (from 0) as `answer` says.
    pub(crate) async fn start(answer: impl Fn(usize, &Asked) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&all), Arc::clone(&answer)));
            }
        });
        Self { url, asked }
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The ids in the bulk requests so far, joined for each request.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.ids.join("")).collect()
    }
}

async fn serve<F>(mut socket: TcpStream, all: Arc<Mutex<Vec<Asked>>>, answer: Arc<F>)
where
    F: Fn(usize, &Asked) -> Step + Send + Sync + 'static,
{
    let Some(asked) = read(&mut socket).await else { return };
    let number = {
        let mut all = all.lock().unwrap();
        all.push(asked.clone());
        all.len() - 1
    };
    let text = match answer(number, &asked) {
        Step::Hang => return std::future::pending().await,
        Step::Cut => "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"errors\":false,\"items\":[".to_owned(),
        Step::ItemAnswer(status, headers, body) => format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
            body.len()
        ),
    };
    let _sent = socket.write_all(text.as_bytes()).await;
}

async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut data = Vec::new();
    let (head, length) = loop {
        if socket.read_buf(&mut data).await.ok()? == 0 {
            return None;
        }
        let Some(end) = data.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&data[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        break (head, end + 4 + length.unwrap_or(0));
    };
    while data.len() < length {
        if socket.read_buf(&mut data).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&data[length.min(data.len()) - body_length(&head)..]).into_owned();
    let ids = body.lines().filter_map(id).collect();
    Some(Asked { line: head.lines().next()?.to_owned(), bytes: body.len(), head, ids, body })
}

fn body_length(head: &str) -> usize {
    head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0)
}

fn id(line: &str) -> Option<String> {
    let header: Value = serde_json::from_str(line).ok()?;
    let action = header.get("index").or_else(|| header.get("delete"))?;
    Some(action.get("_id")?.as_str()?.to_owned())
}

/// A bulk response in which each item has the status given by `status`.
pub(crate) fn items(asked: &Asked, status: impl Fn(&str) -> u16) -> Step {
    let one = |id: &String| {
        let status = status(id);
        let mut item = json!({"_id": id, "status": status});
        if status >= 400 {
            item["error"] = json!({"type": "some_exception", "reason": "because"});
        }
        json!({"index": item})
    };
    let items: Vec<Value> = asked.ids.iter().map(one).collect();
    Step::ItemAnswer(200, "", json!({"took": 1, "errors": true, "items": items}).to_string())
}

/// An error response for the whole request.
pub(crate) fn whole(status: u16, headers: &'static str) -> Step {
    let body = json!({"error": {"type": "some_exception", "reason": "because"}, "status": status});
    Step::ItemAnswer(status, headers, body.to_string())
}
