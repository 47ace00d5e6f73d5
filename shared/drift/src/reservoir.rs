//! A fair sample of a stream of any length, within bounds. Pure.

use eval::random::SplitMix;
use serde::{Deserialize, Serialize};

/// What a sample may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservoirBounds {
    /// Items.
    pub items: usize,
    /// Bytes of all of them.
    pub bytes: usize,
}

/// Something with a size in memory.
pub trait Weighed {
    /// About how many bytes it takes.
    fn bytes(&self) -> usize;
}

/// A sample in which each item of the stream is with the same probability: algorithm R of Vitter, "Random sampling with a
/// reservoir" (ACM Transactions on Mathematical Software, 1985). Where the items' bytes exceed their bound, items are drawn to
/// be dropped and their places with them: a fair part of a fair sample is one, too. The same seed and the same stream give the
/// same sample, also when it was stored in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservoir<T> {
    items: Vec<T>,
    places: usize,
    most_bytes: usize,
    bytes: usize,
    seen: u64,
    too_large: u64,
    random: SplitMix,
}

impl<T: Weighed> Reservoir<T> {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: ReservoirBounds, seed: u64) -> Self {
        Self {
            items: Vec::new(),
            places: bounds.items,
            most_bytes: bounds.bytes,
            bytes: 0,
            seen: 0,
            too_large: 0,
            random: SplitMix::new(seed),
        }
    }

    /// The next item of the stream. One that exceeds the bound of bytes by itself is counted and left out.
    pub fn offer(&mut self, item: T) {
        let bytes = item.bytes();
        if bytes > self.most_bytes {
            self.too_large += 1;
            return;
        }
        self.seen += 1;
        if self.items.len() < self.places {
            self.bytes += bytes;
            self.items.push(item);
        } else {
            let place = self.random.below(usize::try_from(self.seen).unwrap_or(usize::MAX));
            let Some(held) = self.items.get_mut(place) else { return };
            self.bytes = self.bytes.saturating_sub(held.bytes()) + bytes;
            *held = item;
        }
        while self.bytes > self.most_bytes && !self.items.is_empty() {
            let dropped = self.items.swap_remove(self.random.below(self.items.len()));
            self.bytes = self.bytes.saturating_sub(dropped.bytes());
            self.places = self.items.len();
        }
    }

    /// The sample, in no particular order.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The sample itself.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// How many items the stream had so far, without those that were too large.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many items exceeded the bound of bytes by themselves.
    #[must_use]
    pub fn too_large(&self) -> u64 {
        self.too_large
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Item(usize, usize);

    impl Weighed for Item {
        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn sampled(bounds: ReservoirBounds, seed: u64, stream: impl Iterator<Item = Item>) -> Reservoir<Item> {
        let mut reservoir = Reservoir::new(bounds, seed);
        stream.for_each(|item| reservoir.offer(item));
        reservoir
    }

    /// How often each of 100 items is in a sample, over 4,000 seeds, as χ² over what is expected.
    fn unevenness(bounds: ReservoirBounds) -> f64 {
        let mut counts = [0.0_f64; 100];
        for seed in 0..4_000 {
            let sample = sampled(bounds, seed * 77, (0..100).map(|n| Item(n, 10)));
            sample.items().iter().for_each(|item| counts[item.0] += 1.0);
        }
        let expected = counts.iter().sum::<f64>() / 100.0;
        // Drawn without replacement, a count varies by less than the χ² law says: by the part that is left out.
        let within = 1.0 - expected / 4_000.0;
        counts.iter().map(|count| (count - expected).powi(2) / (expected * within)).sum()
    }

    #[test]
    fn each_item_is_in_the_sample_equally_often() {
        // χ² with 99 degrees of freedom: 148.2 is exceeded once in a thousand times, and 60 nearly always.
        for bounds in [ReservoirBounds { items: 20, bytes: 1_000 }, ReservoirBounds { items: 40, bytes: 200 }]
        {
            let unevenness = unevenness(bounds);
            assert!((60.0..148.2).contains(&unevenness), "{bounds:?}: {unevenness}");
        }
    }

    #[test]
    fn neither_items_nor_bytes_exceed_their_bounds() {
        let bounds = ReservoirBounds { items: 50, bytes: 300 };
        let mut reservoir = Reservoir::new(bounds, 1);
        for n in 0..1_000 {
            reservoir.offer(Item(n, n % 40 + 1));
            let bytes: usize = reservoir.items().iter().map(Weighed::bytes).sum();
            assert!(bytes <= 300 && reservoir.items().len() <= 50 && bytes == reservoir.bytes);
        }
        reservoir.offer(Item(0, 301));
        assert_eq!((reservoir.seen(), reservoir.too_large()), (1_000, 1));
        assert!(!reservoir.items().is_empty());
    }

    #[test]
    fn a_stored_one_goes_on_as_if_it_had_not_been_stored() {
        let bounds = ReservoirBounds { items: 10, bytes: 1_000 };
        let whole = sampled(bounds, 5, (0..200).map(|n| Item(n, 1)));
        let half = sampled(bounds, 5, (0..90).map(|n| Item(n, 1)));
        let text = serde_json::to_string(&half).unwrap();
        let mut half: Reservoir<Item> = serde_json::from_str(&text).unwrap();
        (90..200).for_each(|n| half.offer(Item(n, 1)));
        assert_eq!(half, whole);
    }
}
