//! The worker with an encoder that fails on demand.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embed::EmbedStage;
use embed::stage::EmbedLane;
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, Fingerprint, Headers, Passage, Placement,
    Status, Version,
};
use model::{EncodeError, Encoder, Hashing, Role, TextFault, TextVectors};
use stream::{Lane as _, Outcome, Outgoing, Record, Stage as _, Verdict};

pub(crate) const CHUNKS: &str = "chunks.c";
pub(crate) const VECTORS: &str = "vectors.s";
pub(crate) const DEAD: &str = "dead-letters";
pub(crate) const DIMENSION: usize = 8;
/// A passage with this word exceeds the model's token limit.
pub(crate) const LONG: &str = "endless";
/// The runtime fails on a batch with this word.
pub(crate) const POISON: &str = "poison";
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);

/// A fault of the encoder as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Broken {
    No,
    /// This many calls stall.
    Stalls(usize),
    /// Every call fails, as on a lost device.
    Runtime,
    Stopped,
}

/// Hashed words; rejects texts that are too long, fails on batches with a certain word, has a maximum batch size, and
/// records the sizes of its calls.
#[derive(Clone)]
pub(crate) struct Fussy {
    pub(crate) inner: Hashing,
    pub(crate) broken: Arc<Mutex<Broken>>,
    pub(crate) room: usize,
    pub(crate) calls: Arc<Mutex<Vec<usize>>>,
}

impl Fussy {
    pub(crate) fn new() -> Self {
        let inner = Hashing::new(NonZeroUsize::new(DIMENSION).unwrap());
        let broken = Arc::new(Mutex::new(Broken::No));
        Self { inner, broken, room: usize::MAX, calls: Arc::default() }
    }

    pub(crate) fn breaks(&self, broken: Broken) {
        *self.broken.lock().unwrap() = broken;
    }

    /// The sizes of the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<usize> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Encoder for Fussy {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        assert_eq!(role, Role::Passage);
        self.calls.lock().unwrap().push(texts.len());
        let failed =
            || EncodeError::Run { texts: texts.len(), width: 9, source: "out of memory (test)".into() };
        let broken = *self.broken.lock().unwrap();
        match broken {
            Broken::Stalls(left) if left > 0 => {
                self.breaks(Broken::Stalls(left - 1));
                return Err(EncodeError::Stalled { seconds: 120 });
            }
            Broken::Runtime => return Err(failed()),
            Broken::Stopped => return Err(EncodeError::Stopped),
            Broken::No | Broken::Stalls(_) => {}
        }
        if texts.len() > self.room || texts.iter().any(|text| text.contains(POISON)) {
            return Err(failed());
        }
        let long: Vec<bool> = texts.iter().map(|text| text.contains(LONG)).collect();
        let each = self.inner.embed_each(texts, role).await?.into_iter().zip(long);
        Ok(each
            .map(|(one, long)| if long { Err(TextFault::TooLong { tokens: 300, limit: 256 }) } else { one })
            .collect())
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.inner.model_fingerprint()
    }
}

pub(crate) fn space() -> Fingerprint {
    Fingerprint::of(&[("space", "test")])
}

pub(crate) fn stage(encoder: &Fussy) -> EmbedStage<Fussy> {
    EmbedStage::new(encoder.clone(), space(), VECTORS.to_owned(), PATIENCE)
}

pub(crate) fn document() -> DocumentId {
    DocumentId::new("docs", "a.md").unwrap()
}

pub(crate) fn headers() -> Headers {
    Headers::new(document(), "trace").at(Version::first(1).next())
}

pub(crate) fn chunk(text: &str) -> Chunk {
    let heading_path = vec!["Guide".to_owned()];
    let id = ChunkId::derive(&document(), &heading_path, text, 0);
    Chunk {
        id,
        document: document(),
        version: Version::first(1),
        heading_path,
        text: text.to_owned(),
        tokens: 9,
        about: About::default(),
    }
}

pub(crate) fn passage(text: &str) -> Outgoing {
    let chunk = chunk(text);
    let key = chunk.id.to_string();
    Outgoing::json(CHUNKS, &key, &Passage::Chunk(chunk), headers()).unwrap()
}

pub(crate) fn record() -> DocumentRecord {
    DocumentRecord {
        title: Some("Title".to_owned()),
        format: Some("markdown".to_owned()),
        etag: "e".to_owned(),
        size: 7,
        chunks: vec![Placement { id: chunk("one").id, start: 0, end: 3 }],
        ..DocumentRecord::new(document(), Version::first(1), Status::Live)
    }
}

pub(crate) fn document_record() -> Outgoing {
    Outgoing::json(CHUNKS, document().as_str(), &Passage::Document(record()), headers()).unwrap()
}

pub(crate) async fn open(encoder: &Fussy) -> EmbedLane<Fussy> {
    stage(encoder).open(stream::Partition::ONLY, None).await.unwrap()
}

/// Records at offsets from `first` on.
pub(crate) fn records(first: i64, batch: &[Outgoing]) -> Vec<Record> {
    (first..)
        .zip(batch)
        .map(|(offset, outgoing)| Record {
            topic: CHUNKS.into(),
            partition: 0,
            offset,
            key: outgoing.key.clone(),
            value: outgoing.value.clone(),
            headers: outgoing.wire_headers(),
            timestamp: None,
            held: None,
        })
        .collect()
}

pub(crate) async fn handle(encoder: &Fussy, batch: &[Outgoing]) -> Outcome {
    open(encoder).await.handle(&records(0, batch)).await
}

pub(crate) fn refused(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Refuse { cause, outputs } if outputs.is_empty() => cause,
        other @ (Verdict::Done(_) | Verdict::Refuse { .. }) => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn embedded(verdict: &Verdict) -> &Outgoing {
    match verdict {
        Verdict::Done(outputs) if outputs.len() == 1 => &outputs[0],
        other @ (Verdict::Done(_) | Verdict::Refuse { .. }) => panic!("not one record: {other:?}"),
    }
}

/// Asserts that it is this passage, with the vector of its own text.
pub(crate) async fn assert_embedded(verdict: &Verdict, text: &str) {
    let output = embedded(verdict);
    let Embedded::Chunk(found) = serde_json::from_slice(output.value.as_deref().unwrap()).unwrap() else {
        panic!("not a passage");
    };
    let alone = Fussy::new().inner.embed(vec![chunk(text).embedded_text()], Role::Passage).await.unwrap();
    assert_eq!((&found.chunk, &found.space), (&chunk(text), &space()));
    assert_eq!((found.vector.0.len(), &found.vector.0), (DIMENSION, &alone[0]), "{text}");
    assert_eq!((output.topic.as_str(), output.headers.as_ref()), (VECTORS, Some(&headers())));
    assert_eq!(output.key.as_deref(), Some(chunk(text).id.as_str().as_bytes()));
}
