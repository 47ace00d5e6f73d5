//! Near-copies: of passages, and of documents.
//!
//! Passages are compared by `MinHash` (Broder, "On the resemblance and containment of documents", 1997) over runs of four
//! words, or characters where words have no spaces; candidates are found by banding (Leskovec, Rajaraman, Ullman, "Mining of
//! Massive Datasets", chapter 3). With 16 bands of 4 a pair with a resemblance of 0.8 is missed once in 10,000 times.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::corpus::{PassageAt, SourceDocument, passages};
use crate::union::Union;
use crate::words;

/// Words in a run.
const RUN: usize = 4;
/// Hash functions; the estimate of a resemblance of 0.8 is off by 0.05 (one standard deviation).
const HASHES: usize = 64;
/// Hashes in a band; two passages are compared when one band is equal.
const ROWS: usize = 4;
/// Equal hashes of a copy, of [`HASHES`]: a resemblance of 0.8.
const EQUAL: usize = 51;
/// Different passages of one bucket with which a further one is compared.
const COMPARED: usize = 8;
/// Documents that hold the same passage are compared each with so many after it: some boilerplate stands in all of them.
const NEIGHBOURS: usize = 16;
/// Groups of documents in which a passage may stand that tells of copies: what stands in more is boilerplate.
const TELLING: usize = 3;

/// The step of `SplitMix64` (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// Multiplier and addend of each hash function.
const FUNCTIONS: [(u64, u64); HASHES] = functions();

/// The mixing of `SplitMix64`.
const fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

const fn functions() -> [(u64, u64); HASHES] {
    let mut table = [(0, 0); HASHES];
    let (mut state, mut place) = (0_u64, 0);
    while place < HASHES {
        state = state.wrapping_add(STEP);
        let multiplier = mixed(state) | 1;
        state = state.wrapping_add(STEP);
        table[place] = (multiplier, mixed(state));
        place += 1;
    }
    table
}

/// What a text is compared by.
pub(crate) struct Signature([u32; HASHES]);

impl Signature {
    /// Of a text; case and punctuation do not count.
    pub(crate) fn of(text: &str) -> Self {
        let mut least = [u32::MAX; HASHES];
        for run in runs(text) {
            for (least, (multiplier, addend)) in least.iter_mut().zip(&FUNCTIONS) {
                // Multiply-shift (Dietzfelbinger 1996): the upper half is evenly spread.
                let hashed = run.wrapping_mul(*multiplier).wrapping_add(*addend) >> 32;
                *least = (*least).min(u32::try_from(hashed).unwrap_or(u32::MAX));
            }
        }
        Self(least)
    }

    /// Whether one of the two texts is a near-copy of the other.
    pub(crate) fn is_copy(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).filter(|(one, other)| one == other).count() >= EQUAL
    }
}

/// The hash of each run of words; a shorter text is one run.
fn runs(text: &str) -> Vec<u64> {
    let hashes: Vec<u64> = words::tokens(text).into_iter().map(word).collect();
    let one = |run: &[u64]| {
        mixed(run.iter().fold(0, |hash: u64, word| hash.rotate_left(5).wrapping_mul(STEP) ^ word))
    };
    if hashes.len() < RUN { vec![one(&hashes)] } else { hashes.windows(RUN).map(one).collect() }
}

/// FNV-1a (Fowler, Noll, Vo) of a word in lower case.
fn word(word: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut buffer = [0; 4];
    for c in word.chars().flat_map(char::to_lowercase) {
        for byte in c.encode_utf8(&mut buffer).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Which passages and documents of a corpus are near-copies of each other.
pub(crate) struct Copies {
    /// The number of each document's first passage, all passages of the corpus counted.
    starts: Vec<usize>,
    /// Of each passage the first that it is a copy of, or itself.
    passages: Vec<usize>,
    /// Of each document the first that it is a copy of, or itself.
    groups: Vec<usize>,
    /// Passages (by their first) of which copies stand in documents that are no copies of each other: boilerplate.
    spread: BTreeSet<usize>,
}

impl Copies {
    /// Compares everything with everything, as far as it has something in common.
    pub(crate) fn of(corpus: &[SourceDocument]) -> Self {
        let passages = first_passages(corpus);
        let mut starts = Vec::with_capacity(corpus.len());
        let mut next = 0;
        for document in corpus {
            starts.push(next);
            next += document.passages.len();
        }
        let mut copies = Self { starts, passages, groups: Vec::new(), spread: BTreeSet::new() };
        let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, _) in crate::corpus::passages(corpus) {
            let held = holders.entry(copies.first(at)).or_default();
            if held.last() != Some(&at.document) {
                held.push(at.document);
            }
        }
        copies.groups = groups(corpus.len(), &holders);
        copies.spread = holders
            .iter()
            .filter(|(_, documents)| {
                let groups: BTreeSet<usize> = documents.iter().map(|one| copies.group(*one)).collect();
                groups.len() > 1
            })
            .map(|(first, _)| *first)
            .collect();
        copies
    }

    fn number(&self, at: PassageAt) -> usize {
        self.starts.get(at.document).copied().unwrap_or_default() + at.passage
    }

    /// The number of the first passage that this one is a copy of: equal for all copies.
    pub(crate) fn first(&self, at: PassageAt) -> usize {
        let number = self.number(at);
        self.passages.get(number).copied().unwrap_or(number)
    }

    /// Whether it is the first of its copies.
    pub(crate) fn is_first(&self, at: PassageAt) -> bool {
        self.first(at) == self.number(at)
    }

    /// Whether it is the first of its copies, and stands in documents of one group only.
    pub(crate) fn is_own(&self, at: PassageAt) -> bool {
        self.is_first(at) && !self.is_spread(at)
    }

    /// Whether a copy of it stands in a document of another group.
    pub(crate) fn is_spread(&self, at: PassageAt) -> bool {
        self.spread.contains(&self.first(at))
    }

    /// The number of the first document that this one is a copy of: equal for the whole group.
    pub(crate) fn group(&self, document: usize) -> usize {
        self.groups.get(document).copied().unwrap_or(document)
    }

    /// How many groups of documents there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups.iter().enumerate().filter(|(number, first)| number == *first).count()
    }

    /// How many passages are copies of an earlier one.
    pub(crate) fn repeated(&self) -> usize {
        self.passages.iter().enumerate().filter(|(number, first)| number != *first).count()
    }
}

