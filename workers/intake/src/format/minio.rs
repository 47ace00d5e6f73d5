//! MinIO's notifications: S3 `Records` with the source `minio:s3` and form-encoded keys (slashes included). Creating
//! an empty object gives no `size`, a removal neither `size` nor `eTag`; neither is needed here.

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
