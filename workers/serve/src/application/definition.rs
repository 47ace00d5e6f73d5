//! Reads an application as a client defines it. Pure.

use serde_json::Value;

use super::object::{SettingObject, shown, wrong};
use super::{
    AnswerModel, AnswerWriter, Application, BUILT_IN, LONGEST_NAME, Offer, Retrieval, Retriever, is_name,
};
use crate::filters::Filters;
use crate::llm::EXTRACTIVE;
use crate::question::Wrong;

/// Maximum length of instructions in characters.
const LONGEST_INSTRUCTIONS: usize = 8_000;
/// Allowed limits on the tokens of an answer.
const ANSWER: std::ops::RangeInclusive<usize> = 1..=100_000;
/// Maximum number of models that are asked when the first is not available.
const MOST_FALLBACKS: usize = 3;
/// Maximum number of passages per question.
const MOST_PASSAGES: usize = 100;
/// Allowed context sizes in tokens: below, no passage fits beside the instructions; no model supports more.
const CONTEXT: std::ops::RangeInclusive<usize> = 512..=1_000_000;

impl Application {
    /// Parses a client's definition; `name` is the name in the path, if any.
    ///
    /// # Errors
    /// The first invalid field, by its path.
    pub fn read(body: &Value, name: Option<&str>, offer: &Offer<'_>) -> Result<Self, Wrong> {
        let root = SettingObject::of("", body)?;
        root.only(&["name", "retriever", "llm", "max_context_length", "instructions"])?;
        let context = root.number("max_context_length", "max_context_length", CONTEXT)?;
        Ok(Self {
            name: checked_name(root.text("name", "name")?.as_deref(), name)?,
            retriever: retriever(root.required("retriever", "retriever")?, offer)?,
            llm: writer(root.required("llm", "llm")?, offer)?,
            max_context_length: context.unwrap_or(4096),
            instructions: instructions(&root)?,
        })
    }
}

fn instructions(root: &SettingObject<'_>) -> Result<Option<String>, Wrong> {
    let text = root.text("instructions", "instructions")?.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if text.chars().count() > LONGEST_INSTRUCTIONS => {
            let message =
                format!("instructions are longer than {LONGEST_INSTRUCTIONS} characters: shorten them");
            Err(wrong("instructions", message))
        }
        text => Ok(text),
    }
}

fn checked_name(written: Option<&str>, path: Option<&str>) -> Result<String, Wrong> {
    let name = match (written, path) {
        (Some(written), Some(path)) if written != path => {
            return Err(wrong(
                "name",
                format!("name is {written:?} and the path says {path:?}: give one of them"),
            ));
        }
        (written, path) => written.or(path).ok_or_else(|| wrong("name", "name is missing".to_owned()))?,
    };
    if !is_name(name) {
        let message = format!(
            "name is {name:?}: use 1 to {LONGEST_NAME} of a-z, 0-9, `-`, `_` and `.`, a letter or digit first"
        );
        return Err(wrong("name", message));
    }
    if name == BUILT_IN {
        return Err(wrong("name", format!("name is {BUILT_IN:?}, which is always there: choose another")));
    }
    Ok(name.to_owned())
}

fn retriever(body: &Value, offer: &Offer<'_>) -> Result<Retriever, Wrong> {
    const FILTER: &str = "retriever.filter";
    let retriever = SettingObject::of("retriever", body)?;
    retriever.only(&["type", "index", "top_k", "rerank", "least_relevance", "filter"])?;
    let filter = match retriever.value("filter") {
        None => Filters::default(),
        Some(filter) => serde_json::from_value(filter.clone())
            .map_err(|error| wrong(FILTER, format!("{FILTER}: {error}")))?,
    };
    filter.clauses().map_err(|cause| wrong(FILTER, format!("{FILTER}: {cause}")))?;
    Ok(Retriever {
        kind: kind(&retriever)?,
        index: index(&retriever, offer)?,
        top_k: retriever.number("top_k", "retriever.top_k", 1..=MOST_PASSAGES)?.unwrap_or(5),
        rerank: retriever.truth("rerank", "retriever.rerank")?,
        least_relevance: retriever.fraction("least_relevance", "retriever.least_relevance", 0.0..=1.0)?,
        filter,
    })
}

