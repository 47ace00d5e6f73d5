//! Dead letters: selects them, shows what was refused, and replays it. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use message::{ChunkId, DeadLetter, DocumentId};
use serde::Serialize;
use stream::{Outgoing, Record};

use crate::again::LookRequest;

/// A dead letter and its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredLetter {
    /// Its offset in `dead-letters`.
    pub offset: i64,
    /// When it was written: milliseconds since 1970, by the writer's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// The letter; its own `topic`, `partition` and `offset` are those of the refused record.
    pub letter: DeadLetter,
}

impl StoredLetter {
    /// Parses a record of `dead-letters`.
    ///
    /// # Errors
    /// A message, when it is not a dead letter.
    pub fn read(record: &Record) -> Result<Self, String> {
        let value = record.value.as_deref().unwrap_or_default();
        let letter = serde_json::from_slice(value)
            .map_err(|error| format!("offset {} is no dead letter: {error}", record.offset))?;
        Ok(Self { offset: record.offset, timestamp: record.timestamp, letter })
    }

    /// The document's name, or without one the key of the refused record; for people.
    #[must_use]
    pub fn name(&self) -> String {
        let key =
            || String::from_utf8_lossy(&bytes(self.letter.key.as_deref()).unwrap_or_default()).into_owned();
        self.letter.document.clone().unwrap_or_else(key)
    }

    /// The refused value; none when there was none (a tombstone), or when the letter's base64 is invalid.
    #[must_use]
    pub fn value(&self) -> Option<Vec<u8>> {
        bytes(self.letter.value.as_deref())
    }

    /// How it is replayed.
    #[must_use]
    pub fn replay(&self) -> Replay {
        let letter = &self.letter;
        if let Some(text) = &letter.document {
            return match DocumentId::try_from(text.clone()) {
                Ok(document) => Replay::LookAgain(LookRequest::forced(document, self.suspects(text))),
                Err(error) => Replay::Cannot(error.to_string()),
            };
        }
        if letter.topic != topics::OBJECT_EVENTS {
            return Replay::Cannot(format!(
                "it names no document, and is no raw notice (it was read from {}): mend what wrote it, or look at it with \
                 `millrace dead-letters show {}`",
                letter.topic, self.offset
            ));
        }
        match self.value() {
            Some(value) => Replay::SendAgain(Outgoing {
                topic: topics::OBJECT_EVENTS.to_owned(),
                key: bytes(letter.key.as_deref()),
                value: Some(value),
                headers: None,
            }),
            None => Replay::Cannot("the notice had no value".to_owned()),
        }
    }

    /// The passage that a refused deletion left behind.
    fn suspects(&self, document: &str) -> Vec<ChunkId> {
        let key = bytes(self.letter.key.as_deref()).and_then(|key| String::from_utf8(key).ok());
        let gone = key.filter(|key| self.letter.value.is_none() && key != document);
        gone.map(|key| ChunkId::from_text(&key)).into_iter().collect()
    }
}

fn bytes(text: Option<&str>) -> Option<Vec<u8>> {
    STANDARD.decode(text?).ok()
}

/// How a dead letter is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It names a document: `chunk` is asked for a forced look.
    LookAgain(LookRequest),
    /// It is a raw notice: it is sent again unchanged.
    SendAgain(Outgoing),
    /// It cannot be replayed, for this reason.
    Cannot(String),
}

/// Selects the letters that meet all given conditions.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The worker that refused.
    pub stage: Option<String>,
    /// Prefix of the document's name, with or without its bucket.
    pub document: Option<String>,
    /// Text within the cause; case is ignored.
    pub cause: Option<String>,
    /// Prefix of the name of the topic that was read.
    pub topic: Option<String>,
    /// Earliest time, in milliseconds since 1970. A letter without a time meets this.
    pub since: Option<i64>,
}

impl Filter {
    /// Whether this letter is selected.
    #[must_use]
    pub fn takes(&self, letter: &StoredLetter) -> bool {
        let said = &letter.letter;
        let fits = |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
        let name = said.document.as_deref().unwrap_or_default();
        let key = name.split_once('/').map_or("", |(_, key)| key);
        fits(&self.stage, &|stage| said.stage == stage)
            && fits(&self.document, &|begin| name.starts_with(begin) || key.starts_with(begin))
            && fits(&self.cause, &|part| said.cause.to_lowercase().contains(&part.to_lowercase()))
            && fits(&self.topic, &|begin| said.topic.starts_with(begin))
            && self.since.is_none_or(|since| letter.timestamp.is_none_or(|time| time >= since))
    }
}

