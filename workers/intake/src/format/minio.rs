//! MinIO's own notifications: S3 `Records` of the source `minio:s3`, with the key form-encoded (slashes, too). A create of
//! zero bytes has no `size`, a removal neither `size` nor `eTag`; nothing here needs them.

use serde_json::{Map, Value};

use super::key::Encoding;
use super::{Part, s3, text_at};

pub(super) const NAME: &str = "minio";

pub(super) fn is(fields: &Map<String, Value>) -> bool {
    let records = s3::records(fields);
    !records.is_empty() && records.iter().all(|record| text_at(record, &["eventSource"]) == Some("minio:s3"))
}

pub(super) fn read(fields: &Map<String, Value>) -> Vec<Part> {
    s3::records(fields).iter().map(|record| Part::Notice(s3::notice(record, NAME, Encoding::Form))).collect()
}