fn kind(retriever: &SettingObject<'_>) -> Result<Retrieval, Wrong> {
    const PATH: &str = "retriever.type";
    let value = retriever.required("type", PATH)?;
    serde_json::from_value(value.clone())
        .map_err(|_| wrong(PATH, format!("{PATH} is {}: give vector, keyword, rrf or hybrid", shown(value))))
}

fn index(retriever: &SettingObject<'_>, offer: &Offer<'_>) -> Result<Option<String>, Wrong> {
    const PATH: &str = "retriever.index";
    let index = retriever.text("index", PATH)?;
    match index {
        Some(other) if other != offer.index => {
            let message = format!(
                "{PATH} is {other:?} and this server serves {:?}: name that, leave it out, or start a server with MILLRACE_INDEX={other}",
                offer.index
            );
            Err(wrong(PATH, message))
        }
        index => Ok(index),
    }
}

fn writer(body: &Value, offer: &Offer<'_>) -> Result<AnswerWriter, Wrong> {
    const FALLBACK: &str = "llm.fallback";
    let llm = SettingObject::of("llm", body)?;
    llm.only(&["provider", "model", "fallback", "temperature", "max_tokens", "mask"])?;
    let none = Vec::new();
    let fallback = match llm.value("fallback") {
        None => &none,
        Some(Value::Array(list)) if list.len() <= MOST_FALLBACKS => list,
        Some(other) => {
            let message =
                format!("{FALLBACK} is {}: give a list of at most {MOST_FALLBACKS} models", shown(other));
            return Err(wrong(FALLBACK, message));
        }
    };
    let fallback = fallback.iter().map(|body| {
        let next = SettingObject::of(FALLBACK, body)?;
        next.only(&["provider", "model"])?;
        answer_model(&next, offer)
    });
    Ok(AnswerWriter {
        first: answer_model(&llm, offer)?,
        fallback: fallback.collect::<Result<_, _>>()?,
        #[expect(clippy::cast_possible_truncation, reason = "a number from 0 to 2")]
        temperature: llm.fraction("temperature", "llm.temperature", 0.0..=2.0)?.map(|number| number as f32),
        max_tokens: llm.number("max_tokens", "llm.max_tokens", ANSWER)?,
        mask: llm.truth("mask", "llm.mask")?.unwrap_or_default(),
    })
}

