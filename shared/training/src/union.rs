//! Sets that are joined: union-find with path halving (Tarjan and van Leeuwen 1984). A set's leader is its smallest number,
//! whatever the order in which it was joined.

/// Sets of the numbers from 0.
pub(crate) struct Union(Vec<usize>);

impl Union {
    /// Each of so many numbers in a set of its own.
    pub(crate) fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn above(&self, number: usize) -> usize {
        self.0.get(number).copied().unwrap_or(number)
    }

    fn leader(&mut self, mut number: usize) -> usize {
        loop {
            let above = self.above(number);
            if above == number {
                return number;
            }
            let next = self.above(above);
            if let Some(place) = self.0.get_mut(number) {
                *place = next;
            }
            number = next;
        }
    }

    /// Makes one set of the sets of two numbers.
    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.leader(one), self.leader(other));
        if let Some(place) = self.0.get_mut(one.max(other)) {
            *place = one.min(other);
        }
    }

    /// The leader of each number's set.
    pub(crate) fn leaders(mut self) -> Vec<usize> {
        (0..self.0.len()).map(|number| self.leader(number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_leads_in_any_order() {
        let joins = [(5, 3), (1, 2), (3, 1), (6, 7)];
        let leaders = |joins: &mut dyn Iterator<Item = &(usize, usize)>| {
            let mut union = Union::of(8);
            joins.for_each(|(one, other)| union.join(*one, *other));
            union.leaders()
        };
        let expected = [0, 1, 1, 1, 4, 1, 6, 6];
        assert_eq!(leaders(&mut joins.iter()), expected);
        assert_eq!(leaders(&mut joins.iter().rev()), expected);
    }
}
