//! OSS events: `{"events": […]}` as delivered by MNS and Function Compute, or one bare event as an EventBridge rule
//! with the transform `$.data` delivers it.
//!
//! Whether keys are encoded is not documented, so both readings are tried. Sources disagree on whether some fields
//! are inside `oss` or beside it; only what they agree on is read.

use serde_json::{Map, Value};

use super::key::{Encoding, key};
use super::{Part, text_at};
use crate::notice::{Missing, Notice, NoticeObject};

pub(super) const NAME: &str = "oss";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    fields.get("events").is_some_and(Value::is_array)
        || (fields.get("oss").is_some_and(Value::is_object) && fields.contains_key("eventName"))
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    match fields.get("events").and_then(Value::as_array) {
        Some(events) => events.iter().map(part).collect(),
        None => vec![part(&Value::Object(fields.clone()))],
    }
}

/// An entry of `events` with neither an event name nor an object is not OSS's: it is recognised from scratch.
fn part(event: &Value) -> Part {
    if event.get("oss").is_none() && event.get("eventName").is_none() {
        return Part::Inner(event.clone());
    }
    Part::Notice(notice(event, NAME, None))
}

/// One event. `name` is the envelope's name for it, used when the event has none.
pub(super) fn notice(event: &Value, format: &'static str, name: Option<&str>) -> Notice {
    Notice {
        format,
        name: text_at(event, &["eventName"]).or(name).unwrap_or_default().to_owned(),
        object: object(event),
        happened_at: text_at(event, &["eventTime"]).map(str::to_owned),
    }
}

fn object(event: &Value) -> Result<NoticeObject, Missing> {
    let bucket = text_at(event, &["oss", "bucket", "name"]).ok_or(Missing("oss.bucket.name"))?;
    let written = text_at(event, &["oss", "object", "key"]).ok_or(Missing("oss.object.key"))?;
    Ok(NoticeObject { bucket: bucket.to_owned(), key: key(written, Encoding::Undocumented) })
}
