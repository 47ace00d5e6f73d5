//! Draws that are always the same: a number for each name, from a seed. No generator has a state, so what is drawn for one
//! name does not depend on which others there are.

use message::sha256_hex;

/// A number for `name`, evenly spread; another `purpose` or `seed` gives another one.
pub(crate) fn number(seed: u64, purpose: &str, name: &str) -> u64 {
    let digest = sha256_hex([seed.to_le_bytes().as_slice(), purpose.as_bytes(), name.as_bytes()]);
    digest.get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_and_stay() {
        let below_half = (0..1_000).filter(|n| number(1, "split", &format!("b/{n}")) < u64::MAX / 2).count();
        assert!((420..580).contains(&below_half), "{below_half}");
        assert_eq!(number(1, "split", "b/a"), number(1, "split", "b/a"));
        assert_ne!(number(1, "split", "b/a"), number(2, "split", "b/a"));
        assert_ne!(number(1, "split", "b/a"), number(1, "sample", "b/a"));
    }
}
