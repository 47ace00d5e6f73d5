//! Envelopes of queues and topics around somebody else's message: SNS (`Message`), SQS (`Body`, `body`), MNS
//! (`Message`, `MessageBody`, `messageBody`). What is inside is recognised from the start.

use serde_json::{Map, Value};

use super::Part;

pub(super) const NAME: &str = "envelope";

/// A field that holds the message, and the fields of which one must be beside it.
const ENVELOPES: [(&str, &[&str]); 5] = [
    ("Message", &["Type", "MessageMD5", "TopicName", "TopicArn"]),
    ("Body", &["MessageId", "ReceiptHandle", "MD5OfBody"]),
    ("body", &["messageId", "receiptHandle", "md5OfBody"]),
    ("MessageBody", &["MessageId", "MessageBodyMD5"]),
    ("messageBody", &["messageId", "messageBodyMD5", "requestId"]),
];

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    content(fields).is_some()
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    content(fields).into_iter().cloned().map(Part::Inner).collect()
}

fn content(fields: &Map<String, Value>) -> Option<&Value> {
    // SNS asks for confirmation in the same envelope, with words for people as its message.
    if fields.get("Type").and_then(Value::as_str).is_some_and(|kind| kind != "Notification") {
        return None;
    }
    let (field, _) = ENVELOPES.iter().find(|(field, beside)| {
        fields.contains_key(*field) && beside.iter().any(|other| fields.contains_key(*other))
    })?;
    fields.get(*field)
}
