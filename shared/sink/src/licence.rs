//! What the licence of an Elasticsearch lets it do with a model of one's own: `_license` alone tells it. Pure, but for the one
//! request, by [`Patient`](crate::patient::Patient).
//!
//! By the engine's source: a model that somebody uploads needs Platinum (`MachineLearningField.ML_API_FEATURE`), and `_inference`,
//! since 8.18, Enterprise (`InferencePlugin.INFERENCE_API_FEATURE`). A trial has both.

use serde::Deserialize;
use serde_json::Value;

use crate::elasticsearch::ElasticsearchSettings;
use crate::error::SinkError;
use crate::settings::RequestSettings;
use crate::wire::{Body, Method};

const PATH: &str = "_license";
/// Longest that the one request may take, in seconds: nobody waits for a remark.
const BRIEF: u64 = 10;

/// What an Elasticsearch may do with a model that somebody uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelOffer {
    /// Nothing.
    Nothing,
    /// It runs it, for pipelines and for questions, and has no endpoint for it.
    Running,
    /// It runs it, and serves it by `_inference`, too.
    Inference,
}

impl ModelOffer {
    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Running => "running",
            Self::Inference => "inference",
        }
    }
}

/// The licence of an Elasticsearch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EngineLicence {
    /// Its type, such as `basic`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status, such as `active`.
    pub status: String,
}

impl EngineLicence {
    /// The licence that an answer of `_license` tells, if it does.
    fn of(answer: &Value) -> Option<Self> {
        Self::deserialize(answer.get("license")?).ok()
    }

    /// What it lets the engine do with a model that somebody uploads. One that has ended lets it do nothing.
    #[must_use]
    pub fn offer(&self) -> ModelOffer {
        match (self.status.as_str(), self.kind.as_str()) {
            ("active", "enterprise" | "trial") => ModelOffer::Inference,
            ("active", "platinum") => ModelOffer::Running,
            _ => ModelOffer::Nothing,
        }
    }
}

impl ElasticsearchSettings {
    /// Asks, once and not for long, for the engine's licence; none when it is without licences (no x-pack, or another product), and
    /// so without what they allow.
    ///
    /// # Errors
    /// When the settings are invalid, or the engine does not tell.
    pub async fn licence(&self, requests: &RequestSettings) -> Result<Option<EngineLicence>, SinkError> {
        let request_timeout = requests.request_timeout.min(BRIEF);
        let once = RequestSettings { request_timeout, retry_budget: 0, ..requests.clone() };
        let patient = self.patient(&once)?;
        let response = patient.send(Method::Get, PATH, &Body::Empty).await?;
        match response.status {
            200 => {}
            // Without x-pack the path is taken for the name of an index, which none may have.
            400 | 405 => return Ok(None),
            _ => return Err(patient.refused(&response, PATH)),
        }
        let licence = EngineLicence::of(&patient.json(&response)?);
        let no_licence = || SinkError::Rejected {
            url: patient.url().to_owned(),
            operation: PATH.to_owned(),
            status: response.status,
            cause: "no licence in the answer".to_owned(),
        };
        licence.map(Some).ok_or_else(no_licence)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offer(kind: &str, status: &str) -> ModelOffer {
        // As an engine answers: with more than is read here.
        let licence = json!({"status": status, "uid": "u", "type": kind, "max_nodes": 1000});
        EngineLicence::of(&json!({ "license": licence })).unwrap().offer()
    }

    #[test]
    fn each_licence_offers_what_it_pays_for_while_it_lasts() {
        for kind in ["basic", "standard", "gold", "something_new"] {
            assert_eq!(offer(kind, "active"), ModelOffer::Nothing, "{kind}");
        }
        assert_eq!(offer("platinum", "active"), ModelOffer::Running);
        for kind in ["enterprise", "trial"] {
            assert_eq!(offer(kind, "active"), ModelOffer::Inference, "{kind}");
        }
        for status in ["expired", "invalid"] {
            assert_eq!(offer("enterprise", status), ModelOffer::Nothing, "{status}");
        }
    }

    #[test]
    fn an_answer_without_a_licence_is_none() {
        for answer in [json!({}), json!({"license": {"type": "basic"}}), json!([]), Value::Null] {
            assert_eq!(EngineLicence::of(&answer), None, "{answer}");
        }
    }
}