/// Bytes for people: UTF-8 text as it is, anything else as a hex dump of the first `most` bytes.
#[must_use]
pub fn readable(bytes: &[u8], most: usize) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let shown = bytes.get(..most).unwrap_or(bytes);
    let row = |(number, row): (usize, &[u8])| {
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            row.iter().map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '.' }).collect();
        format!("{:08x}  {:<47}  {text}", number * 16, hex.join(" "))
    };
    let mut rows: Vec<String> = shown.chunks(16).enumerate().map(row).collect();
    if shown.len() < bytes.len() {
        rows.push(format!("… {} bytes in all", bytes.len()));
    }
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letter(document: Option<&str>, topic: &str, key: &[u8], value: Option<&[u8]>) -> StoredLetter {
        let letter = DeadLetter {
            stage: "chunk".to_owned(),
            cause: "Access Denied".to_owned(),
            document: document.map(str::to_owned),
            topic: topic.to_owned(),
            partition: 0,
            offset: 7,
            key: Some(STANDARD.encode(key)),
            value: value.map(|value| STANDARD.encode(value)),
            trace: None,
        };
        StoredLetter { offset: 3, timestamp: Some(1_000), letter }
    }

    #[test]
    fn a_letter_that_names_a_document_is_looked_at_again() {
        let document = DocumentId::new("b", "k").unwrap();
        let replay = letter(Some("b/k"), "documents", b"b/k", Some(b"{}")).replay();
        assert_eq!(replay, Replay::LookAgain(LookRequest::forced(document.clone(), Vec::new())));
        let refused_deletion = letter(Some("b/k"), "vectors.x", b"0f", None).replay();
        let suspects = vec![ChunkId::from_text("0f")];
        assert_eq!(refused_deletion, Replay::LookAgain(LookRequest::forced(document, suspects)));
        assert!(matches!(letter(Some("k"), "documents", b"", None).replay(), Replay::Cannot(_)));
    }

    #[test]
    fn what_is_neither_document_nor_notice_cannot_be_asked_for_again() {
        let Replay::Cannot(why) = letter(None, "chunks.x", b"k", Some(b"x")).replay() else { panic!() };
        assert!(why.contains("chunks.x") && why.contains("show 3"), "{why}");
        assert!(matches!(letter(None, "object-events", b"k", None).replay(), Replay::Cannot(_)));
    }

    proptest! {
        #[test]
        fn a_raw_notice_is_sent_again_as_it_was(key: Vec<u8>, value: Vec<u8>) {
            let replay = letter(None, "object-events", &key, Some(&value)).replay();
            let expected =
                Outgoing { topic: "object-events".to_owned(), key: Some(key), value: Some(value), headers: None };
            prop_assert_eq!(replay, Replay::SendAgain(expected));
        }
    }

    #[test]
    fn a_filter_takes_what_fits_all_of_it() {
        let letter = letter(Some("b/docs/x.md"), "documents", b"", None);
        let text = |text: &str| Some(text.to_owned());
        for (filter, takes) in [
            (Filter::default(), true),
            (Filter { stage: text("chunk"), ..Filter::default() }, true),
            (Filter { stage: text("chun"), ..Filter::default() }, false),
            (Filter { document: text("docs/"), ..Filter::default() }, true),
            (Filter { document: text("b/docs/"), ..Filter::default() }, true),
            (Filter { document: text("x.md"), ..Filter::default() }, false),
            (Filter { cause: text("access denied"), topic: text("doc"), ..Filter::default() }, true),
            (Filter { cause: text("access denied"), topic: text("x"), ..Filter::default() }, false),
            (Filter { since: Some(1_000), ..Filter::default() }, true),
            (Filter { since: Some(1_001), ..Filter::default() }, false),
        ] {
            assert_eq!(filter.takes(&letter), takes, "{filter:?}");
        }
    }

    #[test]
    fn bytes_are_text_or_digits() {
        assert_eq!(readable("é\n".as_bytes(), 2), "é\n");
        let digits = readable(&[0xff; 40], 20);
        assert_eq!(digits.lines().count(), 3);
        assert!(digits.starts_with("00000000  ff ff") && digits.ends_with("… 40 bytes in all"), "{digits}");
    }
}
