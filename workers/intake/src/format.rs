//! Parses raw values of `object-events` into notices. A new format is one file and one line in [`FORMATS`].
//!
//! A format is recognised by the structure of the value alone, never by configuration, so one topic may carry
//! several. No input makes this panic, recurse deeper than [`DEPTH`] envelopes, or yield more notices than it holds.

mod aws_eventbridge;
mod cloudevents;
mod envelope;
mod key;
mod minio;
mod oss;
mod s3;
mod test_event;
mod versitygw;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::notice::{Notice, NoticeRefusal};

/// Maximum number of envelopes around a notice.
pub const DEPTH: usize = 6;

/// Padding is optional: MNS pads, some forwarders strip the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One way in which stores, or services that forward for them, write notices.
struct Format {
    /// Its name in metrics, logs and messages.
    name: &'static str,
    /// Whether a value has this format.
    is: fn(&Map<String, Value>) -> bool,
    /// Parses such a value.
    read: fn(&Map<String, Value>) -> Vec<Part>,
}

/// A part of a parsed value.
enum Part {
    Notice(Notice),
    /// An embedded value, to be recognised from scratch.
    Inner(Value),
    /// An event of this format that is of no kind we know; with a description.
    Unknown(String),
}

/// In order of recognition: more specific formats first.
const FORMATS: [Format; 8] = [
    Format { name: minio::NAME, is: minio::is, read: minio::read },
    Format { name: versitygw::NAME, is: versitygw::is, read: versitygw::read },
    Format { name: s3::NAME, is: s3::is, read: s3::read },
    Format { name: cloudevents::NAME, is: cloudevents::is, read: cloudevents::read },
    Format { name: oss::NAME, is: oss::is, read: oss::read },
    Format { name: aws_eventbridge::NAME, is: aws_eventbridge::is, read: aws_eventbridge::read },
    Format { name: test_event::NAME, is: test_event::is, read: test_event::read },
    Format { name: envelope::NAME, is: envelope::is, read: envelope::read },
];

/// The result of parsing a value. Both lists may be filled: in a batch, only the bad entries are lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeReading {
    /// The notices understood, in order.
    pub notices: Vec<Notice>,
    /// The parts not understood.
    pub refusals: Vec<NoticeRefusal>,
}

/// Parses a raw value.
#[must_use]
pub fn read(bytes: &[u8]) -> NoticeReading {
    let mut reading = NoticeReading::default();
    match json(bytes) {
        Some(value) => reading.walk(&value, 0),
        None => {
            reading.refusals.push(NoticeRefusal::NotJson { bytes: bytes.len(), beginning: beginning(bytes) });
        }
    }
    reading
}

impl NoticeReading {
    fn walk(&mut self, value: &Value, depth: usize) {
        if depth > DEPTH {
            self.refusals.push(NoticeRefusal::TooDeep { limit: DEPTH });
            return;
        }
        match value {
            Value::Array(entries) => {
                for entry in entries {
                    self.walk(entry, depth + 1);
                }
            }
            Value::String(text) => match json(text.as_bytes()) {
                Some(inner) => self.walk(&inner, depth + 1),
                None => self.refusals.push(NoticeRefusal::NotJson {
                    bytes: text.len(),
                    beginning: beginning(text.as_bytes()),
                }),
            },
            Value::Object(fields) => match FORMATS.iter().find(|format| (format.is)(fields)) {
                Some(format) => self.take((format.read)(fields), depth),
                None => self.refusals.push(unknown(&field_names(fields))),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => self.refusals.push(unknown("a bare value")),
        }
    }

    fn take(&mut self, parts: Vec<Part>, depth: usize) {
        for part in parts {
            match part {
                Part::Notice(notice) => self.notices.push(notice),
                Part::Inner(value) => self.walk(&value, depth + 1),
                Part::Unknown(found) => self.refusals.push(unknown(&found)),
            }
        }
    }
}

/// JSON, or Base64 of JSON (with or without line breaks and padding).
fn json(bytes: &[u8]) -> Option<Value> {
    // Windows tools put a byte order mark at the start.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let dense: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = BASE64.decode(dense).ok().filter(|decoded| !decoded.is_empty())?;
    serde_json::from_slice(&decoded).ok()
}

fn unknown(found: &str) -> NoticeRefusal {
    let known = FORMATS.map(|format| format.name).join(", ");
    NoticeRefusal::UnknownShape { found: found.to_owned(), known }
}

/// The names of the top-level fields, as many as fit into a cause.
fn field_names(fields: &Map<String, Value>) -> String {
    let names: Vec<String> = fields.keys().take(12).map(|name| shortened(name)).collect();
    format!("an object with the fields [{}]", names.join(", "))
}

/// The start of a value of unknown content and size.
fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned()
}

/// The start of a text from an untrusted source.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The non-empty string at a path of field names.
fn text_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    let found = path.iter().try_fold(value, |value, field| value.get(field))?;
    found.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
