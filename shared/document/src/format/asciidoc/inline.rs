//! Text within lines: links, references, attributes and emphasis. Pure.

use std::collections::HashMap;

use crate::format::emphasis;

/// Macros whose text in square brackets is what a reader sees.
const SHOWN: [&str; 11] = [
    "link:",
    "xref:",
    "mailto:",
    "image::",
    "image:",
    "btn:",
    "menu:",
    "kbd:",
    "footnote:",
    "icon:",
    "pass:",
];

/// A text without inline markup and link targets; attributes that are known are their values.
pub(super) fn plain(text: &str, attributes: &HashMap<String, String>) -> String {
    let text = with_values(text, attributes);
    let text = between(&text, "(((", ")))", |_| String::new());
    let text = between(&text, "((", "))", str::to_owned);
    let text =
        between(&text, "<<", ">>", |inner| inner.rsplit(',').next().unwrap_or(inner).trim().to_owned());
    let is_name =
        |id: &str| id.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | ':'));
    let text = between(&text, "[[", "]]", |id| if is_name(id) { String::new() } else { format!("[[{id}]]") });
    let text = macros(&text);
    let text = text.strip_suffix(" +").map(str::to_owned).unwrap_or(text);
    emphasis::without(&text, &['*', '_', '`', '#', '+'])
}

/// Attributes in braces as their values.
fn with_values(text: &str, attributes: &HashMap<String, String>) -> String {
    between(text, "{", "}", |name| match name.to_lowercase().as_str() {
        "nbsp" => " ".to_owned(),
        known if attributes.contains_key(known) => attributes.get(known).cloned().unwrap_or_default(),
        _ => format!("{{{name}}}"),
    })
}

/// What stands between two marks, as `shown` says.
fn between(text: &str, open: &str, close: &str, shown: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((inner, after)) = after.split_once(close) else { break };
        out.push_str(before);
        out.push_str(&shown(inner));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Macros and links with a text in square brackets, as that text.
fn macros(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, bracket) = rest.split_at(at);
        let start = before.rfind([' ', '(', '\t']).map_or(0, |at| at + 1);
        let target = before.get(start..).unwrap_or_default();
        let is_macro = SHOWN.iter().any(|name| target.starts_with(name)) || target.contains("://");
        let Some(end) = bracket.find(']').filter(|_| is_macro) else {
            out.push_str(before);
            out.push('[');
            rest = bracket.get(1..).unwrap_or_default();
            continue;
        };
        out.push_str(before.get(..start).unwrap_or_default());
        let inner = bracket.get(1..end).unwrap_or_default();
        // of several arguments the first is the text
        let shown = inner.split(", ").next().unwrap_or(inner).trim_matches(['"', '^', ' ']);
        out.push_str(if shown.is_empty() { target } else { shown });
        rest = bracket.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
