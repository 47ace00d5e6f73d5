//! What `POST /v1/chat/completions` is asked. Pure.
//!
//! Every field of OpenAI's reference is honoured, refused where the answer would not be what was asked for, or known to change
//! nothing here; one that nobody knows is refused, as OpenAI does, for a misspelt filter would be dropped in silence.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::ask::{Wanted, plain};
use super::super::refusal::HttpRefusal;
use crate::filters::Filters;
use crate::llm::{Speaker, Turn};

/// Fields that change nothing here: an answer does not depend on them, or the application says it.
const WITHOUT_EFFECT: [&str; 20] = [
    "frequency_penalty",
    "logit_bias",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "top_k",
    "top_p",
    "user",
    "verbosity",
    "chat_template_kwargs",
    "enable_thinking",
    "repetition_penalty",
    "min_p",
];

/// Fields that ask for another kind of answer, and the values with which they do not.
fn harmless(field: &str, value: &Value) -> Option<bool> {
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    Some(match field {
        "tools" | "functions" | "stop" => is_empty,
        "tool_choice" | "function_call" => value == "none" || value == "auto",
        "response_format" => value.get("type").is_some_and(|kind| kind == "text"),
        "logprobs" => value == false,
        "top_logprobs" => value == 0,
        "modalities" => *value == json!(["text"]),
        "audio" | "prediction" | "web_search_options" => false,
        _ => return None,
    })
}

/// The body of a request.
#[derive(Deserialize)]
pub(in crate::http) struct CompletionRequest {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    n: Option<u32>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Deserialize)]
struct ContentPart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

/// A field that cannot be honoured.
fn wrong(field: &str, message: impl Into<String>) -> HttpRefusal {
    let refusal = HttpRefusal::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
    HttpRefusal { field: Some(field.to_owned()), ..refusal }
}

impl CompletionRequest {
    /// Whether the answer comes in pieces.
    pub(super) fn is_stream(&self) -> bool {
        self.stream.unwrap_or_default()
    }

    /// Whether a stream ends with the numbers of tokens.
    pub(super) fn with_usage(&self) -> bool {
        self.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or_default()
    }

    /// The question to an application.
    ///
    /// # Errors
    /// The first field that cannot be honoured.
    pub(super) fn wanted(self) -> Result<Wanted, HttpRefusal> {
        if self.n.is_some_and(|n| n != 1) {
            return Err(wrong("n", "n has to be 1: there is one answer"));
        }
        let filter = filters(self.more)?.clauses()?;
        let (style, mut turns) = said(self.messages)?;
        // The conversation must end with the question.
        let question = match turns.pop() {
            Some(Turn { speaker: Speaker::User, text }) if !text.trim().is_empty() => text,
            _ => return Err(wrong("messages", "the last message has to be the user's question")),
        };
        let mut ask = plain(&question, turns);
        ask.style = Some(style.join("\n\n")).filter(|style| !style.trim().is_empty());
        ask.max_tokens = self.max_completion_tokens.or(self.max_tokens);
        ask.temperature = self.temperature;
        ask.filter = filter;
        Ok(Wanted { application: self.model, ask })
    }
}

/// The filters among the other fields.
fn filters(more: Map<String, Value>) -> Result<Filters, HttpRefusal> {
    let mut filters = Map::new();
    for (field, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
        if Filters::NAMES.contains(&field.as_str()) {
            let alone = json!({field.clone(): value.clone()});
            let read = serde_json::from_value::<Filters>(alone);
            read.map_err(|error| wrong(&field, format!("{field}: {error}")))?;
            filters.insert(field, value);
            continue;
        }
        match harmless(&field, &value) {
            Some(true) => {}
            Some(false) => {
                let message = format!(
                    "{field} is not supported: an answer is a text that cites passages; leave it out"
                );
                return Err(wrong(&field, message));
            }
            None if WITHOUT_EFFECT.contains(&field.as_str()) => {}
            None => {
                let names = Filters::NAMES.join(", ");
                let message = format!("{field} is not known: besides OpenAI's fields there are {names}");
                return Err(wrong(&field, message));
            }
        }
    }
    serde_json::from_value(Value::Object(filters)).map_err(|error| wrong("messages", error.to_string()))
}

/// The client's instructions, and the turns of the conversation with the question.
fn said(messages: Vec<Message>) -> Result<(Vec<String>, Vec<Turn>), HttpRefusal> {
    let (mut style, mut turns) = (Vec::new(), Vec::new());
    for message in messages {
        let text = text(message.content).map_err(|message| wrong("messages", message))?;
        match message.role.as_str() {
            "system" | "developer" => style.push(text),
            "user" => turns.push(Turn { speaker: Speaker::User, text }),
            "assistant" => turns.push(Turn { speaker: Speaker::Assistant, text }),
            other => {
                let message = format!("a message has the role {other:?}: give system, user or assistant");
                return Err(wrong("messages", message));
            }
        }
    }
    Ok((style, turns))
}

fn text(content: Option<Content>) -> Result<String, String> {
    match content {
        None => Ok(String::new()),
        Some(Content::Text(text)) => Ok(text),
        Some(Content::Parts(parts)) => {
            let texts = parts.into_iter().map(|part| {
                part.text.ok_or_else(|| format!("a message holds {:?}: only text is understood", part.kind))
            });
            texts.collect::<Result<Vec<_>, _>>().map(|texts| texts.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(more: &Value) -> Result<Wanted, HttpRefusal> {
        let mut body = json!({"model": "millrace", "messages": [{"role": "user", "content": "Who?"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<CompletionRequest>(body).unwrap().wanted()
    }

    #[test]
    fn filters_are_honoured_and_what_cannot_be_honoured_is_named() {
        let wanted_filters = |more: Value| wanted(&more).ok().map(|wanted| wanted.ask.filter.len());
        assert_eq!(wanted_filters(json!({"prefix": "docs/hr/", "language": "de", "format": null})), Some(2));
        for (more, field) in [
            (json!({"prefix": 7}), "prefix"),
            (json!({"since": "yesterday"}), "since"),
            (json!({"prefixes": "docs/"}), "prefixes"),
            (json!({"tools": [{"type": "function"}]}), "tools"),
            (json!({"tool_choice": "required"}), "tool_choice"),
            (json!({"response_format": {"type": "json_object"}}), "response_format"),
            (json!({"logprobs": true}), "logprobs"),
            (json!({"stop": ["\n"]}), "stop"),
            (json!({"n": 2}), "n"),
        ] {
            assert_eq!(wanted(&more).err().and_then(|wrong| wrong.field).as_deref(), Some(field), "{more}");
        }
    }

    #[test]
    fn what_official_clients_send_is_taken() {
        let more = json!({
            "seed": 7, "top_p": 1.0, "user": "u1", "tools": [], "tool_choice": "auto", "response_format": {"type": "text"},
            "stop": null, "logprobs": false, "stream": null, "stream_options": null, "n": 1, "frequency_penalty": 0.0,
            "max_completion_tokens": 9, "max_tokens": 7, "temperature": 0.5,
        });
        let ask = wanted(&more).ok().unwrap().ask;
        assert_eq!((ask.max_tokens, ask.temperature), (Some(9), Some(0.5)));
    }
}
