//! Everything that the registry knows of one model. Pure.

use message::{GenerationEntry, ModelEntry, TrainingRun};
use registry::Registry;
use registry::rules::word as state_of;
use serde::Serialize;
use serde_json::Value;

use super::word;
use crate::command::train::runs::time_of;

/// What is shown in a line of its own, in words.
const SHOWN: [&str; 9] =
    ["fingerprint", "name", "bundle", "files", "dimension", "max_tokens", "scores", "state", "reason"];

/// A model, and what was made of it.
#[derive(Debug, Serialize)]
pub(super) struct KnownOfModel<'a> {
    model: &'a ModelEntry,
    /// The generations with its vectors, of every index, oldest first.
    generations: Vec<&'a GenerationEntry>,
    /// Those of them that are served, as `INDEX-ID`.
    served: Vec<String>,
    /// The runs of this index that gave it, oldest first.
    runs: Vec<&'a TrainingRun>,
}

impl<'a> KnownOfModel<'a> {
    /// What the registry knows.
    pub(super) fn of(registry: &'a Registry, index: &'a str, model: &'a ModelEntry) -> Self {
        let of_it = registry.all_generations().filter(|entry| entry.model == model.fingerprint);
        let mut generations: Vec<&GenerationEntry> = of_it.collect();
        generations.sort_by_key(|entry| entry.since);
        let served = generations.iter().filter(|entry| registry.is_served(entry));
        let served = served.map(|entry| named(entry)).collect();
        let gave = registry.runs(index).filter(|run| run.model.as_ref() == Some(&model.fingerprint));
        let mut runs: Vec<&TrainingRun> = gave.collect();
        runs.sort_by_key(|run| run.since);
        Self { model, generations, served, runs }
    }

    /// The same for people.
    ///
    /// # Errors
    /// When the model is no JSON.
    pub(super) fn lines(&self) -> Result<Vec<String>, serde_json::Error> {
        let model = self.model;
        let reason = model.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let line = |what: &str, text: &str| format!("  {what:<12} {text}");
        let mut lines = vec![format!("{} is {}{reason}", model.name, word(model.state))];
        lines.push(line("fingerprint", model.fingerprint.as_str()));
        let bundle = model.bundle.as_deref().unwrap_or("only on the disks of workers");
        lines.push(line("bundle", bundle));
        lines.push(line(
            "vectors",
            &format!("{} numbers, of passages of at most {} tokens", model.dimension, model.max_tokens),
        ));
        lines
            .extend(model.scores.iter().map(|(name, score)| line("score", &format!("{score:>8.4}  {name}"))));
        // What a later release adds is shown as it stands.
        if let Value::Object(fields) = serde_json::to_value(model)? {
            let others = fields.iter().filter(|(name, _)| !SHOWN.contains(&name.as_str()));
            lines.extend(others.map(|(name, value)| line(name, &value.to_string())));
        }
        lines.extend(self.generations.iter().map(|entry| line("generation", &self.generation(entry))));
        lines.extend(self.runs.iter().map(|run| line("run", &told(run))));
        Ok(lines)
    }

    fn generation(&self, entry: &GenerationEntry) -> String {
        let name = named(entry);
        let served = if self.served.contains(&name) { ", served" } else { "" };
        let reason = entry.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{name} is {}{served}, since {}{reason}", state_of(entry.state), time_of(entry.since))
    }
}

fn named(entry: &GenerationEntry) -> String {
    format!("{}-{}", entry.index, entry.id)
}

fn told(run: &TrainingRun) -> String {
    let data = run.data.as_deref().map(|data| format!(" on the data {data}")).unwrap_or_default();
    let reason = run.reason.as_deref().map(|reason| format!("; begun: {reason}")).unwrap_or_default();
    let outcome = run.outcome.as_deref().map(|outcome| format!("; {outcome}")).unwrap_or_default();
    let (state, since, base) = (run.state.word(), time_of(run.since), run.base.short());
    format!("{} trained {base}{data} and is {state} since {since}{reason}{outcome}", run.id)
}

#[cfg(test)]
mod tests {
    use message::{BuildState, RunState};

    use super::*;
    use crate::command::keep_up::made::{Made, of};

    #[test]
    fn all_that_is_known_of_a_model_is_shown_and_nothing_of_another() {
        let made = Made::default()
            .model("old", "accepted")
            .model("new", "accepted")
            .generation("old", 0, BuildState::Built, 1)
            .generation("new", 0, BuildState::Retired, 2)
            .generation("new", 1, BuildState::Built, 3)
            .serving("new", 1, Some(("old", 0)), 4)
            .run("0000000000aa", RunState::Accepted, Some("new"), 5)
            .run("0000000000bb", RunState::Refused, Some("old"), 6);
        let registry = made.registry();
        let known = KnownOfModel::of(&registry, "docs", registry.model(&of("new")).unwrap());
        let text = known.lines().unwrap().join("\n");
        let (gone, served) = (Made::id("new", 0), Made::id("new", 1));
        for part in [
            "new is accepted".to_owned(),
            of("new").to_string(),
            "documents/.millrace/models/new/".to_owned(),
            "384 numbers".to_owned(),
            "0.7100  golden vector ndcg@10".to_owned(),
            format!("docs-{gone} is retired, since 1970"),
            format!("docs-{served} is built, served, since"),
            "0000000000aa trained".to_owned(),
        ] {
            assert!(text.contains(&part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("0000000000bb") && !text.contains(&Made::id("old", 0)), "{text}");
        let json = serde_json::to_value(&known).unwrap();
        assert_eq!(json["served"], serde_json::json!([format!("docs-{served}")]));
        assert_eq!(json["model"]["scores"]["golden vector ndcg@10"], 0.71);
        assert_eq!(
            (json["generations"].as_array().unwrap().len(), json["runs"][0]["id"].as_str()),
            (2, Some("0000000000aa"))
        );
    }
}