fn answer_model(llm: &SettingObject<'_>, offer: &Offer<'_>) -> Result<AnswerModel, Wrong> {
    const PROVIDER: &str = "llm.provider";
    let provider = llm.text("provider", PROVIDER)?;
    let provider = provider.ok_or_else(|| wrong(PROVIDER, format!("{PROVIDER} is missing")))?;
    if !offer.providers.contains(&provider.as_str()) {
        let message = format!("{PROVIDER} is {provider:?}: give one of {}", offer.providers.join(", "));
        return Err(wrong(PROVIDER, message));
    }
    let model = llm.text("model", "llm.model")?.filter(|model| !model.trim().is_empty());
    if model.is_none() && provider != EXTRACTIVE {
        return Err(wrong("llm.model", format!("llm.model is missing: name a model of {provider}")));
    }
    Ok(AnswerModel { provider, model })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::question::Mode;

    fn read(body: &Value) -> Result<Application, Wrong> {
        let offer = Offer { index: "domain_vectors", providers: &["bailian", "openai", "extractive"] };
        Application::read(body, None, &offer)
    }

    fn documented() -> Value {
        json!({
            "name": "prod-chat", "retriever": {"type": "vector", "index": "domain_vectors", "top_k": 5},
            "llm": {"provider": "bailian", "model": "qwen-plus"}, "max_context_length": 4096,
        })
    }

    /// An application with everything that can be said.
    fn whole() -> Value {
        let mut body = documented();
        body["instructions"] = json!("Answer like a lawyer.");
        let retriever = body["retriever"].as_object_mut().unwrap();
        retriever.insert("rerank".to_owned(), json!(false));
        retriever.insert("least_relevance".to_owned(), json!(0.25));
        retriever.insert("filter".to_owned(), json!({"prefix": ["docs/hr/"], "since": "2026-11-01"}));
        let llm = body["llm"].as_object_mut().unwrap();
        llm.insert(
            "fallback".to_owned(),
            json!([{"provider": "openai", "model": "small"}, {"provider": "extractive"}]),
        );
        llm.insert("temperature".to_owned(), json!(0.5));
        llm.insert("max_tokens".to_owned(), json!(300));
        llm.insert("mask".to_owned(), json!(true));
        body
    }

    #[test]
    fn everything_that_can_be_said_is_read_and_written_as_it_was() {
        let application = read(&whole()).unwrap();
        assert_eq!(serde_json::to_value(&application).unwrap(), whole());
        let kept: Application = serde_json::from_value(whole()).unwrap();
        assert_eq!(kept, application);
        let writers: Vec<&str> = application.writers().map(AnswerModel::name).collect();
        assert_eq!(writers, ["qwen-plus", "small", "extractive"]);
        let question = application.question("Who?", &[]).unwrap();
        assert_eq!((question.filter.len(), question.rerank, question.size), (2, Some(false), 5));
    }

    #[test]
    fn the_documented_body_is_read_and_written_as_it_was() {
        let application = read(&documented()).unwrap();
        assert_eq!((application.retriever.kind.mode(), application.retriever.top_k), (Mode::Vector, 5));
        assert_eq!(serde_json::to_value(&application).unwrap(), documented());
        let short = json!({"name": "a", "retriever": {"type": "rrf"}, "llm": {"provider": "extractive"}});
        let application = read(&short).unwrap();
        assert_eq!((application.retriever.top_k, application.max_context_length), (5, 4096));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let cases: [(&str, Value, &str); 22] = [
            ("", json!([]), ""),
            ("/name", Value::Null, "name"),
            ("/name", json!("Prod Chat"), "name"),
            ("/name", json!("../x"), "name"),
            ("/name", json!("millrace"), "name"),
            ("/retriever", json!("vector"), "retriever"),
            ("/retriever/type", json!("magic"), "retriever.type"),
            ("/retriever/index", json!("other"), "retriever.index"),
            ("/retriever/top_k", json!(0), "retriever.top_k"),
            ("/retriever/top_k", json!("5"), "retriever.top_k"),
            ("/retriever/top_k", json!(101), "retriever.top_k"),
            ("/llm/provider", json!("magic"), "llm.provider"),
            ("/llm/model", json!(" "), "llm.model"),
            ("/max_context_length", json!(511), "max_context_length"),
            ("/max_context_length", json!(-1), "max_context_length"),
            ("/instructions", json!("a".repeat(8_001)), "instructions"),
            ("/retriever/rerank", json!("yes"), "retriever.rerank"),
            ("/retriever/least_relevance", json!(1.5), "retriever.least_relevance"),
            ("/retriever/filter", json!({"since": "yesterday"}), "retriever.filter"),
            ("/retriever/filter", json!({"prefixes": "docs/"}), "retriever.filter"),
            ("/llm/temperature", json!(3), "llm.temperature"),
            ("/llm/fallback", json!([{"provider": "magic"}]), "llm.provider"),
        ];
        for (path, value, field) in cases {
            let mut body = whole();
            *body.pointer_mut(path).unwrap() = value;
            let wrong = read(&body).unwrap_err();
            assert_eq!(wrong.field, field, "{path}: {wrong}");
        }
        let mut body = documented();
        body["retriever"]["topk"] = json!(3);
        assert!(read(&body).unwrap_err().message.contains("retriever.topk is not known"));
    }

    #[test]
    fn the_name_of_the_path_counts() {
        let offer = Offer { index: "domain_vectors", providers: &["bailian"] };
        let mut body = documented();
        assert_eq!(Application::read(&body, Some("other"), &offer).unwrap_err().field, "name");
        body.as_object_mut().unwrap().remove("name");
        assert_eq!(Application::read(&body, Some("other"), &offer).unwrap().name, "other");
    }
}
