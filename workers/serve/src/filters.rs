//! The filters of a question, as clients and applications write them. Pure.

use serde::{Deserialize, Serialize};
use sink::{Clause, MOST_PREFIXES};

use crate::question::{Wrong, several, whole};

/// Which passages may be found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Only documents whose `bucket/key` begins with one of these.
    #[serde(deserialize_with = "whole", skip_serializing_if = "Vec::is_empty")]
    pub prefix: Vec<String>,
    /// Only passages in these languages.
    #[serde(deserialize_with = "several", skip_serializing_if = "Vec::is_empty")]
    pub language: Vec<String>,
    /// Only documents of these formats.
    #[serde(deserialize_with = "several", skip_serializing_if = "Vec::is_empty")]
    pub format: Vec<String>,
    /// Only text that has existed since this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only text that existed before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Filters {
    /// The names of the fields.
    pub const NAMES: [&'static str; 5] = ["prefix", "language", "format", "since", "until"];

    /// The filters on passages.
    ///
    /// # Errors
    /// The first invalid one.
    pub fn clauses(&self) -> Result<Vec<Clause>, Wrong> {
        let mut filter = Vec::new();
        let prefixes = self.prefix.len();
        if prefixes > MOST_PREFIXES {
            let message = format!("prefix is given {prefixes} times: give at most {MOST_PREFIXES}");
            return Err(Wrong { field: "prefix", message });
        }
        if prefixes > 0 {
            filter.push(Clause::Prefix(self.prefix.clone()));
        }
        if !self.language.is_empty() {
            filter.push(Clause::Language(self.language.clone()));
        }
        if !self.format.is_empty() {
            filter.push(Clause::Format(self.format.iter().map(|name| format_name(name)).collect()));
        }
        if let Some(since) = &self.since {
            filter.push(Clause::Since(seconds("since", since)?));
        }
        if let Some(until) = &self.until {
            filter.push(Clause::Before(seconds("until", until)?));
        }
        Ok(filter)
    }
}

/// File extensions of formats that are called otherwise in a document's record.
const EXTENSIONS: [(&str, &str); 19] = [
    ("md", "markdown"),
    ("mdown", "markdown"),
    ("mkd", "markdown"),
    ("mdx", "markdown"),
    ("htm", "html"),
    ("xhtml", "html"),
    ("txt", "text"),
    ("log", "text"),
    ("tsv", "csv"),
    ("tab", "csv"),
    ("jsonl", "json"),
    ("ndjson", "json"),
    ("geojson", "json"),
    ("ipynb", "json"),
    ("gz", "gzip"),
    ("adoc", "asciidoc"),
    ("mbx", "mbox"),
    ("xlsm", "xlsx"),
    ("docm", "docx"),
];

/// A format as documents' records name it, of its name or a file extension in any case, with a dot or without.
fn format_name(written: &str) -> String {
    let lower = written.trim().trim_start_matches('.').to_lowercase();
    let known = EXTENSIONS.iter().find(|(extension, _)| *extension == lower);
    known.map_or(lower, |(_, name)| (*name).to_owned())
}

/// Parses a date or a time in UTC into seconds since 1970.
fn seconds(field: &'static str, text: &str) -> Result<i64, Wrong> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time = humantime::parse_rfc3339_weak(&whole).map_err(|error| Wrong {
        field,
        message: format!("{field} is {text:?} ({error}): write 2026-11-30 or 2026-11-30T08:15:00Z (UTC)"),
    })?;
    let since = time.duration_since(std::time::UNIX_EPOCH).map(|since| since.as_secs());
    Ok(since.ok().and_then(|since| i64::try_from(since).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_format_is_found_by_its_extension_too() {
        for (written, name) in [
            ("md", "markdown"),
            (".MD", "markdown"),
            ("markdown", "markdown"),
            ("htm", "html"),
            ("pdf", "pdf"),
        ] {
            assert_eq!(format_name(written), name, "{written}");
        }
    }

    #[test]
    fn filters_are_written_as_they_are_read() {
        let written = json!({"prefix": ["docs/hr/"], "language": ["de", "en"], "since": "2026-11-01"});
        let filters: Filters = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&filters).unwrap(), written);
        let short: Filters =
            serde_json::from_value(json!({"prefix": "docs/hr/", "language": "de, en"})).unwrap();
        assert_eq!((&short.prefix, &short.language), (&filters.prefix, &filters.language));
        assert_eq!(filters.clauses().unwrap().len(), 3);
        let wrong = Filters { since: Some("yesterday".to_owned()), ..Filters::default() };
        assert_eq!(wrong.clauses().unwrap_err().field, "since");
        assert!(serde_json::from_value::<Filters>(json!({"prefixes": "docs/"})).is_err());
    }
}
