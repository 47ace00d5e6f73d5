//! What a promotion was decided upon, and how far one has got. Pure.

use message::ModelState;
use registry::rules::{self, ServedBasis};
use registry::{GenerationKey, Registry};

/// What was the case when somebody decided to promote. Minutes pass from then to the commit point, and a person may decide
/// otherwise meanwhile: that is not overruled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) struct PromotionBasis {
    /// What was served.
    served: ServedBasis,
    /// Whether the model was accepted, and has to be so still.
    is_accepted: bool,
}

impl PromotionBasis {
    /// What is the case now, and what a program decides upon: that the model is accepted.
    pub(in crate::command) fn of(registry: &Registry, index: &str) -> Self {
        Self { is_accepted: true, ..Self::seen(registry, index) }
    }

    /// What a person sees now, who promotes what is built, whatever became of its model.
    pub(super) fn seen(registry: &Registry, index: &str) -> Self {
        Self { served: ServedBasis::of(registry, index), is_accepted: false }
    }

    /// Why the generation is not to be promoted any more: something else was since, or its model is not accepted.
    pub(super) fn moved(self, registry: &Registry, key: GenerationKey<'_>) -> Option<String> {
        if let Err(moved) = self.served.check(registry, key) {
            return Some(moved.to_string());
        }
        if !self.is_accepted {
            return None;
        }
        let id = key.id;
        let model = &registry.generation(key)?.model;
        let is_accepted = registry.model(model).is_some_and(|model| model.state == ModelState::Accepted);
        (!is_accepted).then(|| format!("the model {} of {id} is not accepted any more", model.short()))
    }
}

/// How far a promotion has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PromotionReach {
    /// Every process that answers does so by it.
    Everywhere,
    /// These do not yet.
    Late(Vec<String>),
    /// Something else was promoted since.
    Overtaken {
        /// Which is served.
        serving: String,
    },
}

/// How far the promotion with this sequence has got, by what was heard. `now` is the broker's time.
pub(super) fn reach(registry: &Registry, index: &str, sequence: u64, now: i64) -> PromotionReach {
    let Some(serving) = registry.serving(index).filter(|serving| serving.sequence >= sequence) else {
        return PromotionReach::Late(vec!["this command, which has not heard of it".to_owned()]);
    };
    if serving.sequence > sequence {
        return PromotionReach::Overtaken { serving: serving.id.clone() };
    }
    let late = rules::behind(registry, index, now);
    if late.is_empty() { PromotionReach::Everywhere } else { PromotionReach::Late(late) }
}

#[cfg(test)]
mod tests {
    use message::{BuildState, ReadyEntry, RegistryEntry};

    use super::*;
    use crate::command::keep_up::made::Made;

    /// `old` is served, and `new` is built.
    fn made() -> Made {
        Made::default()
            .model("old", "accepted")
            .model("new", "accepted")
            .generation("old", 0, BuildState::Built, 1)
            .generation("new", 0, BuildState::Built, 2)
            .serving("old", 0, None, 10)
    }

    fn moved(basis: PromotionBasis, made: &Made) -> Option<String> {
        basis.moved(&made.registry(), GenerationKey { index: "docs", id: &Made::id("new", 0) })
    }

    #[test]
    fn what_a_person_changed_since_the_look_ends_a_promotion() {
        let basis = PromotionBasis::of(&made().registry(), "docs");
        assert_eq!(moved(basis, &made()), None);
        // Promoted and gone back from: the same generation is served, and yet a person has decided.
        let back = made().serving("new", 0, Some(("old", 0)), 11).serving("old", 0, Some(("new", 0)), 12);
        assert!(moved(basis, &back).unwrap().contains("was changed meanwhile"));
        let refused = moved(basis, &made().model("new", "refused")).unwrap();
        assert!(refused.contains("is not accepted any more"), "{refused}");
        // A person knows what became of the model, and sees the same of what is served.
        let seen = PromotionBasis::seen(&made().registry(), "docs");
        assert_eq!(moved(seen, &made().model("new", "refused")), None);
        assert_eq!(moved(seen, &back), moved(basis, &back));
        // The first generation was entered meanwhile.
        let none = PromotionBasis::of(&Registry::default(), "docs");
        assert!(moved(none, &made()).is_some());
    }

    #[test]
    fn a_promotion_is_everywhere_late_or_overtaken() {
        let ready = |registry: &mut Registry, sequence| {
            let loaded = vec![Made::id("new", 0)];
            let entry = ReadyEntry { instance: "one".to_owned(), index: "docs".to_owned(), loaded, sequence };
            let entry = RegistryEntry::Ready(entry);
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 50).unwrap();
        };
        let served = made().serving("new", 0, Some(("old", 0)), 11);
        let mut registry = served.registry();
        assert_eq!(reach(&registry, "docs", 11, 60), PromotionReach::Everywhere);
        ready(&mut registry, 10);
        assert_eq!(reach(&registry, "docs", 11, 60), PromotionReach::Late(vec!["one".to_owned()]));
        ready(&mut registry, 11);
        assert_eq!(reach(&registry, "docs", 11, 60), PromotionReach::Everywhere);
        // A reader that is behind names itself, so that nobody reads an empty name.
        let PromotionReach::Late(late) = reach(&made().registry(), "docs", 11, 60) else {
            panic!("it was not heard")
        };
        assert!(late[0].starts_with("this command"), "{late:?}");
        let back = served.serving("old", 0, Some(("new", 0)), 12).registry();
        assert_eq!(reach(&back, "docs", 11, 60), PromotionReach::Overtaken { serving: Made::id("old", 0) });
    }
}
