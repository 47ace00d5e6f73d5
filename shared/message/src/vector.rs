//! Topic `vectors.<space>`: the records of `chunks.<chunking>`, each passage with its vector.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Chunk, DocumentRecord, Fingerprint};

/// A value of `vectors.<space>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Embedded {
    /// A passage with its vector.
    Chunk(EmbeddedChunk),
    /// The document's own record, passed on unchanged.
    Document(DocumentRecord),
}

/// A passage with its vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmbeddedChunk {
    /// The passage.
    #[serde(flatten)]
    pub chunk: Chunk,
    /// The fingerprint of the vector's space; every writer and reader checks it.
    pub space: Fingerprint,
    /// The vector; its length is the space's dimension.
    pub vector: Vector,
}

/// A vector; on the wire base64 of little-endian f32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Vector(pub Vec<f32>);

/// A text that is not base64 of whole little-endian f32.
#[derive(Debug, thiserror::Error)]
pub enum InvalidVector {
    /// Not base64.
    #[error("a vector is base64 of little-endian f32")]
    NotBase64(#[source] base64::DecodeError),
    /// An incomplete number at the end.
    #[error("a vector has four bytes a number; {0} bytes are not a multiple of four")]
    PartialNumber(usize),
}

impl TryFrom<String> for Vector {
    type Error = InvalidVector;

    fn try_from(text: String) -> Result<Self, InvalidVector> {
        let bytes = STANDARD.decode(text).map_err(InvalidVector::NotBase64)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if rest.is_empty() {
            Ok(Self(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()))
        } else {
            Err(InvalidVector::PartialNumber(bytes.len()))
        }
    }
}

impl From<Vector> for String {
    fn from(vector: Vector) -> Self {
        let bytes: Vec<u8> = vector.0.iter().flat_map(|number| number.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_survives_the_wire_bit_by_bit() {
        let vector = Vector(vec![0.0, -1.5, f32::MIN_POSITIVE, 3.402_823_5e38]);
        let text = serde_json::to_string(&vector).unwrap();
        assert_eq!(serde_json::from_str::<Vector>(&text).unwrap(), vector);
    }

    #[test]
    fn half_a_number_is_refused() {
        assert!(serde_json::from_str::<Vector>("\"AAAA\"").is_err());
        assert!(serde_json::from_str::<Vector>("\"?\"").is_err());
    }
}
