//! S3 events delivered by AWS EventBridge. Keys are not encoded; the event's name is the `detail-type`.

use serde_json::{Map, Value};

use super::key::{Encoding, key};
use super::{Part, text_at};
use crate::notice::{Missing, Notice, NoticeObject};

pub(super) const NAME: &str = "aws_eventbridge";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    fields.get("detail").is_some_and(Value::is_object)
        && fields.get("source").and_then(Value::as_str) == Some("aws.s3")
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    vec![Part::Notice(Notice {
        format: NAME,
        name: text("detail-type").unwrap_or_default().to_owned(),
        object: object(fields.get("detail").unwrap_or(&Value::Null)),
        happened_at: text("time").map(str::to_owned),
    })]
}

fn object(detail: &Value) -> Result<NoticeObject, Missing> {
    let bucket = text_at(detail, &["bucket", "name"]).ok_or(Missing("detail.bucket.name"))?;
    let written = text_at(detail, &["object", "key"]).ok_or(Missing("detail.object.key"))?;
    Ok(NoticeObject { bucket: bucket.to_owned(), key: key(written, Encoding::Raw) })
}
