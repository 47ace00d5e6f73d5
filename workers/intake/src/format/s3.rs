//! S3 notifications: an array `Records`, by AWS S3 itself and by stores that write as it does. Also the wrappings by
//! which AWS hands them to a function (`aws:sqs`, `aws:sns`).
//!
//! AWS form-encodes keys. A source that is not AWS and not known by name is not documented: both readings.

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
        // A record of `Records` that holds no object of S3 may be another format's: let it be recognised.
        _ if record.get("s3").is_none() => Part::Inner(record.clone()),
        _ => Part::Notice(notice(record, NAME, Encoding::Undocumented)),
    }
}

/// One record, as all stores of this family write it.
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
