//! What Elasticsearch could do with the same model, by its licence. It is said, and done by a person: Elasticsearch takes a model by
//! `eland` alone, and the one on this machine has no licence to try it with.

use serde_json::{Value, json};
use sink::{EngineKind, EngineLicence, ModelOffer, SinkError};

use crate::cli::RegisterModel;

/// What an Elasticsearch said of its licence: it may be without licences.
#[derive(Debug)]
pub(super) struct LicenceWord(Result<Option<EngineLicence>, SinkError>);

/// Asks Elasticsearch, where it is one of the engines.
pub(super) async fn asked(ask: &RegisterModel) -> Option<LicenceWord> {
    if !ask.engines.written.contains(&EngineKind::Elasticsearch) {
        return None;
    }
    Some(LicenceWord(ask.engines.elasticsearch.licence(&ask.requests).await))
}

impl LicenceWord {
    fn offer(&self) -> Option<ModelOffer> {
        let licence = self.0.as_ref().ok()?;
        Some(licence.as_ref().map_or(ModelOffer::Nothing, EngineLicence::offer))
    }

    /// What it is, for people.
    fn name(&self) -> String {
        match &self.0 {
            Ok(Some(EngineLicence { kind, status })) if status == "active" => format!("licence {kind}"),
            Ok(Some(EngineLicence { kind, status })) => format!("licence {kind}, {status}"),
            Ok(None) => "no licence".to_owned(),
            Err(SinkError::Unavailable { url, cause, .. }) => format!("{url} does not answer: {cause}"),
            Err(error) => error.to_string(),
        }
    }

    /// What it means for the model, for people.
    pub(super) fn line(&self, model: &str) -> String {
        let name = self.name();
        let import = format!(
            "eland's eland_import_hub_model (--task-type text_embedding --es-model-id {model}) imports it"
        );
        let unproved = "its vectors are then not compared with those here (workers/MODELS.md)";
        match self.offer() {
            Some(ModelOffer::Nothing) => format!(
                "Elasticsearch ({name}) cannot run it: that takes Platinum, and its _inference Enterprise; `millrace \
                 replicate-index` copies an index there, and questions are embedded by Millrace (`serve`, `millrace embed --query`)"
            ),
            Some(ModelOffer::Running) => format!(
                "Elasticsearch ({name}) could run it, too, without _inference, which takes Enterprise: {import}; {unproved}"
            ),
            Some(ModelOffer::Inference) => format!(
                "Elasticsearch ({name}) could run it, too: {import}, and PUT _inference/text_embedding/{model} serves it; {unproved}"
            ),
            None => format!("whether Elasticsearch could run it, too, is not known ({name})"),
        }
    }

    /// The same for programs: `offers` is `nothing`, `running` or `inference`, and null when it is not known.
    pub(super) fn as_json(&self) -> Value {
        let licence = self.0.as_ref().ok().and_then(Option::as_ref);
        let trouble = self.0.is_err().then(|| self.name());
        json!({
            "licence": licence.map(|licence| &licence.kind), "status": licence.map(|licence| &licence.status),
            "offers": self.offer().map(ModelOffer::word), "trouble": trouble,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(kind: &str, status: &str) -> LicenceWord {
        LicenceWord(Ok(Some(EngineLicence { kind: kind.to_owned(), status: status.to_owned() })))
    }

    #[test]
    fn each_licence_says_what_a_person_does() {
        for none in [word("basic", "active"), word("trial", "expired"), LicenceWord(Ok(None))] {
            let line = none.line("m");
            assert!(line.contains("cannot run it") && line.contains("replicate-index"), "{line}");
            assert!(!line.contains("eland"), "what is not allowed is not advised: {line}");
            assert_eq!(none.as_json()["offers"], "nothing");
        }
        assert!(word("trial", "expired").line("m").contains("(licence trial, expired)"));
        let line = word("platinum", "active").line("m");
        assert!(line.contains("eland_import_hub_model") && line.contains("--es-model-id m"), "{line}");
        assert!(line.contains("without _inference") && !line.contains("PUT"), "{line}");
        let line = word("trial", "active").line("m");
        assert!(line.contains("PUT _inference/text_embedding/m") && line.contains("eland"), "{line}");
        assert_eq!(word("enterprise", "active").as_json()["offers"], "inference");
    }

    #[test]
    fn what_is_not_told_is_not_guessed() {
        let (url, cause) = ("http://e:9200".to_owned(), "connection refused".to_owned());
        let away = LicenceWord(Err(SinkError::Unavailable { url, cause, retry_after: None }));
        let line = away.line("m");
        assert!(line.contains("not known") && line.contains("connection refused"), "{line}");
        assert!(!line.contains("tried again"), "nothing tries again: {line}");
        let expected = json!({"licence": null, "status": null, "offers": null,
            "trouble": "http://e:9200 does not answer: connection refused"});
        assert_eq!(away.as_json(), expected);
    }
}
