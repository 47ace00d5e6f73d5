//! HTTP/1.1 byte by byte, one request per connection.
//!
//! No library: a proxy that cuts responses in the middle must control the bytes, and a signed request must reach the
//! store with the `Host` header that was signed.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Maximum size of a head, in bytes.
const MOST_HEAD: usize = 64 << 10;
/// Maximum size of a body, in bytes.
const MOST_BODY: usize = 128 << 20;

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line, without its line break.
    pub start: String,
    /// Names and values as received.
    pub headers: Vec<(String, String)>,
    /// The body, with chunked transfer encoding removed.
    pub body: Bytes,
}

impl Message {
    /// Builds a response.
    #[must_use]
    pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self {
            start: format!("HTTP/1.1 {status}"),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Bytes::copy_from_slice(body),
        }
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The request target: path and query, as sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The status code of a response; 0 when there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.path().parse().unwrap_or_default()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The bytes on the wire: all headers except those about the body's length and the connection, which are set
    /// anew.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let own = ["content-length", "transfer-encoding", "connection"];
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            if !own.contains(&name.to_ascii_lowercase().as_str()) {
                text.extend([name, ": ", value, "\r\n"]);
            }
        }
        text.extend(["content-length: ", &self.body.len().to_string(), "\r\nconnection: close\r\n\r\n"]);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Parses a head (up to the empty line); none when it is malformed.
fn parse_head(head: &[u8]) -> Option<Message> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let start = lines.next()?.to_owned();
    let mut headers = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(Message { start, headers, body: Bytes::new() })
}

/// The position of the body.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
}

/// Decodes a chunked body; none when it is malformed.
fn joined(mut rest: &[u8]) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let begin = line + 2;
        if size == 0 {
            return Some(whole.freeze());
        }
        whole.extend_from_slice(rest.get(begin..begin + size)?);
        rest = rest.get(begin + size + 2..)?;
    }
}

/// Parses a response from everything received until the connection closed; none when it is incomplete.
#[must_use]
pub fn parse_answer(raw: &[u8]) -> Option<Message> {
    let begin = end_of_head(raw)?;
    let mut message = parse_head(&raw[..begin])?;
    let rest = &raw[begin..];
    let chunked = message.header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
    message.body = if chunked { joined(rest)? } else { Bytes::copy_from_slice(rest) };
    Some(message)
}

/// The same response with `Connection: close`. Not every server that closes the connection says so, and the client
/// would send its next request into a closed connection. None when the bytes are not a response.
#[must_use]
pub fn closing(raw: &[u8]) -> Option<Bytes> {
    let begin = raw.windows(2).position(|window| window == b"\r\n")? + 2;
    let mut bytes = BytesMut::from(raw.get(..begin)?);
    bytes.extend_from_slice(b"connection: close\r\n");
    bytes.extend_from_slice(raw.get(begin..)?);
    Some(bytes.freeze())
}

fn broken(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned())
}

/// Reads one request; none when the client closed the connection before sending one.
///
/// # Errors
/// When the request is malformed, too large, or cut off.
pub async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<Option<Message>> {
    let mut buffer = BytesMut::with_capacity(8 << 10);
    let begin = loop {
        if let Some(begin) = end_of_head(&buffer) {
            break begin;
        }
        if buffer.len() > MOST_HEAD {
            return Err(broken("a head of this size"));
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(broken("a head that was broken off")) };
        }
    };
    let mut message = parse_head(&buffer.split_to(begin)).ok_or_else(|| broken("no head of HTTP"))?;
    let length = message.header("content-length").map_or(Ok(0), str::parse::<usize>);
    let length = length.ok().filter(|length| *length <= MOST_BODY);
    let length = length.ok_or_else(|| broken("a body of this length"))?;
    if message.header("transfer-encoding").is_some() {
        return Err(broken("a request in chunks"));
    }
    while buffer.len() < length {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(broken("a body that was broken off"));
        }
    }
    message.body = buffer.split_to(length).freeze();
    Ok(Some(message))
}

/// Sends a request and reads until the other side closes the connection.
///
/// # Errors
/// When the connection breaks.
pub async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &Message,
) -> std::io::Result<Bytes> {
    stream.write_all(&request.to_bytes()).await?;
    stream.flush().await?;
    let mut raw = BytesMut::new();
    while stream.read_buf(&mut raw).await? > 0 {
        if raw.len() > MOST_BODY {
            return Err(broken("an answer of this size"));
        }
    }
    Ok(raw.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_keeps_its_headers_and_its_host() {
        let raw = "GET /documents/a%20b?x-id=GetObject HTTP/1.1\r\nHost: 127.0.0.1:7\r\nX-Amz-Date: d\r\nConnection: keep-alive\r\n\r\n";
        let request = read_request(&mut raw.as_bytes()).await.unwrap().unwrap();
        assert_eq!((request.method(), request.path()), ("GET", "/documents/a%20b?x-id=GetObject"));
        let sent = String::from_utf8(request.to_bytes()).unwrap();
        assert!(sent.contains("Host: 127.0.0.1:7\r\n") && sent.contains("X-Amz-Date: d\r\n"), "{sent}");
        assert!(sent.contains("connection: close") && !sent.contains("keep-alive"));
    }

    #[tokio::test]
    async fn a_body_is_read_whole_or_not_at_all() {
        let whole = b"POST /_bulk HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(read_request(&mut whole.as_slice()).await.unwrap().unwrap().body, "hello");
        assert!(read_request(&mut &whole[..whole.len() - 1]).await.is_err());
        assert!(read_request(&mut b"".as_slice()).await.unwrap().is_none());
        assert!(read_request(&mut b"GET".as_slice()).await.is_err());
    }

    #[test]
    fn an_answer_in_chunks_is_joined() {
        let raw =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\n\r\n";
        let answer = parse_answer(raw).unwrap();
        assert_eq!((answer.status(), answer.body.as_ref()), (200, b"hello world".as_slice()));
        assert_eq!(parse_answer(&raw[..raw.len() - 9]), None);
        let told = parse_answer(&closing(raw).unwrap()).unwrap();
        assert_eq!((told.header("connection"), &told.body), (Some("close"), &answer.body));
        assert_eq!(closing(b"nothing"), None);
        let again = Message::answer("429 Too Many", &[("Retry-After", "1")], b"{}").to_bytes();
        let again = parse_answer(&again).unwrap();
        assert_eq!((again.status(), again.header("retry-after")), (429, Some("1")));
    }
}
