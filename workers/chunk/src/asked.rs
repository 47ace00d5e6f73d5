//! What the records of a batch ask for. Pure.

use std::collections::HashMap;

use message::{DocumentId, DocumentReference, Headers};
use stream::Record;

/// What a record asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) reference: DocumentReference,
    pub(crate) headers: Headers,
}

impl Asked {
    /// Reads a record; the error says why it is refused.
    pub(crate) fn of(record: &Record) -> Result<Self, String> {
        let value = record.value.as_deref().unwrap_or_default();
        let reference: DocumentReference =
            serde_json::from_slice(value).map_err(|error| format!("not a document reference: {error}"))?;
        let headers = record.parse_headers()?;
        if headers.document != reference.document {
            return Err(format!("its header names another document: {}", headers.document));
        }
        Ok(Self { reference, headers })
    }

    /// Whether a look for this one, which comes later, does all that `earlier` asks for.
    fn covers(&self, earlier: &Self) -> bool {
        let (later, earlier) = (&self.reference, &earlier.reference);
        later.document == earlier.document
            && (later.only.is_none() || later.only == earlier.only)
            && (later.force || !earlier.force)
            && earlier.suspects.iter().all(|suspect| later.suspects.contains(suspect))
    }
}

/// For each record of a batch, whether a later one of it asks for at least as much of the same document. An object that is written
/// many times, and a notice that is sent again and again, need one look: that of the last record sees what all of them were about.
pub(crate) fn repeated(batch: &[Result<Asked, String>]) -> Vec<bool> {
    let mut later: HashMap<&DocumentId, &Asked> = HashMap::new();
    let mut repeated = vec![false; batch.len()];
    for (asked, repeated) in batch.iter().zip(&mut repeated).rev() {
        let Ok(asked) = asked else { continue };
        let document = &asked.reference.document;
        *repeated = later.get(document).is_some_and(|later| later.covers(asked));
        if !*repeated {
            later.insert(document, asked);
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use message::{ChunkId, Fingerprint, Why};

    use super::*;

    fn asked(key: &str) -> Asked {
        let document = DocumentId::new("docs", key).unwrap();
        let reference = DocumentReference {
            document: document.clone(),
            why: Why::Created,
            force: false,
            suspects: Vec::new(),
            only: None,
            source: "test".to_owned(),
            happened_at: None,
        };
        Asked { reference, headers: Headers::new(document, "trace") }
    }

    fn forced(key: &str, suspects: &[&str]) -> Asked {
        let one = asked(key);
        let suspects =
            suspects.iter().map(|text| ChunkId::derive(&one.reference.document, &[], text, 0)).collect();
        Asked { reference: DocumentReference { force: true, suspects, ..one.reference }, ..one }
    }

    fn only(key: &str, chunking: &str) -> Asked {
        let one = asked(key);
        let only = Some(Fingerprint::of(&[("chunking", chunking)]));
        Asked { reference: DocumentReference { only, ..one.reference }, ..one }
    }

    fn of(batch: Vec<Asked>) -> Vec<bool> {
        repeated(&batch.into_iter().map(Ok).collect::<Vec<_>>())
    }

    #[test]
    fn of_equal_references_the_last_is_looked_for() {
        assert_eq!(of(vec![asked("a"), asked("b"), asked("a"), asked("a")]), [true, false, true, false]);
        let unreadable = vec![Ok(asked("a")), Err("no reference".to_owned()), Ok(asked("a"))];
        assert_eq!(repeated(&unreadable), [true, false, false]);
        assert!(repeated(&[]).is_empty());
    }

    #[test]
    fn one_that_asks_for_more_than_those_after_it_is_looked_for() {
        assert_eq!(of(vec![asked("a"), forced("a", &[]), asked("a")]), [true, false, false]);
        assert_eq!(of(vec![forced("a", &["x"]), forced("a", &["y"])]), [false, false]);
        assert_eq!(of(vec![forced("a", &["x"]), forced("a", &["x", "y"])]), [true, false]);
        assert_eq!(of(vec![forced("a", &["x"]), asked("a"), forced("a", &["x"])]), [true, true, false]);
    }

    #[test]
    fn one_for_another_chunking_stands_for_no_other() {
        assert_eq!(of(vec![asked("a"), only("a", "other")]), [false, false]);
        assert_eq!(of(vec![only("a", "one"), only("a", "other")]), [false, false]);
        assert_eq!(of(vec![only("a", "one"), asked("a")]), [true, false]);
        assert_eq!(of(vec![only("a", "one"), only("a", "one")]), [true, false]);
    }
}
