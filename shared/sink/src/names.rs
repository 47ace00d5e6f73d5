//! What the indexes of a generation are called.
//!
//! Pure. A generation is a space and a mapping: two generations never share a name, and nothing ever writes two
//! generations into one index.

use message::Fingerprint;

use crate::action::Target;

/// The version of the mappings (`engine/mapping.rs`) and of the terms that are indexed (`shared/analysis`). Raise it with every change there:
/// the change becomes a new generation beside the old one.
pub const MAPPING_VERSION: u32 = 3;

/// Every name of one generation, the same in both engines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    index: String,
    space: Fingerprint,
    generation: String,
}

/// A name that an engine would not take.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "MILLRACE_INDEX={0:?} cannot name an index: use 1 to 100 of a-z, 0-9, `-`, `_` and `.`, a letter or digit first"
)]
pub struct InvalidIndexName(String);

impl Names {
    /// The names for what is called `index` outside, holding vectors of `space`.
    ///
    /// # Errors
    /// When no engine would take `index` as a name.
    pub fn new(index: &str, space: &Fingerprint) -> Result<Self, InvalidIndexName> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        let starts = index.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts || index.len() > 100 || !index.chars().all(allowed) {
            return Err(InvalidIndexName(index.to_owned()));
        }
        let mapping = MAPPING_VERSION.to_string();
        let generation =
            Fingerprint::of(&[("space", space.as_str()), ("mapping", &mapping)]).short().to_owned();
        Ok(Self { index: index.to_owned(), space: space.clone(), generation })
    }

    /// The space whose vectors these indexes hold.
    #[must_use]
    pub fn space(&self) -> &Fingerprint {
        &self.space
    }

    /// 12 characters that stand for the space and the mapping.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// The physical index: what readers query.
    #[must_use]
    pub fn physical(&self, target: Target) -> String {
        match target {
            Target::Chunks => format!("{}-{}", self.index, self.generation),
            Target::Documents => format!("{}-{}-documents", self.index, self.generation),
        }
    }

    /// The alias that writers write to. It goes when its index is deleted, so that the write fails.
    #[must_use]
    pub fn write_alias(&self, target: Target) -> String {
        format!("{}-write", self.physical(target))
    }

    /// The index of what people defined by name, the same for every generation.
    #[must_use]
    pub fn catalog(&self) -> String {
        format!("{}-catalog", self.index)
    }

    /// What the indexes are called outside.
    #[must_use]
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The alias for clients outside. This system never queries it.
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

    #[test]
    fn names_tell_generations_apart() {
        let names = Names::new("millrace", &Fingerprint::of(&[("model", "a")])).unwrap();
        let other = Names::new("millrace", &Fingerprint::of(&[("model", "b")])).unwrap();
        assert_eq!(names.physical(Target::Chunks), format!("millrace-{}", names.generation()));
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
            assert!(Names::new(index, &Fingerprint::of(&[])).is_err(), "{index:?}");
        }
    }
}
