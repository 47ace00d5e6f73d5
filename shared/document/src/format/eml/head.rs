//! The header of a message or of one of its entities.
//!
//! Fields are located here and interpreted by `mail-parser` (encoded words, address lists, parameters in several
//! pieces and charsets). A repeated field counts only once. Fields about a body's encoding are bounded in
//! length, because `mail-parser` joins the pieces of a parameter one by one.

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, ContentType, HeaderValue};

use crate::encoding;

/// The start of a message in bytes in which it must be recognisable; a chain of signatures may come first.
const WINDOW: usize = 64 << 10;
/// Maximum length of a field about the body's encoding.
const LONGEST_MIME_FIELD: usize = 8 << 10;
/// Typical fields; two of them make a message.
const KNOWN: [&str; 14] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "received",
    "mime-version",
    "return-path",
    "delivered-to",
    "reply-to",
    "sender",
    "in-reply-to",
    "references",
];

/// The transfer encoding of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transfer {
    #[default]
    Plain,
    Base64,
    QuotedPrintable,
}

/// The parts of a header that matter for the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The media type in lower case; empty when none is declared.
    pub(super) kind: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<String>,
    /// The file name.
    pub(super) name: Option<String>,
    /// Whether it declares itself an attachment.
    pub(super) attached: bool,
    pub(super) transfer: Transfer,
    /// Whether lines are wrapped for display and not by the author (RFC 3676).
    pub(super) flowed: bool,
    /// The kind of S/MIME.
    pub(super) smime: String,
    pub(super) subject: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) cc: Option<String>,
    pub(super) date: Option<String>,
}

/// Whether the bytes begin with a message header: only fields up to the first blank line, at least two of them
/// typical. Zero bytes are ignored, so that UTF-16 is recognised too.
pub(in crate::format) fn opens_message(bytes: &[u8]) -> bool {
    let window = bytes.get(..WINDOW).unwrap_or(bytes);
    let text: Vec<u8> = window.iter().copied().filter(|byte| byte.is_ascii() && *byte != 0).collect();
    let mut found = [false; KNOWN.len()];
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match field_name(line) {
            Some(name) => {
                let known = KNOWN.iter().position(|known| name.eq_ignore_ascii_case(known));
                if let Some(found) = known.and_then(|known| found.get_mut(known)) {
                    *found = true;
                }
            }
            None if line.is_empty() => break,
            None if number == 0 && line.starts_with(b"From ") => {}
            None if number > 0 && line.starts_with(b" ") || line.starts_with(b"\t") => {}
            None => return false,
        }
    }
    found.iter().filter(|found| **found).count() >= 2
}

/// The name of the field that a line begins.
pub(super) fn field_name(line: &[u8]) -> Option<&str> {
    let end = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(line.get(..end)?).ok()?.trim_end_matches([' ', '\t']);
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())).then_some(name)
}

/// Reads a header.
pub(super) fn parse(bytes: &[u8]) -> Head {
    // non-ASCII bytes are not allowed, but occur
    let text = encoding::decode(bytes, None).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
    let mut head = Head::default();
    for (name, value) in fields(&text) {
        head.take(&name.to_ascii_lowercase(), &value);
    }
    head
}

/// The fields with their values, including continuation lines.
fn fields(text: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.starts_with([' ', '\t']), fields.last_mut()) {
            (true, Some((_, value))) => {
                value.push('\n');
                value.push_str(line);
            }
            _ => {
                if let Some((name, (_, value))) = field_name(line.as_bytes()).zip(line.split_once(':')) {
                    fields.push((name, value.to_owned()));
                }
            }
        }
    }
    fields
}

impl Head {
    fn take(&mut self, name: &str, value: &str) {
        let fits = value.len() <= LONGEST_MIME_FIELD;
        let value = format!("{}\n", value.trim());
        let mut stream = MessageStream::new(value.as_bytes());
        match name {
            "subject" => set(&mut self.subject, text(&stream.parse_unstructured())),
            "from" => set(&mut self.from, addresses(&stream.parse_address())),
            "to" => set(&mut self.to, addresses(&stream.parse_address())),
            "cc" => set(&mut self.cc, addresses(&stream.parse_address())),
            "date" => set(&mut self.date, text(&stream.parse_unstructured())),
            "content-type" if fits && self.kind.is_empty() => {
                if let HeaderValue::ContentType(found) = stream.parse_content_type() {
                    self.take_type(&found);
                }
            }
            "content-disposition" if fits => {
                if let HeaderValue::ContentType(found) = stream.parse_content_type() {
                    self.attached = found.is_attachment();
                    // this name takes precedence over the content type's
                    self.name = file_name(found.attribute("filename")).or_else(|| self.name.take());
                }
            }
            "content-transfer-encoding" => {
                self.transfer = match value.trim().to_ascii_lowercase().as_str() {
                    "base64" => Transfer::Base64,
                    "quoted-printable" => Transfer::QuotedPrintable,
                    _ => Transfer::Plain,
                };
            }
            _ => {}
        }
    }

    fn take_type(&mut self, found: &ContentType<'_>) {
        let lower = |name| found.attribute(name).map(str::to_ascii_lowercase);
        self.kind = format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_ascii_lowercase();
        self.charset = lower("charset");
        self.boundary = found.attribute("boundary").filter(|text| !text.is_empty()).map(str::to_owned);
        self.flowed = lower("format").as_deref() == Some("flowed");
        self.smime = lower("smime-type").unwrap_or_default();
        self.name = self.name.take().or_else(|| file_name(found.attribute("name")));
    }
}

fn set(field: &mut Option<String>, value: String) {
    if field.is_none() && !value.is_empty() {
        *field = Some(value);
    }
}

fn file_name(name: Option<&str>) -> Option<String> {
    let name = name?.rsplit(['/', '\\']).next()?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

fn text(value: &HeaderValue<'_>) -> String {
    value.as_text().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn addresses(value: &HeaderValue<'_>) -> String {
    let shown = value.as_address().into_iter().flat_map(Address::iter).filter_map(|address| {
        match (address.name(), address.address()) {
            (Some(name), Some(address)) if name != address => Some(format!("{name} <{address}>")),
            (name, address) => address.or(name).map(str::to_owned),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}
