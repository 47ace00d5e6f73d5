//! The documents: the same for the same numbers, on every machine.
//!
//! Pure. A document has 50 chunks of about 300 bytes, made of words; its vectors are the encoder `hashing`'s, so that
//! chunks with words in common lie near each other, as in real text.

use generation::Generation;
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, EmbeddedChunk, Headers, InvalidDocumentId,
    LedgerEntry, Placement, Status, Vector, Version, embedded_text, sha256_hex,
};
use model::{Encoder, Hashing, Role};
use process::Failure;

/// Chunks of a document; its last has the rest.
pub(crate) const CHUNKS: u64 = 50;
/// Placements of a ledger entry.
const PLACEMENTS: u64 = 5;
/// Words of a chunk: about 300 bytes.
const WORDS_OF_A_CHUNK: u64 = 50;

const WORDS: [&str; 48] = [
    "river", "stone", "mill", "wheel", "water", "gate", "grain", "flour", "sack", "cart", "road", "hill",
    "town", "market", "bread", "oven", "baker", "smoke", "chimney", "roof", "beam", "rope", "axle", "gear",
    "tooth", "shaft", "hopper", "sieve", "bran", "husk", "field", "plough", "seed", "rain", "cloud", "storm",
    "flood", "sluice", "weir", "pond", "heron", "reed", "otter", "bridge", "lantern", "ledger", "winter",
    "miller",
];

/// A document with everything that is written of it.
pub(crate) struct Document {
    /// Its record.
    pub(crate) record: DocumentRecord,
    /// Its chunks with their vectors.
    pub(crate) chunks: Vec<EmbeddedChunk>,
}

/// How many documents hold so many chunks.
pub(crate) fn documents(chunks: u64) -> u64 {
    chunks.div_ceil(CHUNKS)
}

/// What every record of a document carries.
pub(crate) fn headers(document: &DocumentId, number: u64) -> Headers {
    Headers::new(document.clone(), format!("{number:032x}")).at(Version::first(1))
}

fn name(number: u64) -> Result<DocumentId, InvalidDocumentId> {
    DocumentId::new("documents", &format!("load/page-{number:07}.md"))
}

/// Document `number` of those that hold `chunks` chunks together.
pub(crate) async fn document(
    number: u64,
    chunks: u64,
    (generation, encoder): (&Generation, &Hashing),
) -> Result<Document, Failure> {
    let (document, version) = (name(number)?, Version::first(1));
    let heading_path = vec![format!("Page {number}")];
    let texts: Vec<String> =
        (0..CHUNKS.min(chunks - number * CHUNKS)).map(|ordinal| text(number * CHUNKS + ordinal)).collect();
    let embedded = texts.iter().map(|text| embedded_text(&heading_path, text)).collect();
    let vectors = encoder.embed(embedded, Role::Passage).await?;
    let chunk = |(text, vector): (String, Vec<f32>)| {
        let id = ChunkId::derive(&document, &heading_path, &text, 0);
        let (document, heading_path) = (document.clone(), heading_path.clone());
        let chunk = Chunk { id, document, version, heading_path, text, tokens: 60, about: About::default() };
        EmbeddedChunk { chunk, space: generation.space.clone(), vector: Vector(vector) }
    };
    let chunks: Vec<EmbeddedChunk> = texts.into_iter().zip(vectors).map(chunk).collect();
    let mut placements = Vec::with_capacity(chunks.len());
    let mut start = 0;
    for EmbeddedChunk { chunk, .. } in &chunks {
        let end = start + chunk.text.len() as u64;
        placements.push(Placement { id: chunk.id.clone(), start, end });
        start = end + 1;
    }
    let record = DocumentRecord {
        title: heading_path.into_iter().next(),
        format: Some("markdown".to_owned()),
        etag: format!("\"{number:032x}\""),
        size: start,
        chunks: placements,
        ..DocumentRecord::new(document, version, Status::Live)
    };
    Ok(Document { record, chunks })
}

/// Entry `number` of a ledger.
pub(crate) fn entry(number: u64, generation: &Generation) -> Result<LedgerEntry, Failure> {
    let document = name(number)?;
    let place = |ordinal: u64| {
        let id = ChunkId::derive(&document, &[], &ordinal.to_string(), 0);
        Placement { id, start: ordinal * 300, end: ordinal * 300 + 299 }
    };
    let chunks = (0..PLACEMENTS).map(place).collect();
    Ok(LedgerEntry {
        version: Version::first(1),
        status: Status::Live,
        cause: None,
        etag: format!("\"{number:032x}\""),
        digest: sha256_hex([document.as_str().as_bytes()]),
        chunking: generation.chunking.clone(),
        chunks,
        document,
    })
}

/// A text that depends on the seed alone, and that no other seed has: its number stands in it.
fn text(seed: u64) -> String {
    let mut text = format!("Chunk {seed}.");
    let mut state = seed;
    for _ in 0..WORDS_OF_A_CHUNK {
        state = next(state);
        let word = usize::try_from(state % WORDS.len() as u64).ok().and_then(|place| WORDS.get(place));
        text.push(' ');
        text.push_str(word.copied().unwrap_or_default());
    }
    text
}

/// `SplitMix64`.
fn next(state: u64) -> u64 {
    let mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use message::Fingerprint;

    #[tokio::test]
    async fn chunks_are_all_different_and_the_same_again() {
        let space = Fingerprint::of(&[]);
        let generation = Generation {
            chunking: space.clone(),
            space,
            dimension: 64,
            model: Fingerprint::of(&[("weights", "test")]),
            name: "hashing".to_owned(),
            mapping: message::IndexMapping::of(1),
        };
        let encoder = Hashing::new(NonZeroUsize::new(64).unwrap());
        let mut ids = Vec::new();
        for number in 0..documents(120) {
            let one = document(number, 120, (&generation, &encoder)).await.unwrap();
            let again = document(number, 120, (&generation, &encoder)).await.unwrap();
            assert_eq!((&one.record, &one.chunks), (&again.record, &again.chunks));
            assert!(one.chunks.iter().all(|chunk| (200..400).contains(&chunk.chunk.text.len())));
            ids.extend(one.chunks.into_iter().map(|chunk| chunk.chunk.id));
        }
        let written = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!((written, ids.len()), (120, 120));
    }
}
