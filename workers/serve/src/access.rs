//! API keys: what each allows, and which documents it may see. Pure except for [`file`], which reads the keys.
//!
//! A key is 256 random bits. Its SHA-256 can therefore be stored without salt and looked up directly: the key can
//! neither be guessed nor recovered from the file.

pub mod file;

use std::collections::HashMap;

use message::{DocumentId, sha256_hex};
use secret::Secret;
use serde::{Deserialize, Serialize};
use sink::Clause;

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
    /// Prefixes of `bucket/key` that it may see; without any it sees all documents.
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
    /// The prefixes it may see; empty for everything.
    pub prefixes: Vec<String>,
    /// What its key is known by, which nobody can guess; none where no keys are configured.
    pub seal: Option<Secret>,
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
            let digest = sha256.to_ascii_lowercase();
            let seal = Some(Secret::from(digest.clone()));
            let principal = Principal { name: Some(name.clone()), role, prefixes, seal };
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
        Self { name: None, role: AccessRole::Admin, prefixes: Vec::new(), seal: None }
    }

    /// The filter on all passages shown, if there is one.
    #[must_use]
    pub fn clause(&self) -> Option<Clause> {
        (!self.prefixes.is_empty()).then(|| Clause::Prefix(self.prefixes.clone()))
    }

    /// The visible parts of a bucket under `prefix`, as prefixes of keys without overlap.
    #[must_use]
    pub fn visible(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let bucket = format!("{bucket}/");
        let asked = format!("{bucket}{prefix}");
        let everything = [bucket.clone()];
        let allowed = if self.prefixes.is_empty() { &everything[..] } else { &self.prefixes };
        // If two prefixes overlap, one begins with the other, and the longer one is the overlap.
        let shared = allowed.iter().filter_map(|allowed| {
            let longer = if allowed.starts_with(&asked) { allowed } else { &asked };
            longer.starts_with(allowed.as_str()).then_some(longer)
        });
        let mut keys: Vec<String> =
            shared.filter_map(|whole| whole.strip_prefix(&bucket).map(str::to_owned)).collect();
        keys.sort();
        keys.dedup_by(|longer, shorter| longer.starts_with(shorter.as_str()));
        keys
    }

    /// Whether the document may be seen.
    #[must_use]
    pub fn sees(&self, document: &DocumentId) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| document.as_str().starts_with(prefix))
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
        assert_eq!(principal.clause(), Some(Clause::Prefix(vec!["docs/hr/".to_owned()])));
        assert_eq!(Principal::anybody().clause(), None);
    }

    #[test]
    fn of_a_bucket_that_is_seen_which_is_asked_for_and_allowed() {
        let seen = |prefixes: &[&str], asked: &str| {
            let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
            Principal { name: None, role: AccessRole::Read, prefixes, seal: None }.visible("docs", asked)
        };
        assert_eq!(seen(&[], ""), [""]);
        assert_eq!(seen(&[], "a/"), ["a/"]);
        assert_eq!(seen(&["docs/a/", "docs/b/"], ""), ["a/", "b/"]);
        assert_eq!(seen(&["docs/a/", "docs/a/b/", "other/"], ""), ["a/"]);
        assert_eq!(seen(&["docs/a/", "docs/b/"], "a/x"), ["a/x"]);
        assert_eq!(seen(&["docs/a/x/"], "a/"), ["a/x/"]);
        assert!(seen(&["docs/a/"], "b/").is_empty() && seen(&["other/"], "").is_empty());
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