/// Of each passage the first that it is a copy of.
fn first_passages(corpus: &[SourceDocument]) -> Vec<usize> {
    let signatures: Vec<Signature> =
        passages(corpus).map(|(_, passage)| Signature::of(&passage.text)).collect();
    let mut union = Union::of(signatures.len());
    for from in (0..HASHES).step_by(ROWS) {
        let mut buckets: HashMap<&[u32], Vec<usize>> = HashMap::new();
        for (number, signature) in signatures.iter().enumerate() {
            let Some(band) = signature.0.get(from..from + ROWS) else { continue };
            let seen = buckets.entry(band).or_default();
            let is_like = |other: &usize| signatures.get(*other).is_some_and(|one| one.is_copy(signature));
            match seen.iter().copied().find(is_like) {
                Some(other) => union.join(other, number),
                None if seen.len() < COMPARED => seen.push(number),
                None => {}
            }
        }
    }
    union.leaders()
}

/// What documents have in common.
struct Overlap {
    /// How many of the passages each document holds.
    held: Vec<usize>,
    /// How many of them two documents both hold, the earlier one first.
    shared: HashMap<(usize, usize), usize>,
}

impl Overlap {
    /// Of passages, each given by the documents that hold it, ascending.
    fn of<'a>(count: usize, holders: impl Iterator<Item = &'a Vec<usize>>) -> Self {
        let (mut held, mut shared) = (vec![0_usize; count], HashMap::new());
        for documents in holders {
            for (place, one) in documents.iter().enumerate() {
                if let Some(held) = held.get_mut(*one) {
                    *held += 1;
                }
                for other in documents.iter().skip(place + 1).take(NEIGHBOURS) {
                    *shared.entry((*one, *other)).or_insert(0_usize) += 1;
                }
            }
        }
        Self { held, shared }
    }

    fn held(&self, document: usize) -> usize {
        self.held.get(document).copied().unwrap_or_default()
    }
}

/// Of each document the first that it is a copy of. `holders` are the documents of each passage, ascending.
///
/// Two are copies when three quarters of the passages of the larger one stand in both: versions of a document, however many. And
/// when half of those of the smaller one do, of passages that stand in few groups: an excerpt is a copy of what it is taken from,
/// but a page that holds nothing but a notice is none of all that end with it. What became one group lets further passages
/// tell, so that it is looked at again until nothing changes.
fn groups(count: usize, holders: &BTreeMap<usize, Vec<usize>>) -> Vec<usize> {
    let all = Overlap::of(count, holders.values());
    let mut union = Union::of(count);
    for ((one, other), both) in &all.shared {
        if 4 * both >= 3 * all.held(*one).max(all.held(*other)) {
            union.join(*one, *other);
        }
    }
    let mut groups = union.leaders();
    loop {
        let telling = holders.values().filter(|documents| {
            let of_group: BTreeSet<_> = documents.iter().filter_map(|one| groups.get(*one)).collect();
            of_group.len() <= TELLING
        });
        let telling = Overlap::of(count, telling);
        let mut union = Union::of(count);
        for (document, first) in groups.iter().enumerate() {
            union.join(*first, document);
        }
        for ((one, other), both) in &telling.shared {
            if 2 * both >= all.held(*one).min(all.held(*other)) {
                union.join(*one, *other);
            }
        }
        let next = union.leaders();
        if next == groups {
            return groups;
        }
        groups = next;
    }
}

#[cfg(test)]
mod tests;
