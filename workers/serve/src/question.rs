//! A question as sent over HTTP, and as validated. Pure.

use serde::{Deserialize, Deserializer, Serialize};
pub use sink::Fusion;
use sink::{Clause, MOST_PREFIXES};

use crate::filters::Filters;

/// Maximum number of passages in a result.
pub const LONGEST: usize = 1000;
/// Maximum length of a question in characters; a model takes less, but a keyword search can use more.
const LONGEST_QUESTION: usize = 10_000;

/// How to search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By keywords: BM25.
    Keyword,
    /// By meaning: the nearest vectors.
    Vector,
    /// By both, fused.
    #[default]
    Hybrid,
}

/// What to add to the result on request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Include {
    /// The positions of the question's words.
    pub highlights: bool,
    /// The passage's position in its document.
    pub place: bool,
    /// The passages before and after it.
    pub neighbours: bool,
    /// The relevance of the best passages, once per result.
    pub relevance: bool,
}

/// A question as a client sends it: the parameters of a GET, or the object of a POST.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The question.
    pub q: String,
    /// How to search.
    pub mode: Mode,
    /// Number of passages wanted.
    #[serde(deserialize_with = "number")]
    pub size: Option<usize>,
    /// How to fuse the rankings of `hybrid`.
    pub fusion: Fusion,
    /// Only documents whose `bucket/key` begins with one of these.
    #[serde(deserialize_with = "whole")]
    pub prefix: Vec<String>,
    /// Only passages in these languages.
    #[serde(deserialize_with = "several")]
    pub language: Vec<String>,
    /// Only documents of these formats.
    #[serde(deserialize_with = "several")]
    pub format: Vec<String>,
    /// Only text that has existed since this time.
    pub since: Option<String>,
    /// Only text that existed before this time.
    pub until: Option<String>,
    /// Maximum number of passages per document.
    #[serde(deserialize_with = "number")]
    pub per_document: Option<usize>,
    /// Whether to rerank the best passages; by default in a hybrid search, if there is a reranker.
    #[serde(deserialize_with = "truth")]
    pub rerank: Option<bool>,
    /// What to add to each passage.
    #[serde(deserialize_with = "several")]
    pub include: Vec<String>,
}

impl Parameters {
    fn filters(&self) -> Filters {
        Filters {
            prefix: self.prefix.clone(),
            language: self.language.clone(),
            format: self.format.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
        }
    }
}

/// A valid question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Its text, trimmed.
    pub text: String,
    /// How to search.
    pub mode: Mode,
    /// Number of passages wanted, 1 to [`LONGEST`].
    pub size: usize,
    /// How to fuse rankings.
    pub fusion: Fusion,
    /// Filters on all passages.
    pub filter: Vec<Clause>,
    /// What the sender's key may see, which stands in the filter, too; none for everything. See [`Question::limit`].
    pub allowed: Option<Clause>,
    /// Maximum number of passages per document; none for no limit.
    pub per_document: Option<usize>,
    /// Whether to rerank the best passages; by default in a hybrid search.
    pub rerank: Option<bool>,
    /// What to add.
    pub include: Include,
}

/// An invalid parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Wrong {
    /// Its name.
    pub field: &'static str,
    /// How to correct it.
    pub message: String,
}

impl Question {
    /// A question for `size` passages, with defaults otherwise.
    #[must_use]
    pub fn plain(text: &str, mode: Mode, size: usize) -> Self {
        Self { text: text.trim().to_owned(), mode, size, ..Self::default() }
    }

    /// Validates a client's parameters.
    ///
    /// # Errors
    /// The first invalid parameter.
    pub fn of(parameters: &Parameters) -> Result<Self, Wrong> {
        let filter = parameters.filters().clauses()?;
        let include = include(&parameters.include)?;
        if parameters.per_document == Some(0) {
            let message = "per_document is 0: give at least 1, or leave it out".to_owned();
            return Err(Wrong { field: "per_document", message });
        }
        let question = Self {
            text: parameters.q.trim().to_owned(),
            mode: parameters.mode,
            size: parameters.size.unwrap_or(10),
            fusion: parameters.fusion,
            filter,
            allowed: None,
            per_document: parameters.per_document,
            rerank: parameters.rerank,
            include,
        };
        question.check().map(|()| question)
    }

    /// Has it find, and count words, only among what the sender's key may see.
    ///
    /// # Errors
    /// When its filter and the key have more prefixes together than an engine takes.
    pub fn limit(&mut self, allowed: Option<Clause>) -> Result<(), Wrong> {
        let (own, imposed) = (prefixes(&self.filter), prefixes(allowed.as_slice()));
        if own > 0 && own + imposed > MOST_PREFIXES {
            let message = format!(
                "prefix is given {own} times, and this key may see {imposed} places: more than {MOST_PREFIXES} together \
                 cannot be searched, so give fewer, or leave prefix out"
            );
            return Err(Wrong { field: "prefix", message });
        }
        self.filter.extend(allowed.clone());
        self.allowed = allowed;
        Ok(())
    }

