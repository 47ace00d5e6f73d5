//! versitygw's notifications: S3 `Records` that claim the source `aws:s3` but do not encode the key.
//!
//! They differ from AWS's by `userIdentity.PrincipalId` with a capital P, which AWS never writes (seen in 1.8.0 and
//! in the gateway's source). Decoding their keys as AWS's would turn `a+b` into `a b`, another document.

use serde_json::{Map, Value};

use super::key::Encoding;
use super::{Part, s3, text_at};

pub(super) const NAME: &str = "versitygw";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    let records = s3::records(fields);
    !records.is_empty() && records.iter().all(is_versitygw)
}

fn is_versitygw(record: &Value) -> bool {
    let capital =
        |identity: Option<&Value>| identity.is_some_and(|identity| identity.get("PrincipalId").is_some());
    text_at(record, &["eventSource"]) == Some("aws:s3") && capital(record.get("userIdentity"))
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    s3::records(fields).iter().map(|record| Part::Notice(s3::notice(record, NAME, Encoding::Raw))).collect()
}
