//! Recognition of formats, and hostile input.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::notice::NoticeKey;

fn record(key: &str) -> Value {
    json!({"eventSource": "minio:s3", "eventName": "s3:ObjectCreated:Put",
        "s3": {"bucket": {"name": "docs"}, "object": {"key": key}}})
}

fn keys(reading: &NoticeReading) -> Vec<String> {
    let object = |notice: &Notice| notice.object.clone().map(|object| object.key);
    reading
        .notices
        .iter()
        .filter_map(|notice| match object(notice) {
            Ok(NoticeKey::Known(key)) => Some(key),
            Ok(NoticeKey::Either { verbatim, decoded }) => Some(format!("{verbatim} or {decoded}")),
            Err(_) => None,
        })
        .collect()
}

fn read_value(value: &Value) -> NoticeReading {
    read(value.to_string().as_bytes())
}

#[test]
fn one_bad_entry_of_a_batch_loses_only_itself() {
    let reading = read_value(&json!({"Records": [record("a.md"), {"some": "thing"}, record("b.md")]}));
    assert_eq!(keys(&reading), ["a.md", "b.md"]);
    assert_eq!(reading.refusals.len(), 1);
}

#[test]
fn what_is_found_instead_is_named() {
    for (value, words) in [
        (json!({"order": 7, "customer": "x"}), "an object with the fields [customer, order]"),
        (json!(7), "a bare value"),
        (json!({"specversion": "1.0", "type": "com.example.order", "data": {}}), "com.example.order"),
    ] {
        let cause = read_value(&value).refusals[0].to_string();
        assert!(cause.contains(words) && cause.contains("versitygw"), "{cause}");
    }
    let cause = read(b"\x00\x01binary").refusals[0].to_string();
    assert!(cause.contains("8 bytes that are neither JSON nor Base64"), "{cause}");
}

#[test]
fn envelopes_are_opened_to_a_depth() {
    let mut value = json!({"Records": [record("deep.md")]});
    for _ in 0..3 {
        value = json!({"Type": "Notification", "Message": value.to_string()});
    }
    assert_eq!(keys(&read_value(&value)), ["deep.md"]);
    for _ in 0..DEPTH {
        value = json!({"Type": "Notification", "Message": value.to_string()});
    }
    assert_eq!(read_value(&value).refusals, [NoticeRefusal::TooDeep { limit: DEPTH }]);
}

#[test]
fn base64_may_be_wrapped_and_unpadded() {
    let text = json!({"events": [{"eventName": "ObjectCreated:PutObject",
        "oss": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]})
    .to_string();
    let encoded = BASE64.encode(&text);
    let wrapped = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n");
    let quoted = Value::String(encoded.clone()).to_string();
    for value in [encoded.trim_end_matches('=').to_owned(), wrapped, quoted, format!("\u{feff}{text}")] {
        assert_eq!(keys(&read(value.as_bytes())), ["k"], "{value}");
    }
}

/// JSON that resembles notices: the fields that formats look for, with arbitrary content.
fn notice_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "aws:s3",
            "minio:s3",
            "aws:sqs",
            "aws:sns",
            "aws.s3",
            "s3:TestEvent",
            "Notification"
        ])
        .prop_map(Value::from),
        Just(Value::from("eyJSZWNvcmRzIjpbXX0=")),
    ];
    let field = prop::sample::select(vec![
        "Records",
        "events",
        "oss",
        "eventName",
        "specversion",
        "type",
        "data",
        "detail",
        "source",
        "Event",
        "Message",
        "Type",
        "body",
        "messageId",
        "messageBody",
        "s3",
        "bucket",
        "object",
        "name",
        "key",
        "eventSource",
        "userIdentity",
        "PrincipalId",
        "Sns",
        "detail-type",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((field.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let reading = read(&bytes);
        prop_assert!(reading.notices.is_empty() || !bytes.is_empty());
    }

    #[test]
    fn arbitrary_notices_never_panic(value in notice_like()) {
        let buckets = "aws:s3,minio:s3,aws.s3,Notification".parse().unwrap();
        let wanted = crate::WantedObjects { buckets, scope: crate::Scope::default() };
        let answer = crate::answer(value.to_string().as_bytes(), &wanted);
        for reference in answer.references {
            prop_assert!(!reference.document.key().is_empty());
        }
    }

    #[test]
    fn a_cut_notice_is_refused(cut in 1_usize..200) {
        let whole = json!({"Records": [record("a.md")]}).to_string();
        let part = whole.get(..cut.min(whole.len() - 1)).unwrap_or_default();
        prop_assert_eq!(read(part.as_bytes()).refusals.len(), 1);
    }

    /// Decoding inverts MinIO's encoding for every key.
    #[test]
    fn any_key_comes_back(key in "\\PC{1,60}") {
        let encoded = percent_encoding::utf8_percent_encode(&key, percent_encoding::NON_ALPHANUMERIC);
        let encoded = encoded.to_string().replace("%20", "+");
        let reading = read_value(&json!({"Records": [record(&encoded)]}));
        prop_assert_eq!(keys(&reading), [key]);
    }
}
