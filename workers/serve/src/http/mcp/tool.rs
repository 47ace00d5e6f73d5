//! The tools as agents see them: names, descriptions, and schemas of their arguments. Pure.

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

/// All tools.
pub(super) fn tools() -> Vec<Tool> {
    vec![search(), ask(), fetch()]
}

fn search() -> Tool {
    let arguments = with_filters(json!({
        "q": {"type": "string", "description": "The question, or words to look for."},
        "size": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Passages wanted; 10 by default."},
        "mode": {"type": "string", "enum": ["hybrid", "keyword", "vector"]},
        "per_document": {"type": "integer", "minimum": 1, "description": "Passages of one document at most."},
    }));
    let about = "Finds the passages of the documents that fit a question best, by words and by meaning.";
    tool("search", about, "q", &arguments)
}

fn ask() -> Tool {
    let turn = json!({
        "type": "object",
        "properties": {"role": {"type": "string", "enum": ["user", "assistant"]}, "content": {"type": "string"}},
        "required": ["role", "content"],
    });
    let history = "The conversation so far, oldest first, if the question follows it up.";
    let arguments = with_filters(json!({
        "question": {"type": "string"},
        "history": {"type": "array", "description": history, "items": turn},
        "application": {"type": "string", "description": "Which application answers; millrace by default."},
    }));
    let about = "Answers a question from the documents, with citations, or says that they do not tell.";
    tool("ask", about, "question", &arguments)
}

fn fetch() -> Tool {
    let arguments = json!({
        "document": {"type": "string", "description": "Its name, as search and ask give it."},
        "from": {"type": "integer", "minimum": 0, "description": "The number of the first passage wanted, from 0."},
    });
    tool("fetch", "Reads a document, as far as it has text: some pages at a time.", "document", &arguments)
}

fn tool(name: &'static str, about: &'static str, required: &str, arguments: &Value) -> Tool {
    let schema = json!({
        "type": "object", "properties": arguments, "required": [required], "additionalProperties": false,
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, about, schema).with_annotations(ToolAnnotations::new().read_only(true).open_world(false))
}

/// Arguments, and the filters of a search.
fn with_filters(mut arguments: Value) -> Value {
    let filters = json!({
        "prefix": {"type": "array", "items": {"type": "string"}, "description": "Only documents whose bucket/key begins so."},
        "language": {"type": "array", "items": {"type": "string"}, "description": "Only passages in these languages (ISO 639-1)."},
        "format": {"type": "array", "items": {"type": "string"}, "description": "Only documents of these formats, such as pdf."},
        "since": {"type": "string", "description": "Only text that stands since this date or time (UTC)."},
        "until": {"type": "string", "description": "Only text that stood before this date or time (UTC)."},
    });
    if let (Some(arguments), Some(filters)) = (arguments.as_object_mut(), filters.as_object()) {
        arguments.extend(filters.clone());
    }
    arguments
}
