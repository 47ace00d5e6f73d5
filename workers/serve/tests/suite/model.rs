//! A server with OpenAI's chat interface, and its faults.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "edge: serves on a free port of this machine"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};
use serve::llm::{LlmSettings, Models};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Responds with status, headers and body.
    Whole(u16, &'static str, String),
    /// Streams these pieces, then closes the connection.
    Stream(Vec<Vec<u8>>),
    /// Streams these pieces, then hangs.
    Hang(Vec<Vec<u8>>),
}

/// A server that performs the acts in order, the last one repeatedly.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Provider {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (hearing, mut acts) = (Arc::clone(&heard), VecDeque::from(acts));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let act = if acts.len() > 1 { acts.pop_front() } else { acts.front().cloned() };
                tokio::spawn(one(stream, act.unwrap(), Arc::clone(&hearing)));
            }
        });
        Self { url, heard }
    }

    /// The requests received: heads and bodies.
    pub(crate) fn heard(&self) -> Vec<(String, Value)> {
        self.heard.lock().unwrap().clone()
    }

    /// Models whose provider `openai` is this server.
    pub(crate) fn models(&self) -> Models {
        #[derive(Parser)]
        struct Flags {
            #[command(flatten)]
            llm: LlmSettings,
        }
        let flags = Flags::parse_from([
            "test",
            "--openai-url",
            &self.url,
            "--openai-api-key",
            KEY,
            "--openai-model",
            "tester",
            "--llm-timeout",
            "1",
        ]);
        assert!(!format!("{:?}", flags.llm).contains(KEY), "a key is never shown");
        Models::open(&flags.llm).unwrap()
    }
}

pub(crate) const KEY: &str = "sk-very-secret";

/// An answer made of these pieces.
pub(crate) fn says(pieces: &[&str]) -> Act {
    let chunk = |delta: Value, reason: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        format!("data: {}\n\n", json!({"choices": [choice], "object": "chat.completion.chunk"})).into_bytes()
    };
    let mut bytes: Vec<Vec<u8>> = pieces.iter().map(|piece| chunk(json!({"content": piece}), None)).collect();
    bytes.push(chunk(json!({"content": ""}), Some("stop")));
    let usage = json!({"prompt_tokens": 22, "completion_tokens": 17, "total_tokens": 39});
    bytes.push(format!("data: {}\n\n", json!({"choices": [], "usage": usage})).into_bytes());
    bytes.push(b"data: [DONE]\n\n".to_vec());
    Act::Stream(bytes)
}

async fn one(mut stream: TcpStream, act: Act, asked: Arc<Mutex<Vec<(String, Value)>>>) {
    let (head, body) = request(&mut stream).await;
    asked.lock().unwrap().push((head, serde_json::from_slice(&body).unwrap_or_default()));
    match act {
        Act::Whole(status, headers, body) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
        }
        Act::Stream(pieces) => events(&mut stream, pieces).await,
        Act::Hang(pieces) => {
            events(&mut stream, pieces).await;
            tokio::time::sleep(Duration::from_mins(10)).await;
        }
    }
}

async fn events(stream: &mut TcpStream, pieces: Vec<Vec<u8>>) {
    if pieces.is_empty() {
        return;
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in pieces {
        // The reader has heard enough and is gone.
        if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        let wanted = end + 4 + length.unwrap_or_default();
        if bytes.len() >= wanted || count == 0 {
            return (head, bytes[end + 4..].to_vec());
        }
    }
}
