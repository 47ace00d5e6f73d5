//! What ML Commons answers. Pure.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::bodies::OUTPUT;

/// What an answer lacks that it has to have, for people.
pub(super) type Odd = String;

/// How far a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostedState {
    /// Pieces are missing.
    Uploading,
    /// It is whole, and no node runs it.
    Whole,
    /// Nodes load it.
    Deploying,
    /// Nodes run it.
    Deployed,
}

impl HostedState {
    /// Of the word of ML Commons (`MLModelState`).
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "REGISTERING" | "UPLOADING" => Self::Uploading,
            "REGISTERED" | "UPLOADED" | "UNDEPLOYED" | "UNLOADED" | "DEPLOY_FAILED" | "LOAD_FAILED" => {
                Self::Whole
            }
            "DEPLOYING" | "LOADING" => Self::Deploying,
            // Partially: a node that was started anew loads it again by itself.
            "DEPLOYED" | "PARTIALLY_DEPLOYED" | "LOADED" | "PARTIALLY_LOADED" => Self::Deployed,
            _ => return None,
        })
    }
}

/// A model that ML Commons knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownModel {
    /// Its id.
    pub(super) id: String,
    /// SHA-256 of its file.
    pub(super) digest: String,
    /// How far it is.
    pub(super) state: HostedState,
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaskStand {
    /// It goes on.
    Going,
    /// It is done; the model that it was about, where it names one.
    Done(Option<String>),
    /// It ended otherwise; why.
    Failed(String),
}

/// What is done with the models of a group before another is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The whole model that is the same, if there is one.
    pub(super) same: Option<String>,
    /// Models whose upload ended before its end.
    pub(super) halves: Vec<String>,
}

/// The field of an answer that holds an id.
pub(super) fn id_of(answer: &Value, field: &str) -> Result<String, Odd> {
    let id = answer.get(field).and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| format!("an answer without {field}: {answer}"))
}

/// The id of the group that a search found.
pub(super) fn group_of(answer: &Value) -> Option<String> {
    answer.pointer("/hits/hits/0/_id")?.as_str().map(str::to_owned)
}

/// The models that a search found, in its order.
pub(super) fn models_of(answer: &Value) -> Result<Vec<KnownModel>, Odd> {
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array);
    let hits = hits.ok_or_else(|| format!("an answer without hits: {answer}"))?;
    hits.iter()
        .map(|hit| {
            let source = hit.get("_source").cloned().unwrap_or_default();
            known(&id_of(hit, "_id")?, &source)
        })
        .collect()
}

/// A model by its own answer.
pub(super) fn known(id: &str, answer: &Value) -> Result<KnownModel, Odd> {
    #[derive(Deserialize)]
    struct Model {
        model_state: String,
        #[serde(default)]
        model_content_hash_value: String,
    }
    let model: Model =
        serde_json::from_value(answer.clone()).map_err(|error| format!("the model {id}: {error}"))?;
    let state = HostedState::of(&model.model_state);
    let state =
        state.ok_or_else(|| format!("the model {id} is in the unknown state {}", model.model_state))?;
    Ok(KnownModel { id: id.to_owned(), digest: model.model_content_hash_value, state })
}

/// Which of these models is the one of this digest, and which are not worth keeping.
pub(super) fn choose(models: &[KnownModel], digest: &str) -> Choice {
    let is_half = |model: &&KnownModel| model.state == HostedState::Uploading;
    let whole = models.iter().filter(|model| !is_half(model) && model.digest == digest);
    // One that runs already is better than one that has to be loaded; the newest otherwise.
    let best =
        whole.clone().find(|model| model.state == HostedState::Deployed).or_else(|| whole.clone().next());
    Choice {
        same: best.map(|model| model.id.clone()),
        halves: models.iter().filter(is_half).map(|model| model.id.clone()).collect(),
    }
}

/// The models, newest first, that are beyond the `keep` newest. `current` is always kept, and is one of them.
pub(super) fn beyond<'a>(models: &'a [KnownModel], keep: usize, current: &str) -> Vec<&'a KnownModel> {
    models.iter().filter(|model| model.id != current).skip(keep.saturating_sub(1)).collect()
}

/// The models by which pipelines, or fields of mappings, embed, wherever in them these are named.
pub(super) fn model_ids(users: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![users];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                let names = ["model_id", "default_model_id", "search_model_id"].map(|name| fields.get(name));
                found.extend(names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
                left.extend(fields.values());
            }
            Value::Array(items) => left.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

/// How a task stands (`MLTaskState`).
pub(super) fn task(answer: &Value) -> Result<TaskStand, Odd> {
    let state = id_of(answer, "state")?;
    let error = || {
        let error = answer.get("error").and_then(Value::as_str).unwrap_or_default();
        format!("the task ended as {state}{}", cause_of(error))
    };
    Ok(match state.as_str() {
        "CREATED" | "RUNNING" | "CANCELLING" => TaskStand::Going,
        "COMPLETED" => TaskStand::Done(answer.get("model_id").and_then(Value::as_str).map(str::to_owned)),
        // COMPLETED_WITH_ERROR: some nodes run it and some do not; which of them answers is chance.
        _ => TaskStand::Failed(error()),
    })
}

/// The error of a task, which may be JSON: what each node says.
fn cause_of(error: &str) -> String {
    let by_node: Option<serde_json::Map<String, Value>> = serde_json::from_str(error).ok();
    let Some(by_node) = by_node else {
        return if error.is_empty() {
            " and gave no reason: its nodes' logs have it".to_owned()
        } else {
            format!(": {error}")
        };
    };
    let mut causes: Vec<&str> = by_node.values().filter_map(Value::as_str).collect();
    causes.sort_unstable();
    causes.dedup();
    format!(": {} (on {} nodes)", causes.join("; "), by_node.len())
}

/// The vectors of a prediction, one for each text.
pub(super) fn vectors_of(answer: &Value, texts: usize) -> Result<Vec<Vec<f32>>, Odd> {
    #[derive(Deserialize)]
    struct Tensor {
        name: Option<String>,
        data: Vec<f32>,
    }
    #[derive(Deserialize)]
    struct Tensors {
        #[serde(default)]
        output: Vec<Tensor>,
    }
    #[derive(Deserialize)]
    struct Prediction {
        inference_results: Vec<Tensors>,
    }
    let prediction: Prediction = serde_json::from_value(answer.clone())
        .map_err(|error| format!("an answer without vectors: {error}"))?;
    if prediction.inference_results.len() != texts {
        return Err(format!("{texts} texts were sent and {} answered", prediction.inference_results.len()));
    }
    let vector = |tensors: Tensors| {
        let named = tensors.output.into_iter().find(|tensor| tensor.name.as_deref() == Some(OUTPUT));
        named.map(|tensor| tensor.data).ok_or_else(|| {
            format!("the model gives no output called {OUTPUT}: it has to return a dict with that one key; export it again")
        })
    };
    prediction.inference_results.into_iter().map(vector).collect()
}

#[cfg(test)]
mod tests;
