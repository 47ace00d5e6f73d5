//! Envelopes that queues and topics put around a message: SNS (`Message`), SQS (`Body`, `body`), MNS (`Message`,
//! `MessageBody`, `messageBody`). The content is recognised from scratch.

use serde_json::{Map, Value};

use super::Part;

pub(super) const NAME: &str = "envelope";

/// The field that holds the message, and fields of which at least one must accompany it.
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
    // SNS uses the same envelope to ask for a subscription's confirmation, with a text for people as the message.
    if fields.get("Type").and_then(Value::as_str).is_some_and(|kind| kind != "Notification") {
        return None;
    }
    let (field, _) = ENVELOPES.iter().find(|(field, beside)| {
        fields.contains_key(*field) && beside.iter().any(|other| fields.contains_key(*other))
    })?;
    fields.get(*field)
}
