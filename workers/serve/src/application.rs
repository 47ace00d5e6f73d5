//! Applications: named settings for answering questions. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::question::{Mode, Wrong};

/// The built-in application.
pub const BUILT_IN: &str = "millrace";
/// Maximum number of passages per question.
const MOST_PASSAGES: usize = 100;
/// Allowed context sizes in tokens: below, no passage fits beside the instructions; no model supports more.
const CONTEXT: std::ops::RangeInclusive<usize> = 512..=1_000_000;
/// Maximum length of a name in characters.
const LONGEST_NAME: usize = 100;

/// How an application searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retrieval {
    /// Vector search.
    Vector,
    /// Keyword search.
    Keyword,
    /// Both, fused by rank (RRF).
    Rrf,
    /// Both, fused by score.
    Hybrid,
}

impl Retrieval {
    /// The mode of a search.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::Vector => Mode::Vector,
            Self::Keyword => Mode::Keyword,
            Self::Rrf | Self::Hybrid => Mode::Hybrid,
        }
    }
}

/// An application's search.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Retriever {
    /// How.
    #[serde(rename = "type")]
    pub kind: Retrieval,
    /// The outside name of the index; the server's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Maximum number of passages given to the model.
    pub top_k: usize,
}

/// The model that writes the answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AnswerWriter {
    /// One of the providers of [`crate::llm`].
    pub provider: String,
    /// The provider's name for the model; none for `extractive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Application {
    /// Its name, used as `model` in a chat.
    pub name: String,
    /// How passages are found.
    pub retriever: Retriever,
    /// Who writes the answer.
    pub llm: AnswerWriter,
    /// Maximum number of tokens in everything given to the model.
    pub max_context_length: usize,
}

/// What applications on this server may refer to.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The outside name of the served index.
    pub index: &'a str,
    /// The available providers.
    pub providers: &'a [&'a str],
}

impl Application {
    /// The built-in application.
    #[must_use]
    pub fn built_in(llm: AnswerWriter) -> Self {
        Self {
            name: BUILT_IN.to_owned(),
            retriever: Retriever { kind: Retrieval::Hybrid, index: None, top_k: 8 },
            llm,
            max_context_length: 4096,
        }
    }

    /// Parses a client's definition; `name` is the name in the path, if any.
    ///
    /// # Errors
    /// The first invalid field, by its path.
    pub fn read(body: &Value, name: Option<&str>, offer: &Offer<'_>) -> Result<Self, Wrong> {
        let root = Object::of("", body)?;
        root.only(&["name", "retriever", "llm", "max_context_length"])?;
        let name = checked_name(root.text("name", "name")?.as_deref(), name)?;
        let retriever = Object::of("retriever", root.required("retriever", "retriever")?)?;
        retriever.only(&["type", "index", "top_k"])?;
        let llm = Object::of("llm", root.required("llm", "llm")?)?;
        llm.only(&["provider", "model"])?;
        Ok(Self {
            name,
            retriever: Retriever {
                kind: kind(&retriever)?,
                index: index(&retriever, offer)?,
                top_k: retriever.number("top_k", "retriever.top_k", 1..=MOST_PASSAGES)?.unwrap_or(5),
            },
            llm: writer(&llm, offer)?,
            max_context_length: root
                .number("max_context_length", "max_context_length", CONTEXT)?
                .unwrap_or(4096),
        })
    }
}

/// A JSON object, and its path for error messages.
struct Object<'a> {
    path: &'static str,
    fields: &'a serde_json::Map<String, Value>,
}

impl<'a> Object<'a> {
    fn of(path: &'static str, value: &'a Value) -> Result<Self, Wrong> {
        let what = if path.is_empty() { "the application" } else { path };
        let fields = value.as_object();
        let fields =
            fields.ok_or_else(|| wrong(path, format!("{what} is {}: give an object", shown(value))))?;
        Ok(Self { path, fields })
    }

    /// Rejects unknown fields: a misspelt one would be silently ignored.
    fn only(&self, names: &[&str]) -> Result<(), Wrong> {
        match self.fields.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) => {
                let place = if self.path.is_empty() { String::new() } else { format!("{}.", self.path) };
                Err(wrong(self.path, format!("{place}{other} is not known; there are: {}", names.join(", "))))
            }
        }
    }

    fn required(&self, name: &str, path: &'static str) -> Result<&'a Value, Wrong> {
        self.fields.get(name).ok_or_else(|| wrong(path, format!("{path} is missing")))
    }

    fn text(&self, name: &str, path: &'static str) -> Result<Option<String>, Wrong> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(wrong(path, format!("{path} is {}: give a text", shown(other)))),
        }
    }

    fn number(
        &self,
        name: &str,
        path: &'static str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>, Wrong> {
        let value = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        let wanted = || {
            let (shown, first, last) = (shown(value), range.start(), range.end());
            wrong(path, format!("{path} is {shown}: give a whole number from {first} to {last}"))
        };
        number.ok_or_else(wanted).map(Some)
    }
}

fn wrong(field: &'static str, message: String) -> Wrong {
    Wrong { field, message }
}

/// A value, shortened for an error message.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// Whether this can be an application's name; it must be safe in a URL path of the engine.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = |c: char| first(c) || "-_.".contains(c);
    name.starts_with(first) && name.len() <= LONGEST_NAME && name.chars().all(allowed)
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

fn kind(retriever: &Object<'_>) -> Result<Retrieval, Wrong> {
    const PATH: &str = "retriever.type";
    let value = retriever.required("type", PATH)?;
    serde_json::from_value(value.clone())
        .map_err(|_| wrong(PATH, format!("{PATH} is {}: give vector, keyword, rrf or hybrid", shown(value))))
}

fn index(retriever: &Object<'_>, offer: &Offer<'_>) -> Result<Option<String>, Wrong> {
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

fn writer(llm: &Object<'_>, offer: &Offer<'_>) -> Result<AnswerWriter, Wrong> {
    const PROVIDER: &str = "llm.provider";
    let provider = llm.text("provider", PROVIDER)?;
    let provider = provider.ok_or_else(|| wrong(PROVIDER, format!("{PROVIDER} is missing")))?;
    if !offer.providers.contains(&provider.as_str()) {
        let message = format!("{PROVIDER} is {provider:?}: give one of {}", offer.providers.join(", "));
        return Err(wrong(PROVIDER, message));
    }
    let model = llm.text("model", "llm.model")?.filter(|model| !model.trim().is_empty());
    if model.is_none() && provider != "extractive" {
        return Err(wrong("llm.model", format!("llm.model is missing: name a model of {provider}")));
    }
    Ok(AnswerWriter { provider, model })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        let cases: [(&str, Value, &str); 15] = [
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
        ];
        for (path, value, field) in cases {
            let mut body = documented();
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