    /// Validates text and size.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |field, message| Err(Wrong { field, message });
        if self.text.is_empty() {
            return wrong("q", "the question is empty: give it in the parameter q".to_owned());
        }
        if self.text.chars().nth(LONGEST_QUESTION).is_some() {
            return wrong(
                "q",
                format!("the question is longer than {LONGEST_QUESTION} characters: shorten it"),
            );
        }
        if self.size == 0 || self.size > LONGEST {
            return wrong("size", format!("size is {}: ask for 1 to {LONGEST} passages", self.size));
        }
        Ok(())
    }
}

/// How many prefixes these clauses have.
fn prefixes(clauses: &[Clause]) -> usize {
    let count = |clause: &Clause| match clause {
        Clause::Prefix(list) | Clause::Within(list) => list.len(),
        Clause::Language(_) | Clause::Format(_) | Clause::Since(_) | Clause::Before(_) => 0,
    };
    clauses.iter().map(count).sum()
}

fn include(names: &[String]) -> Result<Include, Wrong> {
    let mut include = Include::default();
    for name in names {
        match name.as_str() {
            "highlights" => include.highlights = true,
            "place" => include.place = true,
            "neighbours" => include.neighbours = true,
            "relevance" => include.relevance = true,
            other => {
                let message = format!("include has {other:?}: give highlights, place, neighbours, relevance");
                return Err(Wrong { field: "include", message });
            }
        }
    }
    Ok(include)
}

/// Formats a time for clients.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    std::time::UNIX_EPOCH
        .checked_add(since)
        .map_or_else(String::new, |time| humantime::format_rfc3339_seconds(time).to_string())
}

/// A number; the parameters of a GET hold it as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(usize),
        Text(String),
    }
    match Either::deserialize(deserializer) {
        Ok(Either::Number(number)) => Ok(Some(number)),
        Ok(Either::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
        Err(_) => Err(serde::de::Error::custom("invalid digit: write a whole number, not below 0")),
    }
}

/// A boolean; the parameters of a GET hold it as text.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Truth(bool),
        Text(String),
    }
    let text = match Either::deserialize(deserializer) {
        Ok(Either::Truth(truth)) => return Ok(Some(truth)),
        Ok(Either::Text(text)) => text,
        Err(_) => String::new(),
    };
    text.parse().map(Some).map_err(|_| serde::de::Error::custom("write true or false"))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

/// One text or a list; commas are part of a text.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Several::deserialize(deserializer)? {
        Several::One(one) => vec![one],
        Several::Many(many) => many,
    })
}

/// A list, or one comma-separated text.
pub(crate) fn several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Several::deserialize(deserializer)? {
        Several::One(one) => {
            one.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        Several::Many(many) => many,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(value: serde_json::Value) -> Result<Question, Wrong> {
        Question::of(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_question_is_understood_with_all_its_conditions() {
        let question = asked(json!({
            "q": " wo? ", "size": 3, "prefix": "docs/a,b/", "language": "de, en", "format": ["pdf"],
            "rerank": "false", "since": "2026-11-01", "until": "1970-01-02T00:00:01Z", "include": "place,highlights",
        }))
        .unwrap();
        assert_eq!((question.text.as_str(), question.size, question.rerank), ("wo?", 3, Some(false)));
        assert!(question.include.place && question.include.highlights && !question.include.neighbours);
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        let expected = [
            Clause::Prefix(owned(&["docs/a,b/"])),
            Clause::Language(owned(&["de", "en"])),
            Clause::Format(owned(&["pdf"])),
            Clause::Since(1_793_491_200),
            Clause::Before(86_401),
        ];
        assert_eq!(question.filter, expected);
        assert_eq!(rfc3339(86_401), "1970-01-02T00:00:01Z");
    }

    #[test]
    fn what_a_key_may_see_is_a_condition_among_the_others() {
        let many = |count: usize| (0..count).map(|one| format!("docs/{one}")).collect::<Vec<_>>();
        let question = asked(json!({"q": "a", "prefix": many(60)})).unwrap();
        let mut limited = question.clone();
        limited.limit(Some(Clause::Within(many(40)))).unwrap();
        assert_eq!(limited.filter, [Clause::Prefix(many(60)), Clause::Within(many(40))]);
        assert_eq!(limited.allowed, Some(Clause::Within(many(40))));
        let wrong = question.clone().limit(Some(Clause::Within(many(41)))).unwrap_err();
        assert_eq!(wrong.field, "prefix");
        assert!(wrong.message.contains("given 60 times") && wrong.message.contains("41 places"), "{wrong}");
        let mut all = asked(json!({"q": "a"})).unwrap();
        assert!(all.limit(Some(Clause::Within(many(MOST_PREFIXES)))).is_ok());
        let mut unlimited = question.clone();
        unlimited.limit(None).unwrap();
        assert_eq!(unlimited, question);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, field) in [
            (json!({"q": ""}), "q"),
            (json!({"q": "x".repeat(10_001)}), "q"),
            (json!({"q": "a", "size": 0}), "size"),
            (json!({"q": "a", "since": "yesterday"}), "since"),
            (json!({"q": "a", "until": "2026-11-01T00:00:00+08:00"}), "until"),
            (json!({"q": "a", "include": "everything"}), "include"),
            (json!({"q": "a", "per_document": 0}), "per_document"),
        ] {
            assert_eq!(asked(value.clone()).unwrap_err().field, field, "{value}");
        }
    }
}
