//! S3 notifications: a `Records` array, as written by AWS S3 and by compatible stores, and in the wrappings that AWS
//! passes to functions (`aws:sqs`, `aws:sns`).
//!
//! AWS form-encodes keys. For other sources, unless known by name, the encoding is undocumented: both readings are
//! tried.

use serde_json::{Map, Value};

use super::key::{Encoding, key};
use super::{Part, text_at};
use crate::notice::{Missing, Notice, NoticeObject};

pub(super) const NAME: &str = "s3";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    fields.get("Records").is_some_and(Value::is_array)
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    records(fields).iter().map(part).collect()
}

/// The entries of `Records`.
pub(super) fn records(fields: &Map<String, Value>) -> &[Value] {
    fields.get("Records").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn part(record: &Value) -> Part {
    match text_at(record, &["eventSource"]).or_else(|| text_at(record, &["EventSource"])) {
        Some("aws:sqs") => Part::Inner(record.get("body").cloned().unwrap_or_default()),
        Some("aws:sns") => Part::Inner(record.pointer("/Sns/Message").cloned().unwrap_or_default()),
        Some("aws:s3") => Part::Notice(notice(record, NAME, Encoding::Form)),
        // A record without an S3 object may be of another format: it is recognised from scratch.
        _ if record.get("s3").is_none() => Part::Inner(record.clone()),
        _ => Part::Notice(notice(record, NAME, Encoding::Undocumented)),
    }
}

/// One record, in the form common to all stores of this family.
pub(super) fn notice(record: &Value, format: &'static str, encoding: Encoding) -> Notice {
    Notice {
        format,
        name: text_at(record, &["eventName"]).unwrap_or_default().to_owned(),
        object: object(record, encoding),
        happened_at: text_at(record, &["eventTime"]).map(str::to_owned),
    }
}

fn object(record: &Value, encoding: Encoding) -> Result<NoticeObject, Missing> {
    let bucket = text_at(record, &["s3", "bucket", "name"]).ok_or(Missing("s3.bucket.name"))?;
    let written = text_at(record, &["s3", "object", "key"]).ok_or(Missing("s3.object.key"))?;
    Ok(NoticeObject { bucket: bucket.to_owned(), key: key(written, encoding) })
}
