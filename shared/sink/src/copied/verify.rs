//! Compares a copy with its source. An edge, by [`Patient`](crate::patient::Patient).

use std::collections::BTreeMap;

use serde_json::Value;

use super::pages::{self, Item, Sum};
use super::{CopyMoment, CopySlice, CopyTrouble, IndexCopy};
use crate::patient::body_of;
use crate::wire::{Body, Method};

/// Vectors that are compared of each page.
const VECTORS: usize = 20;
/// Largest difference of two numbers of vectors of length 1 that are the same.
const SAME: f64 = 1e-6;
/// Ids that are named.
const NAMED: usize = 10;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopyVerdict {
    /// Items of the source that were looked for.
    pub items: u64,
    /// Those that the copy lacks.
    pub missing: u64,
    /// Those that are otherwise there: their text, their fields or their vector.
    pub different: u64,
    /// Some of both.
    pub named: Vec<String>,
    /// Vectors that were compared.
    pub vectors: u64,
    /// The largest difference of two numbers of theirs, each vector brought to length 1.
    pub largest: f64,
    source: Sum,
    copy: Sum,
}

impl CopyVerdict {
    /// Adds what was found in another slice.
    pub fn join(&mut self, other: Self) {
        self.items += other.items;
        self.missing += other.missing;
        self.different += other.different;
        self.vectors += other.vectors;
        self.largest = self.largest.max(other.largest);
        self.named.extend(other.named);
        self.named.truncate(NAMED);
        self.source.join(other.source);
        self.copy.join(other.copy);
    }

    /// Whether the copy, which has `copied` items in all, is that of the source.
    #[must_use]
    pub fn is_same(&self, copied: u64) -> bool {
        self.missing == 0 && self.different == 0 && copied == self.items && self.source == self.copy
    }

    /// The digests over ids and content of source and copy: the beginning of each, for people.
    #[must_use]
    pub fn digests(&self) -> (String, String) {
        (self.source.short(), self.copy.short())
    }

    fn take(&mut self, ours: &Item, copy: Option<&Item>, vector: &str) {
        self.items += 1;
        let digest = ours.digest(vector);
        self.source.add(&digest);
        let Some(copy) = copy else {
            self.missing += 1;
            return self.name(&ours.id);
        };
        let copied = copy.digest(vector);
        self.copy.add(&copied);
        if copied != digest || copy.version != ours.version {
            self.different += 1;
            self.name(&ours.id);
        }
    }

    fn take_vector(&mut self, ours: &Item, copy: Option<&Item>, field: &str) {
        let apart = match (ours.vector(field), copy.and_then(|copy| copy.vector(field))) {
            (None, None) => return,
            (Some(ours), Some(copy)) => apart(&ours, &copy),
            _ => f64::INFINITY,
        };
        self.vectors += 1;
        self.largest = self.largest.max(apart);
        if apart > SAME {
            self.different += 1;
            self.name(&ours.id);
        }
    }

    fn name(&mut self, id: &str) {
        if self.named.len() < NAMED && self.named.iter().all(|named| named != id) {
            self.named.push(id.to_owned());
        }
    }
}

/// The largest difference of two numbers of two vectors, each brought to length 1.
fn apart(one: &[f32], other: &[f32]) -> f64 {
    if one.len() != other.len() {
        return f64::INFINITY;
    }
    let length = |vector: &[f32]| {
        let square: f64 = vector.iter().map(|number| f64::from(*number).powi(2)).sum();
        if square > 0.0 { square.sqrt() } else { 1.0 }
    };
    let (first, second) = (length(one), length(other));
    let pairs = one.iter().zip(other);
    pairs.map(|(a, b)| (f64::from(*a) / first - f64::from(*b) / second).abs()).fold(0.0, f64::max)
}

impl IndexCopy {
    /// Compares a slice of the source with the copy: every id, version and content, and the vectors of a part.
    ///
    /// # Errors
    /// When an engine is away.
    pub async fn verify_slice(
        &self,
        moment: &CopyMoment,
        slice: CopySlice,
        progress: &impl Fn(u64),
    ) -> Result<CopyVerdict, CopyTrouble> {
        let (mut verdict, mut after) = (CopyVerdict::default(), None);
        let field = &moment.shape.vector;
        loop {
            let page = self.page(moment, slice, after.as_ref()).await?;
            let copies = self.copies(&page.items, None).await?;
            for item in &page.items {
                verdict.take(item, copies.get(&item.id), field);
            }
            let sample = page.items.get(..VECTORS.min(page.items.len())).unwrap_or_default();
            let copies = self.copies(sample, Some(field)).await?;
            for item in sample.iter().filter(|item| copies.contains_key(&item.id)) {
                verdict.take_vector(item, copies.get(&item.id), field);
            }
            progress(page.items.len() as u64);
            after = page.after;
            if page.items.len() < pages::size(moment.shape.dimension) || after.is_none() {
                return Ok(verdict);
            }
        }
    }

