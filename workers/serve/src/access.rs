//! API keys: what each allows, and which documents it may see. Pure except for [`file`], which reads the keys.
//!
//! A key is 256 random bits. Its SHA-256 can therefore be stored without salt and looked up directly: the key can
//! neither be guessed nor recovered from the file.

pub mod file;

use std::collections::HashMap;

use message::{DocumentId, sha256_hex};
use secret::Secret;
use serde::{Deserialize, Serialize};
use sink::{Clause, MOST_PREFIXES, lies_at};

use crate::audit_log::AuditNotes;

/// What a key allows; each role includes the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Search, ask, read documents.
    #[default]
    Read,
    /// Upload and delete documents.
    Write,
    /// Manage applications, view the pipeline, and change which generation is served.
    Admin,
}

/// A key as stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its name in logs and on the page.
    pub name: String,
    /// SHA-256 of the key, in hex.
    pub sha256: String,
    /// What it allows.
    #[serde(default)]
    pub role: AccessRole,
    /// The places that it may see ([`lies_at`]), such as `docs/hr/`; without any it sees all documents.
    #[serde(default)]
    pub prefixes: Vec<String>,
}

/// All keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    by_digest: HashMap<String, Principal>,
}

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The key's name; none where no keys are configured.
    pub name: Option<String>,
    /// What the key allows.
    pub role: AccessRole,
    /// The places it may see ([`lies_at`]); empty for everything.
    pub prefixes: Vec<String>,
    /// What its key is known by, which nobody can guess; none where no keys are configured.
    pub seal: Option<Secret>,
    /// What this request of his did, for the audit log.
    pub notes: AuditNotes,
}

/// A part of a bucket that somebody may see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisiblePart {
    /// What its keys begin with.
    pub prefix: String,
    /// Whether it is only the object of this key, without what else begins so.
    pub is_object: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    keys: Vec<KeyEntry>,
}

impl Keys {
    /// Parses a file of keys.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|error| {
            format!("{error}; it has to be {{\"keys\": [what `millrace key` printed, …]}}")
        })?;
        let mut by_digest = HashMap::new();
        for KeyEntry { name, sha256, role, prefixes } in kept.keys {
            let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_digest {
                return Err(format!("the key {name:?} has no SHA-256 in hex: make it with `millrace key`"));
            }
            if prefixes.iter().any(String::is_empty) {
                return Err(format!(
                    "the key {name:?} has an empty prefix: leave `prefixes` out if it may see all"
                ));
            }
            if prefixes.len() > MOST_PREFIXES {
                let count = prefixes.len();
                return Err(format!("the key {name:?} has {count} prefixes: give at most {MOST_PREFIXES}"));
            }
            let digest = sha256.to_ascii_lowercase();
            let seal = Some(Secret::from(digest.clone()));
            let notes = AuditNotes::default();
            let principal = Principal { name: Some(name.clone()), role, prefixes, seal, notes };
            if by_digest.insert(digest, principal).is_some() {
                return Err(format!("the key {name:?} is there twice"));
            }
        }
        Ok(Self { by_digest })
    }

    /// The owner of this key.
    #[must_use]
    pub fn principal(&self, key: &str) -> Option<&Principal> {
        self.by_digest.get(&sha256_hex([key.as_bytes()]))
    }
}

impl Principal {
    /// The sender where no keys are configured: anybody who can reach the address.
    #[must_use]
    pub fn anybody() -> Self {
        Self {
            name: None,
            role: AccessRole::Admin,
            prefixes: Vec::new(),
            seal: None,
            notes: AuditNotes::default(),
        }
    }

    /// The filter on all passages shown, if there is one.
    #[must_use]
    pub fn clause(&self) -> Option<Clause> {
        (!self.prefixes.is_empty()).then(|| Clause::Within(self.prefixes.clone()))
    }

    /// The visible parts of a bucket under `prefix`, without overlap, in the order of their keys.
    #[must_use]
    pub fn visible(&self, bucket: &str, prefix: &str) -> Vec<VisiblePart> {
        let bucket = format!("{bucket}/");
        let asked = format!("{bucket}{prefix}");
        let everything = [bucket.clone()];
        let places = if self.prefixes.is_empty() { &everything[..] } else { &self.prefixes };
        let part = |whole: &str, is_object: bool| {
            whole.strip_prefix(&bucket).map(|prefix| VisiblePart { prefix: prefix.to_owned(), is_object })
        };
        let mut parts = Vec::new();
        for place in places {
            if !place.ends_with('/') && place.starts_with(&asked) {
                parts.extend(part(place, true));
            }
            let under = format!("{}/", place.strip_suffix('/').unwrap_or(place));
            // If two prefixes overlap, one begins with the other, and the longer one is the overlap.
            if under.starts_with(&asked) {
                parts.extend(part(&under, false));
            } else if asked.starts_with(&under) {
                parts.extend(part(&asked, false));
            }
        }
        parts.sort();
        parts.dedup_by(|next, kept| {
            *next == *kept || (!kept.is_object && next.prefix.starts_with(&kept.prefix))
        });
        parts
    }

