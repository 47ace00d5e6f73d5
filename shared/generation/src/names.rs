//! The names of a generation's indexes.
//!
//! Two generations never share a name, so nothing ever writes two generations into one index.

use message::Fingerprint;

use crate::Generation;

/// One of a generation's two indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Passages with their vectors.
    Chunks,
    /// Document records.
    Documents,
}

/// All index names of one generation, the same in both engines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    index: String,
    generation: Generation,
    short: String,
}

/// An index name that engines would reject.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "MILLRACE_INDEX={0:?} cannot name an index: use 1 to 100 of a-z, 0-9, `-`, `_` and `.`, a letter or digit first"
)]
pub struct InvalidIndexName(String);

impl Names {
    /// The names for the indexes of `generation`, known as `index` to the outside.
    ///
    /// # Errors
    /// When engines would reject `index` as a name.
    pub fn new(index: &str, generation: &Generation) -> Result<Self, InvalidIndexName> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        let starts = index.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts || index.len() > 100 || !index.chars().all(allowed) {
            return Err(InvalidIndexName(index.to_owned()));
        }
        Ok(Self { index: index.to_owned(), generation: generation.clone(), short: generation.short() })
    }

    /// The vector space of these indexes.
    #[must_use]
    pub fn space(&self) -> &Fingerprint {
        &self.generation.space
    }

    /// The generation in these indexes.
    #[must_use]
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// The physical index, which readers query.
    #[must_use]
    pub fn physical(&self, target: Target) -> String {
        match target {
            Target::Chunks => format!("{}-{}", self.index, self.short),
            Target::Documents => format!("{}-{}-documents", self.index, self.short),
        }
    }

    /// The alias that writers use. It disappears with its index, so that writes to a deleted index fail.
    #[must_use]
    pub fn write_alias(&self, target: Target) -> String {
        format!("{}-write", self.physical(target))
    }

    /// The index of named definitions (the catalog), the same for every generation.
    #[must_use]
    pub fn catalog(&self) -> String {
        format!("{}-catalog", self.index)
    }

    /// The name to the outside.
    #[must_use]
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The alias for outside clients. Millrace itself never queries it.
    #[must_use]
    pub fn outside_alias(&self, target: Target) -> String {
        match target {
            Target::Chunks => self.index.clone(),
            Target::Documents => format!("{}-documents", self.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn names_tell_generations_apart() {
        let names = Names::new("millrace", &sample()).unwrap();
        let other = Generation { space: Fingerprint::of(&[("model", "b")]), ..sample() };
        let other = Names::new("millrace", &other).unwrap();
        assert_eq!(names.physical(Target::Chunks), format!("millrace-{}", sample().short()));
        assert_eq!(
            names.write_alias(Target::Documents),
            format!("{}-write", names.physical(Target::Documents))
        );
        assert_ne!(names.physical(Target::Chunks), other.physical(Target::Chunks));
        assert_eq!(names.outside_alias(Target::Chunks), other.outside_alias(Target::Chunks));
    }

    #[test]
    fn what_an_engine_refuses_is_refused_before() {
        for index in ["", "Millrace", "_m", "-m", ".m", "a/b", "a b", "a*", &"a".repeat(101)] {
            assert!(Names::new(index, &sample()).is_err(), "{index:?}");
        }
    }
}