    /// Makes all that was written to the copy visible, and counts it.
    ///
    /// # Errors
    /// When the target is away.
    pub async fn copied(&self) -> Result<u64, CopyTrouble> {
        self.target.ask(Method::Post, &format!("{}/_refresh", self.to), &Body::Empty).await?;
        let answer = self.target.ask(Method::Get, &format!("{}/_count", self.to), &Body::Empty).await?;
        match (
            answer.pointer("/_shards/failed").and_then(Value::as_u64),
            answer.get("count").and_then(Value::as_u64),
        ) {
            (Some(0), Some(count)) => Ok(count),
            _ => Err(self.partial_copy("only a part of the shards counted")),
        }
    }

    /// The copies of these items, by their ids; only their vectors where a field is named.
    async fn copies(
        &self,
        items: &[Item],
        vector: Option<&str>,
    ) -> Result<BTreeMap<String, Item>, CopyTrouble> {
        if items.is_empty() {
            return Ok(BTreeMap::new());
        }
        let path = format!("{}/_search?allow_partial_search_results=false", self.to);
        let answer = self.target.ask(Method::Post, &path, &body_of(&pages::these(items, vector))).await?;
        let page = pages::read(&answer).map_err(|cause| self.partial_copy(&cause))?;
        Ok(page.items.into_iter().map(|item| (item.id.clone(), item)).collect())
    }

    fn partial_copy(&self, cause: &str) -> CopyTrouble {
        let url = self.target.url().to_owned();
        CopyTrouble::Engine(crate::SinkError::Unavailable { url, cause: cause.to_owned(), retry_after: None })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(id: &str, version: u64, source: Value) -> Item {
        Item { id: id.to_owned(), version, routing: None, source: serde_json::from_value(source).unwrap() }
    }

    #[test]
    fn what_is_missing_or_different_is_counted_and_named() {
        let a = item("a", 1, json!({"text": "x", "v": [1.0, 0.0]}));
        let mut verdict = CopyVerdict::default();
        // The vector is compared apart: an engine may leave it out of what was stored.
        verdict.take(&a, Some(&item("a", 1, json!({"text": "x"}))), "v");
        assert!(verdict.is_same(1) && !verdict.is_same(2), "{verdict:?}");
        verdict.take(&item("b", 1, json!({"text": "x"})), None, "v");
        verdict.take(&item("c", 1, json!({"text": "x"})), Some(&item("c", 1, json!({"text": "y"}))), "v");
        verdict.take(&item("d", 2, json!({"text": "x"})), Some(&item("d", 1, json!({"text": "x"}))), "v");
        assert_eq!((verdict.items, verdict.missing, verdict.different), (4, 1, 2));
        assert_eq!(verdict.named, ["b", "c", "d"]);
        let (source, copy) = verdict.digests();
        assert_ne!(source, copy);
        assert!(!verdict.is_same(4));
    }

    #[test]
    fn vectors_are_the_same_up_to_their_length_and_a_millionth() {
        let vector = |numbers: Value| item("a", 1, json!({ "v": numbers }));
        let look = |one: Value, other: Value| {
            let mut verdict = CopyVerdict::default();
            verdict.take_vector(&vector(one), Some(&vector(other)), "v");
            (verdict.vectors, verdict.different)
        };
        assert_eq!(look(json!([3.0, 4.0]), json!([0.6, 0.8])), (1, 0));
        assert_eq!(look(json!([0.6, 0.8]), json!([0.600_01, 0.8])), (1, 1));
        assert_eq!(look(json!([0.6, 0.8]), json!([0.6, 0.8, 0.0])), (1, 1));
        assert_eq!(look(Value::Null, Value::Null), (0, 0));
        assert_eq!(look(json!([1.0]), Value::Null), (1, 1));
    }

    #[test]
    fn digests_do_not_depend_on_the_order_or_on_the_slices() {
        let items = ["a", "b", "c"].map(|id| item(id, 1, json!({ "text": id })));
        let sum = |items: &[&Item]| {
            let mut verdict = CopyVerdict::default();
            for item in items {
                verdict.take(item, Some(item), "v");
            }
            verdict
        };
        let [a, b, c] = &items;
        let mut joined = sum(&[c]);
        joined.join(sum(&[b, a]));
        assert_eq!(joined.digests(), sum(&[a, b, c]).digests());
        assert!(joined.is_same(3));
        assert_ne!(joined.digests(), sum(&[a, b]).digests());
    }
}