    /// Whether the document may be seen.
    #[must_use]
    pub fn sees(&self, document: &DocumentId) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|place| lies_at(document.as_str(), place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_digest_and_sees_its_prefixes_only() {
        let entry = format!(
            r#"{{"keys": [{{"name": "hr", "sha256": "{}", "role": "write", "prefixes": ["docs/hr/"]}}]}}"#,
            sha256_hex([b"secret".as_slice()])
        );
        let keys = Keys::parse(&entry).unwrap();
        assert!(keys.principal("secrets").is_none() && keys.principal("").is_none());
        let principal = keys.principal("secret").unwrap();
        assert_eq!((principal.name.as_deref(), principal.role), (Some("hr"), AccessRole::Write));
        assert!(principal.role >= AccessRole::Read && principal.role < AccessRole::Admin);
        let sees = |key: &str| principal.sees(&DocumentId::new("docs", key).unwrap());
        assert!(sees("hr/a") && !sees("hr") && !sees("finance/hr/a"));
        assert_eq!(principal.clause(), Some(Clause::Within(vec!["docs/hr/".to_owned()])));
        assert_eq!(Principal::anybody().clause(), None);
    }

    fn limited(prefixes: &[&str]) -> Principal {
        let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        Principal { prefixes, role: AccessRole::Read, ..Principal::anybody() }
    }

    #[test]
    fn a_prefix_without_a_slash_at_its_end_lets_no_neighbour_in() {
        let seen = |prefixes: &[&str]| -> Vec<&str> {
            let keys = ["hr", "hr.md", "hr/a", "hr-legal/a", "hrx/a"].into_iter();
            keys.filter(|key| limited(prefixes).sees(&DocumentId::new("docs", key).unwrap())).collect()
        };
        assert_eq!(seen(&["docs/hr"]), ["hr", "hr/a"]);
        assert_eq!(seen(&["docs/hr/"]), ["hr/a"]);
        assert_eq!(seen(&["docs/hr.md", "docs/h"]), ["hr.md"]);
        assert_eq!((seen(&["docs"]).len(), seen(&["docs/"]).len()), (5, 5));
        assert!(seen(&["doc", "docs2", "other/hr"]).is_empty());
    }

    #[test]
    fn of_a_bucket_that_is_seen_which_is_asked_for_and_allowed() {
        // A single object is marked.
        let seen = |prefixes: &[&str], asked: &str| -> Vec<String> {
            let shown = |part: VisiblePart| {
                let mark = if part.is_object { "=" } else { "" };
                format!("{mark}{}", part.prefix)
            };
            limited(prefixes).visible("docs", asked).into_iter().map(shown).collect()
        };
        assert_eq!(seen(&[], ""), [""]);
        assert_eq!(seen(&[], "a/"), ["a/"]);
        assert_eq!(seen(&["docs/a/", "docs/b/"], ""), ["a/", "b/"]);
        assert_eq!(seen(&["docs/a/", "docs/a/b/", "other/"], ""), ["a/"]);
        assert_eq!(seen(&["docs/a/", "docs/b/"], "a/x"), ["a/x"]);
        assert_eq!(seen(&["docs/a/x/"], "a/"), ["a/x/"]);
        assert!(seen(&["docs/a/"], "b/").is_empty() && seen(&["other/"], "").is_empty());
        for bucket in ["docs", "docs/"] {
            assert_eq!(seen(&[bucket], ""), [""], "{bucket}");
            assert_eq!(seen(&[bucket], "h"), ["h"], "{bucket}");
        }
        assert_eq!(seen(&["docs/hr"], ""), ["=hr", "hr/"]);
        assert_eq!(seen(&["docs/hr"], "h"), ["=hr", "hr/"]);
        assert_eq!(seen(&["docs/hr"], "hr"), ["=hr", "hr/"]);
        assert_eq!(seen(&["docs/hr"], "hr/x"), ["hr/x"]);
        assert!(seen(&["docs/hr"], "hr-").is_empty() && seen(&["doc"], "").is_empty());
        assert_eq!(seen(&["docs/hr", "docs/hr/a", "docs/b"], ""), ["=b", "b/", "=hr", "hr/"]);
        assert_eq!(seen(&["docs/", "docs/hr"], "hr"), ["hr"]);
    }

    #[test]
    fn a_key_has_no_more_prefixes_than_an_engine_takes_in_a_filter() {
        let keys = |count: usize| {
            let prefixes: Vec<String> = (0..count).map(|one| format!("docs/{one}/")).collect();
            let digest = sha256_hex([b"a".as_slice()]);
            let key = serde_json::json!({"name": "a", "sha256": digest, "prefixes": prefixes});
            Keys::parse(&serde_json::json!({"keys": [key]}).to_string())
        };
        assert!(keys(MOST_PREFIXES).is_ok());
        assert!(keys(MOST_PREFIXES + 1).unwrap_err().contains("has 101 prefixes"));
    }

    #[test]
    fn a_file_that_would_let_somebody_in_by_mistake_is_refused() {
        let digest = sha256_hex([b"a".as_slice()]);
        for text in [
            "{}".to_owned(),
            r#"{"keys": [{"name": "a", "sha256": "secret"}]}"#.to_owned(),
            format!(r#"{{"keys": [{{"name": "a", "sha256": "{digest}", "prefixes": [""]}}]}}"#),
            format!(r#"{{"keys": [{{"name": "a", "sha256": "{digest}", "rôle": "read"}}]}}"#),
            format!(
                r#"{{"keys": [{{"name": "a", "sha256": "{digest}"}}, {{"name": "b", "sha256": "{digest}"}}]}}"#
            ),
        ] {
            assert!(Keys::parse(&text).is_err(), "{text}");
        }
    }
}
