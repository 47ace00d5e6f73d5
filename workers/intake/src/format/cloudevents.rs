//! CloudEvents 1.0 in structured mode, as Alibaba Cloud's EventBridge delivers them; `data` is an OSS event or an MNS
//! message. The envelope's times are written inconsistently, and a batch may share one `id`: neither is used.

use serde_json::{Map, Value};

use super::{Part, oss, shortened};
use crate::name::{IgnoreReason, ObjectChange, change};
use crate::notice::{Missing, Notice};

pub(super) const NAME: &str = "cloudevents";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    fields.contains_key("specversion") && fields.contains_key("type")
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some(data) = fields.get("data").or_else(|| fields.get("data_base64")) else {
        return vec![without_object(kind)];
    };
    if data.get("oss").is_some() {
        return vec![Part::Notice(oss::notice(data, NAME, Some(kind)))];
    }
    if let Some(body) = data.get("messageBody") {
        return vec![Part::Inner(body.clone())];
    }
    let nested = ["events", "Records", "specversion", "detail", "Message"];
    if data.is_string() || nested.iter().any(|field| data.get(field).is_some()) {
        return vec![Part::Inner(data.clone())];
    }
    vec![without_object(kind)]
}

/// An event without an object (of a bucket, a trail, another service). The name decides: if it is a change of an
/// object, the missing object is a refusal. A type that is neither OSS's nor on our list is not a notice.
fn without_object(kind: &str) -> Part {
    if !kind.starts_with("oss:") && change(kind) == ObjectChange::Ignored(IgnoreReason::UnknownName) {
        return Part::Unknown(format!("a CloudEvent of type {:?}", shortened(kind)));
    }
    let (name, object) = (kind.to_owned(), Err(Missing("data.oss")));
    Part::Notice(Notice { format: NAME, name, object, happened_at: None })
}
