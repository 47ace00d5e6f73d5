//! What a registry holds, for tests: of the index `docs`, with models that are named by a word.

use generation::Generation;
use message::{
    BuildState, ChangeAuthor, DriftReport, FillSource, Fingerprint, GenerationEntry, IndexMapping,
    RegistryEntry, RunState, ServingEntry,
};
use registry::Registry;
use serde_json::json;

/// A registry's entries, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(in crate::command) struct Made(Vec<RegistryEntry>);

/// The fingerprint of a model.
pub(in crate::command) fn of(model: &str) -> Fingerprint {
    Fingerprint::of(&[("model", model)])
}

/// A generation with the vectors of a model.
pub(in crate::command) fn generation(model: &str, instance: u32) -> Generation {
    Generation {
        chunking: Fingerprint::of(&[("chunking", "c")]),
        space: Fingerprint::of(&[("space", model)]),
        dimension: 384,
        model: of(model),
        name: model.to_owned(),
        mapping: IndexMapping { instance, ..IndexMapping::of(4) },
    }
}

/// A report of the space of `old`, and whether it asks for a training.
pub(in crate::command) fn drift_report(until: u64, signal: bool) -> DriftReport {
    let window = json!({ "from": 0, "until": until, "passages": 512, "documents": 300, "questions": 0 });
    let signals = ["fewer are found", "more are bad"].map(
        |evidence| json!({ "name": "own_opening", "since": until, "windows": 3, "of": 4, "evidence": evidence }),
    );
    let signals = if signal { &signals[..] } else { &[] };
    let report = json!({
        "index": "docs", "generation": Made::id("old", 0), "space": generation("old", 0).space, "reference": window,
        "current": window, "signal": signal, "signals": signals, "text": "all of it",
    });
    serde_json::from_value(report).unwrap()
}

impl Made {
    fn and(mut self, entry: RegistryEntry) -> Self {
        self.0.push(entry);
        self
    }

    /// A model whose bundle is in the store.
    pub(in crate::command) fn model(self, name: &str, state: &str) -> Self {
        let entry = json!({
            "kind": "model", "fingerprint": of(name), "name": name, "state": state, "dimension": 384, "max_tokens": 256,
            "bundle": format!("documents/.millrace/models/{name}/"), "scores": { "golden vector ndcg@10": 0.71 },
        });
        self.and(serde_json::from_value(entry).unwrap())
    }

    /// A model that is only on disks.
    pub(in crate::command) fn model_on_disk(self, name: &str) -> Self {
        let entry = json!({
            "kind": "model", "fingerprint": of(name), "name": name, "state": "accepted", "dimension": 384, "max_tokens": 256,
        });
        self.and(serde_json::from_value(entry).unwrap())
    }

    /// The id of a generation.
    pub(in crate::command) fn id(model: &str, instance: u32) -> String {
        generation(model, instance).short()
    }

    /// A generation.
    pub(in crate::command) fn generation(
        self,
        model: &str,
        instance: u32,
        state: BuildState,
        since: u64,
    ) -> Self {
        let author = ChangeAuthor { by: "maria".to_owned(), at: since };
        let entry = generation(model, instance).entry("docs", FillSource::Chunks, &author);
        self.and(RegistryEntry::Generation(GenerationEntry { state, since, ..entry }))
    }

    /// What is served, and what was before.
    pub(in crate::command) fn serving(
        self,
        model: &str,
        instance: u32,
        previous: Option<(&str, u32)>,
        at: u64,
    ) -> Self {
        self.and(RegistryEntry::Serving(ServingEntry {
            index: "docs".to_owned(),
            id: Self::id(model, instance),
            previous: previous.map(|(model, instance)| Self::id(model, instance)),
            sequence: at,
            by: "maria".to_owned(),
            at,
        }))
    }

    /// A run that began with the model `old`.
    pub(in crate::command) fn run(self, id: &str, state: RunState, model: Option<&str>, since: u64) -> Self {
        let entry = json!({
            "kind": "run", "id": id, "index": "docs", "trainer": "local", "base": of("old"), "model": model.map(of),
            "state": state, "since": since, "by": "maria",
        });
        self.and(serde_json::from_value(entry).unwrap())
    }

    /// The run that was entered last was about this data, and ended so.
    pub(in crate::command) fn ended(mut self, data: &str, outcome: &str) -> Self {
        if let Some(RegistryEntry::Run(run)) = self.0.last_mut() {
            (run.data, run.outcome) = (Some(data.to_owned()), Some(outcome.to_owned()));
        }
        self
    }

    /// The registry.
    pub(in crate::command) fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        for (entry, at) in self.0.iter().zip(1..) {
            registry.take(&entry.key(), Some(&serde_json::to_vec(entry).unwrap()), at).unwrap();
        }
        registry
    }
}
