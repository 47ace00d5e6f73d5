//! What goes before questions and passages. Pure.

use model::Prefixes;
use serde_json::Value;

use crate::cli::ImportChoices;

/// The names of prompts for passages, in the order in which sentence-transformers looks for them.
const PASSAGES: [&str; 3] = ["document", "passage", "corpus"];

/// What was asked for, or the model's own prompts (`config_sentence_transformers.json`).
pub(super) fn prefixes_of(file: &Value, choices: &ImportChoices) -> Result<Prefixes, String> {
    let prompts = Prompts::of(file)?;
    let passage = prompts.first(&PASSAGES);
    let query = prompts.first(&["query"]);
    let unnamed = query.is_none() && passage.is_none() && prompts.default.is_none();
    let names = prompts.names();
    if unnamed && !names.is_empty() && (choices.query_prefix.is_none() || choices.passage_prefix.is_none()) {
        return Err(format!(
            "its prompts are called {}, and none is for questions (query) or passages (document, passage): say with --query-prefix and \
             --passage-prefix what goes before them (\"\" for nothing)",
            names.join(", ")
        ));
    }
    let text = |asked: Option<&str>, found: Option<&str>| {
        asked.or(found).or(prompts.default).unwrap_or_default().to_owned()
    };
    let (asked_query, asked_passage) = (choices.query_prefix.as_deref(), choices.passage_prefix.as_deref());
    Ok(Prefixes { query: text(asked_query, query), passage: text(asked_passage, passage) })
}

struct Prompts<'a> {
    /// Each with its name.
    texts: Vec<(&'a str, &'a str)>,
    /// The one for texts of which nothing is said.
    default: Option<&'a str>,
}

impl<'a> Prompts<'a> {
    fn of(file: &'a Value) -> Result<Self, String> {
        let mut texts = Vec::new();
        for (name, prompt) in file.get("prompts").and_then(Value::as_object).into_iter().flatten() {
            match (prompt.as_str(), prompt.is_null()) {
                (Some(prompt), _) => texts.push((name.as_str(), prompt)),
                (None, true) => {}
                (None, false) => {
                    return Err(format!(
                        "the prompt {name} in config_sentence_transformers.json is no text: mend it there"
                    ));
                }
            }
        }
        let default = file.get("default_prompt_name").and_then(Value::as_str);
        let default = default.and_then(|wanted| texts.iter().find(|(name, _)| *name == wanted));
        Ok(Self { default: default.map(|(_, prompt)| *prompt), texts })
    }

    /// The first of these names that has a text, or that is there at all.
    fn first(&self, names: &[&str]) -> Option<&'a str> {
        let mut there = Vec::new();
        for wanted in names {
            there.extend(self.texts.iter().filter(|(name, _)| name == wanted).map(|(_, prompt)| *prompt));
        }
        there.iter().find(|prompt| !prompt.is_empty()).or(there.first()).copied()
    }

    /// The names of those that have a text.
    fn names(&self) -> Vec<&'a str> {
        self.texts.iter().filter(|(_, prompt)| !prompt.is_empty()).map(|(name, _)| *name).collect()
    }
}
