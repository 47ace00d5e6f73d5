//! The headers of every record, and the one function that chooses its partition.

use crate::{DocumentId, Version, sha256_hex};

/// Names of the headers on the wire.
const DOCUMENT: &str = "document";
const VERSION: &str = "version";
const TRACE: &str = "trace";

/// The headers `document`, `version` and `trace`. A tombstone has nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// The document that the record belongs to; determines the partition.
    pub document: DocumentId,
    /// The document's version that the record belongs to; absent in `documents`, before versions are assigned.
    pub version: Option<Version>,
    /// 32 hex characters that follow a notice through all topics.
    pub trace: String,
}

impl Headers {
    /// Headers without a version.
    #[must_use]
    pub fn new(document: DocumentId, trace: impl Into<String>) -> Self {
        Self { document, version: None, trace: trace.into() }
    }

    /// Adds a version.
    #[must_use]
    pub fn at(self, version: Version) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The wire format.
    #[must_use]
    pub fn to_wire(&self) -> Vec<(String, Vec<u8>)> {
        let version = self.version.map(|version| (VERSION, version.to_string()));
        let all =
            [(DOCUMENT, self.document.to_string()), (TRACE, self.trace.clone())].into_iter().chain(version);
        all.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
    }

    /// Parses the wire format.
    ///
    /// # Errors
    /// The cause for a dead letter, when a header is missing or malformed.
    pub fn from_wire(wire: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let document = document_on(wire).ok_or("the record has no header 'document'")?;
        let document = DocumentId::try_from(document).map_err(|error| error.to_string())?;
        let number = |text: String| {
            text.parse::<u64>().map_err(|_| format!("the header 'version' is not a number: {text:?}"))
        };
        let version = text_on(wire, VERSION).map(number).transpose()?.map(Version::from);
        Ok(Self { document, version, trace: trace_on(wire).unwrap_or_default() })
    }
}

/// The value of the `document` header, even if it is not a valid id.
#[must_use]
pub fn document_on(wire: &[(String, Vec<u8>)]) -> Option<String> {
    text_on(wire, DOCUMENT)
}

/// The trace id in the headers.
#[must_use]
pub fn trace_on(wire: &[(String, Vec<u8>)]) -> Option<String> {
    text_on(wire, TRACE)
}

fn text_on(wire: &[(String, Vec<u8>)], name: &str) -> Option<String> {
    let (_, value) = wire.iter().find(|(key, _)| key == name)?;
    String::from_utf8(value.clone()).ok()
}

/// A trace id derived from `parts`, the same for the same parts (half a SHA-256, 32 hex characters).
#[must_use]
pub fn trace<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut trace = sha256_hex(parts);
    trace.truncate(32);
    trace
}

/// The partition of `document` among `partitions` (at least 1). Computed from the document on every topic, never from
/// the record's key, so that a document's whole history is in one partition of each topic.
#[must_use]
pub fn partition_of(document: &DocumentId, partitions: i32) -> i32 {
    let digest = sha256_hex([document.as_str().as_bytes()]);
    let head = digest.get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let count = u32::try_from(partitions).unwrap_or(1).max(1);
    i32::try_from(head % count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_survive_the_wire() {
        let document = DocumentId::new("b", "päth/a b.md").unwrap();
        let headers = Headers::new(document, "t".repeat(32));
        for headers in [headers.clone(), headers.at(Version::first(1))] {
            assert_eq!(Headers::from_wire(&headers.to_wire()), Ok(headers));
        }
        let broken = |name: &str, value: &str| vec![(name.to_owned(), value.as_bytes().to_vec())];
        assert!(Headers::from_wire(&[]).unwrap_err().contains("no header 'document'"));
        let mut wire = broken(DOCUMENT, "b/k");
        wire.extend(broken(VERSION, "one"));
        assert!(Headers::from_wire(&wire).unwrap_err().contains("not a number"));
    }

    #[test]
    fn partitions_are_spread_and_stable() {
        let mut seen = [0_u32; 12];
        for n in 0..1200 {
            let document = DocumentId::new("b", &format!("k{n}")).unwrap();
            let partition = partition_of(&document, 12);
            assert_eq!(partition, partition_of(&document, 12));
            seen[usize::try_from(partition).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
        // Must never change: another result would split a document's history over two partitions.
        assert_eq!(partition_of(&DocumentId::new("documents", "a.md").unwrap(), 12), 8);
    }
}
