//! What somebody saw before deciding what to serve next.

use super::RuleRefusal;
use crate::state::{GenerationKey, Registry};

/// What was served when somebody decided what to serve next. Minutes may pass from then to the commit point, and somebody else
/// may decide otherwise meanwhile: who is later has to see that first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServedBasis {
    /// Its sequence; none before the first generation.
    sequence: Option<u64>,
}

impl ServedBasis {
    /// What is served as `index` now.
    #[must_use]
    pub fn of(registry: &Registry, index: &str) -> Self {
        Self { sequence: registry.serving(index).map(|serving| serving.sequence) }
    }

    /// Checks, before a promotion, that nothing was promoted or rolled back since. Where that very generation is served by now,
    /// nobody is overruled.
    ///
    /// # Errors
    /// When something was.
    pub fn check(self, registry: &Registry, key: GenerationKey<'_>) -> Result<(), RuleRefusal> {
        let serving = registry.serving(key.index);
        if Self::of(registry, key.index) == self || serving.is_some_and(|serving| serving.id == key.id) {
            return Ok(());
        }
        let now = serving.map_or_else(
            || "nothing is served now".to_owned(),
            |serving| format!("{} is served now, by {}", serving.id, serving.by),
        );
        Err(RuleRefusal::Otherwise(format!(
            "what is served was changed meanwhile ({now}), so that {} is not promoted: look again, and then \
             try again",
            key.id
        )))
    }
}

#[cfg(test)]
mod tests {
    use message::{RegistryEntry, ServingEntry};

    use super::*;

    fn then(registry: &Registry, id: &str, sequence: u64) -> Registry {
        let (index, id, by) = ("docs".to_owned(), id.to_owned(), "maria".to_owned());
        let entry = RegistryEntry::Serving(ServingEntry { index, id, previous: None, sequence, by, at: 1 });
        let mut registry = registry.clone();
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
        registry
    }

    #[test]
    fn what_somebody_else_served_meanwhile_is_not_overruled() {
        let (none, key) = (Registry::default(), GenerationKey { index: "docs", id: "new" });
        let seen = then(&none, "old", 1);
        let basis = ServedBasis::of(&seen, "docs");
        assert_eq!(basis.check(&seen, key), Ok(()));
        // Promoted and gone back from: the same one is served, and yet somebody has decided.
        for now in [then(&seen, "other", 2), then(&seen, "old", 3)] {
            let refused = basis.check(&now, key).unwrap_err().to_string();
            assert!(refused.contains("by maria") && refused.contains("look again"), "{refused}");
        }
        // Somebody else wanted the same.
        assert_eq!(basis.check(&then(&seen, "new", 2), key), Ok(()));
        let first = ServedBasis::of(&none, "docs");
        assert_eq!(first.check(&none, key), Ok(()));
        assert!(first.check(&seen, key).is_err());
    }
}
