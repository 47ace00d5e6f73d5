//! The test message that S3 and compatible stores send when a notification is set up; it names no object.

use serde_json::{Map, Value};

use super::Part;
use crate::notice::{Missing, Notice};

pub(super) const NAME: &str = "test_event";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    event(fields) == Some("s3:TestEvent")
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    let name = event(fields).unwrap_or_default().to_owned();
    let happened_at = fields.get("Time").and_then(Value::as_str).map(str::to_owned);
    vec![Part::Notice(Notice { format: NAME, name, object: Err(Missing("an object")), happened_at })]
}

fn event(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("Event").and_then(Value::as_str)
}
