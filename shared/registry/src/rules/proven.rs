//! What a proof says of a model.

use message::{ModelEntry, ModelState, RegistryEntry};

use super::{RuleRefusal, enter_model, mark_model};
use crate::state::Registry;

/// Enters a model as its proof judged it: accepted, or refused with the reason. Its scores are added to those that are known of
/// it. One that was refused before and is refused again keeps the first reason.
///
/// # Errors
/// When it was refused before and is accepted now (proofs that are repeated until one succeeds prove nothing), or it is refused
/// and what is served is built with it.
pub fn enter_proven(registry: &Registry, model: &ModelEntry) -> Result<Vec<RegistryEntry>, RuleRefusal> {
    let known = registry.model(&model.fingerprint);
    let entries = match (known.map(|there| there.state), model.state) {
        (Some(ModelState::Refused), ModelState::Refused) => return Ok(Vec::new()),
        // What is accepted stays so when it is entered again: it has to be marked.
        (Some(ModelState::Accepted), ModelState::Refused) => {
            mark_model(registry, &model.fingerprint, (model.state, model.reason.clone()))?
        }
        _ => enter_model(registry, model.clone())?,
    };
    let with_scores = |mut entry: RegistryEntry| {
        if let RegistryEntry::Model(entry) = &mut entry {
            entry.scores.extend(model.scores.clone());
        }
        entry
    };
    Ok(entries.into_iter().map(with_scores).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use message::Fingerprint;

    use super::*;

    fn model(state: ModelState, gain: f64) -> ModelEntry {
        ModelEntry {
            fingerprint: Fingerprint::of(&[("weights", "a")]),
            name: "domain".to_owned(),
            bundle: Some("docs/.millrace/models/a/".to_owned()),
            files: BTreeMap::new(),
            dimension: 8,
            max_tokens: 16,
            scores: BTreeMap::from([("golden vector ndcg@10 gain".to_owned(), gain)]),
            state,
            reason: (state == ModelState::Refused).then(|| "no gain".to_owned()),
        }
    }

    fn after(registry: &Registry, entries: Vec<RegistryEntry>) -> Registry {
        let mut next = registry.clone();
        for entry in entries {
            next.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
        }
        next
    }

    fn entered(before: Option<ModelEntry>, proven: &ModelEntry) -> Result<ModelEntry, RuleRefusal> {
        let registry = after(&Registry::default(), before.into_iter().map(RegistryEntry::Model).collect());
        let after = after(&registry, enter_proven(&registry, proven)?);
        Ok(after.model(&proven.fingerprint).unwrap().clone())
    }

    #[test]
    fn a_proof_decides_about_a_new_model_and_about_a_candidate_and_its_scores_are_kept() {
        let candidate = ModelEntry {
            scores: BTreeMap::from([("scifact ndcg@10".to_owned(), 0.6)]),
            ..model(ModelState::Candidate, 0.0)
        };
        for (before, known) in [(None, 1), (Some(candidate), 2)] {
            for state in [ModelState::Accepted, ModelState::Refused] {
                let found = entered(before.clone(), &model(state, 0.04)).unwrap();
                assert_eq!((found.state, found.scores.len()), (state, known));
                assert_eq!(found.reason.is_some(), state == ModelState::Refused);
                assert!((found.scores["golden vector ndcg@10 gain"] - 0.04).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_was_accepted_can_be_refused_and_what_was_refused_stays() {
        let (accepted, refused) = (ModelState::Accepted, ModelState::Refused);
        let found = entered(Some(model(accepted, 0.1)), &model(refused, -0.1)).unwrap();
        assert_eq!((found.state, found.reason.as_deref()), (refused, Some("no gain")));
        assert!(found.scores["golden vector ndcg@10 gain"] < 0.0);
        let error = entered(Some(model(refused, -0.1)), &model(accepted, 0.1)).unwrap_err().to_string();
        assert!(error.contains("was refused (no gain)") && error.contains("model accept"), "{error}");
        let before = ModelEntry { reason: Some("the first".to_owned()), ..model(refused, -0.1) };
        assert_eq!(entered(Some(before.clone()), &model(refused, -0.2)).unwrap(), before);
    }
}
