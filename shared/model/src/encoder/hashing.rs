//! The encoder `hashing`: signed feature hashing of words, for tests and load tests.
//!
//! Pure except for the thread that counts tokens. Guarantees: the same text gives the same unit vector on every
//! machine, different texts give different vectors, and texts with many common words give similar ones. It enforces
//! the model's token limit as the real encoder does. It knows no meaning, and never claims the model's fingerprint.

use std::num::NonZeroUsize;

use message::Fingerprint;

use super::check::length_of;
use super::tokenise::tokenise;
use super::{EncodeError, Encoder, TextVectors};
use crate::bundle::{Bundle, Role};
use crate::tokenizer::Tokenizer;

/// Increase it whenever the same text would get another vector.
const REVISION: &str = "1";

/// Weight of a hash of the whole text: enough to tell apart texts with the same words, little enough to keep them
/// similar.
const WHOLE_TEXT_WEIGHT: f32 = 0.1;

/// The first script that is written without spaces (CJK): each character counts as a word.
const FIRST_WITHOUT_SPACES: char = '\u{2e80}';

/// The encoder `hashing`.
#[derive(Clone, Debug)]
pub struct Hashing {
    dimension: NonZeroUsize,
    limit: Option<(Tokenizer, usize)>,
}

impl Hashing {
    /// Vectors of this dimension; texts of any length.
    #[must_use]
    pub fn new(dimension: NonZeroUsize) -> Self {
        Self { dimension, limit: None }
    }

    /// Vectors of `dimension` (by default the bundle's); texts of any length.
    #[must_use]
    pub fn sized(bundle: &Bundle, dimension: Option<NonZeroUsize>) -> Self {
        Self::new(dimension.or(NonZeroUsize::new(bundle.dimension())).unwrap_or(NonZeroUsize::MIN))
    }

    /// Vectors of `dimension` (by default the bundle's); texts within the bundle's token limit.
    #[must_use]
    pub fn of_bundle(bundle: &Bundle, tokenizer: Tokenizer, dimension: Option<NonZeroUsize>) -> Self {
        Self { limit: Some((tokenizer, bundle.max_tokens())), ..Self::sized(bundle, dimension) }
    }

    /// The vector of one text.
    fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.dimension.get()];
        for word in words(text) {
            add(&mut vector, hash(word.to_lowercase().as_bytes()), 1.0);
        }
        add(&mut vector, hash(text.as_bytes()), WHOLE_TEXT_WEIGHT);
        let length = length_of(&vector);
        if length < WHOLE_TEXT_WEIGHT / 2.0 {
            // All features cancelled out, which happens only in very few dimensions.
            vector.fill(0.0);
            add(&mut vector, hash(text.as_bytes()), 1.0);
            return vector;
        }
        for number in &mut vector {
            *number /= length;
        }
        vector
    }
}

impl Encoder for Hashing {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        let Some((tokenizer, limit)) = &self.limit else {
            return Ok(texts.iter().map(|text| Ok(self.vector(text))).collect());
        };
        let read = tokenise(tokenizer, *limit, texts, role).await?;
        Ok(read.into_iter().map(|(text, tokens)| tokens.map(|_| self.vector(&text))).collect())
    }

    fn dimension(&self) -> usize {
        self.dimension.get()
    }

    fn model_fingerprint(&self) -> Fingerprint {
        let dimension = self.dimension.to_string();
        Fingerprint::of(&[("kind", "hashing"), ("revision", REVISION), ("dimension", &dimension)])
    }
}

/// Runs of letters and digits; in scripts without spaces, each character.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = if first >= FIRST_WITHOUT_SPACES {
                first.len_utf8()
            } else {
                rest.find(|c| c >= FIRST_WITHOUT_SPACES).unwrap_or(rest.len())
            };
            let (word, after) = rest.split_at(end);
            rest = after;
            Some(word)
        })
    })
}

/// Adds one hashed feature: the hash decides the dimension and the sign.
fn add(vector: &mut [f32], hash: u64, weight: f32) {
    let sign = if hash >> 63 == 0 { weight } else { -weight };
    let dimensions = vector.len() as u64;
    let place = (hash & (u64::MAX >> 1)) % dimensions.max(1);
    if let Some(number) = usize::try_from(place).ok().and_then(|place| vector.get_mut(place)) {
        *number += sign;
    }
}

/// FNV-1a with the finaliser of `SplitMix64`. The standard library's hashers may change between versions.
fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
