//! Reads what training data is made of. Stage: awaits a broker and a store.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use message::{DocumentId, Passage, QueryRecord};
use objects::{Look, OWN_PREFIX, Store};
use process::Failure;
use stream::{Broker, Record};
use training::{AskedQuestion, CorpusSample, GoldenSet, SampledCorpus};

use super::asked::AskedSoFar;
use crate::log;

/// Bytes that a golden set may have; one of 2,000 questions has less than 1 MB.
const LARGEST_GOLDEN: u64 = 64 << 20;

/// The live documents of `topic` with their passages, as many as the sample takes.
///
/// # Errors
/// When Kafka does not answer, or a record cannot be read.
pub(super) async fn corpus<K: Broker>(
    kafka: &K,
    topic: &str,
    mut sample: CorpusSample,
) -> Result<SampledCorpus, Failure> {
    let mut records = log::all(kafka, topic).await?;
    while let Some(record) = records.try_next().await? {
        let headers = record.parse_headers().map_err(|cause| unreadable(&record, &cause))?;
        // Most of a corpus that is larger than the sample is never parsed.
        if sample.wants(&headers.document) {
            let value = record.value.as_deref().map(serde_json::from_slice::<Passage>).transpose();
            let value = value.map_err(|error| unreadable(&record, &error.to_string()))?;
            sample.take(&headers.document, &record.key_text(), value);
        }
    }
    Ok(sample.finish())
}

fn unreadable(record: &Record, cause: &str) -> String {
    let (topic, partition, offset) = (&record.topic, record.partition, record.offset);
    format!(
        "the record at offset {offset} of {topic}, partition {partition}, cannot be read ({cause}): a newer release may have written \
         it; use that one"
    )
}

/// What people asked and got an answer to. A record that a later release wrote otherwise is left out, as is everything where
/// the topic is missing: it is a sample that may be empty.
///
/// # Errors
/// When Kafka does not answer.
pub(super) async fn asked<K: Broker>(kafka: &K) -> Result<Vec<AskedQuestion>, Failure> {
    let mut all = AskedSoFar::default();
    if kafka.existing(topics::QUERIES).await?.is_some() {
        let mut records = log::all(kafka, topics::QUERIES).await?;
        while let Some(record) = records.try_next().await? {
            let read = record.value.as_deref().map(serde_json::from_slice::<QueryRecord>);
            if let Some(Ok(record)) = read {
                all.take(record);
            }
        }
    }
    Ok(all.finish())
}

/// Where the golden set of `index` is kept.
///
/// # Errors
/// When that can be no object's name.
pub(super) fn golden_place(bucket: &str, index: &str) -> Result<DocumentId, Failure> {
    Ok(DocumentId::new(bucket, &GoldenSet::key(OWN_PREFIX, index))?)
}

/// The golden set that is frozen, if one is.
///
/// # Errors
/// When the store does not answer, or holds something else there.
pub(super) async fn golden<O: Store>(store: &O, place: &DocumentId) -> Result<Option<GoldenSet>, Failure> {
    match store.look(place, None, LARGEST_GOLDEN).await? {
        Look::Found { bytes, .. } => Ok(Some(GoldenSet::read(place.as_str(), &bytes)?)),
        Look::Gone | Look::Unchanged => Ok(None),
        Look::TooLarge { size, .. } => Err(format!(
            "{place} has {size} bytes, and a golden set has at most {LARGEST_GOLDEN}: somebody put something else there; restore it"
        )
        .into()),
    }
}

/// The documents that are read however small the sample is.
pub(super) fn always(golden: Option<&GoldenSet>) -> BTreeSet<DocumentId> {
    golden.map(|set| set.documents.clone()).unwrap_or_default()
}
