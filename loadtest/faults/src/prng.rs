//! Random numbers that depend only on the seed, on every machine. Pure.

/// `SplitMix64`: small and good enough to make choices. Written out here so that no new version of a crate changes
/// what a seed does.
#[derive(Clone, Debug)]
pub struct Prng(u64);

impl Prng {
    /// The sequence of `seed` for one purpose. Each purpose has its own sequence, so that drawing more numbers for
    /// one does not shift the others.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut prng = Self(seed);
        for byte in purpose.bytes() {
            prng.0 = prng.number().wrapping_add(u64::from(byte));
        }
        prng
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let drawn = self.number() % (limit.max(1) as u64);
        usize::try_from(drawn).unwrap_or_default()
    }

    /// A number from `least` to `most`, both inclusive.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the elements; none when the list is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }

    /// Puts the list in random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_the_same_everywhere_and_a_purpose_is_another_sequence() {
        let mut prng = Prng::new(1_234_567, "");
        assert_eq!([prng.number(), prng.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_ne!(Prng::new(7, "text").number(), Prng::new(7, "schedule").number());
        assert_ne!(Prng::new(7, "text").number(), Prng::new(8, "text").number());
    }

    #[test]
    fn numbers_stay_in_their_range_and_all_of_it_occurs() {
        let mut prng = Prng::new(1, "test");
        let mut seen = [false; 5];
        for _ in 0..500 {
            seen[prng.between(0, 4)] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!((prng.below(0), prng.pick::<u8>(&[])), (0, None));
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut list: Vec<u32> = (0..50).collect();
        Prng::new(3, "test").shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
