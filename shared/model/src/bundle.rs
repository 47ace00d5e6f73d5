//! A model bundle: a folder with `bundle.json` and the files that it lists.
//!
//! Pure; the folder is read in `bundle/files.rs`. `bundle.json` holds everything Millrace must know about a model.
//! The model's fingerprint is computed from it, and `bundle/files.rs` verifies that the files match it.

mod files;
mod further;

pub use files::file_digest;
pub use further::{DescribedBundle, FurtherModels};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use message::Fingerprint;
use serde::Deserialize;

/// The model, and how documents are split for it. Every program needs the same values, because topics and indexes are
/// named by them.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelSettings {
    /// Folder of the model bundle: bundle.json and the files that it lists.
    #[arg(long, env = "MILLRACE_MODEL", value_name = "DIR")]
    pub model: PathBuf,
    /// Maximum number of tokens that consecutive passages share; less than half of the model's limit. Another value
    /// is another chunking: every program needs the same.
    #[arg(long, env = "MILLRACE_OVERLAP_TOKENS", value_name = "TOKENS", default_value_t = 0)]
    pub overlap_tokens: usize,
}

impl ModelSettings {
    /// Opens the bundle, with the settings for splitting.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn open(&self) -> Result<Bundle, BundleError> {
        Ok(Bundle { overlap_tokens: self.overlap_tokens, ..Bundle::open(&self.model)? })
    }
}

/// The role of a text; a model may want a prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A question, used to search passages.
    Query,
    /// A passage to be searched.
    Passage,
}

/// `bundle.json`. Unknown fields are rejected: every field here decides what vectors mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The model's name, for people.
    pub name: String,
    /// The bundle's version, for people.
    pub version: String,
    /// Dimension of the vectors; at least 1.
    pub dimension: usize,
    /// The model's token limit, including special tokens and prefix; at least 1.
    pub max_tokens: usize,
    /// How token vectors are pooled into one, e.g. `mean`. The graph itself does it.
    pub pooling: String,
    /// Whether vectors have length 1. The graph itself normalises them.
    pub normalise: bool,
    /// The graph's output that holds the vector, e.g. `sentence_embedding`.
    pub output: String,
    /// Number format of the weights, e.g. `fp32`.
    pub precision: String,
    /// Prefixes of texts.
    pub prefixes: Prefixes,
    /// The files in the folder, each with its SHA-256 in lower-case hex.
    pub files: BTreeMap<String, String>,
}

/// The prefix that the model wants before a text; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefixes {
    /// Before a question.
    pub query: String,
    /// Before a passage.
    pub passage: String,
}

impl Prefixes {
    /// The prefix for `role`.
    #[must_use]
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.query,
            Role::Passage => &self.passage,
        }
    }
}

/// Why a bundle cannot be used. A person must fix it; retrying does not help.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of the bundle cannot be read.
    #[error(
        "{file} of the model bundle cannot be read: check the setting --model (MILLRACE_MODEL), or make the bundle again"
    )]
    Read {
        /// Its path.
        file: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// `bundle.json` is malformed.
    #[error("{file} does not describe a model: mend the field that is named, or make the bundle again")]
    Parse {
        /// Its path.
        file: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A value in `bundle.json` is invalid.
    #[error("{file}: {problem}")]
    Value {
        /// The path of bundle.json.
        file: PathBuf,
        /// The field, and what it should be.
        problem: String,
    },
    /// A file's content differs from what the fingerprint stands for.
    #[error(
        "{file} has the sha-256 {found}, but bundle.json says {expected}: copy or make the bundle again; if the file was changed on purpose, state its digest (it is then another model, with vectors of its own)"
    )]
    Digest {
        /// The file's path.
        file: PathBuf,
        /// The digest in bundle.json.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// The folder holds a file that `bundle.json` does not list, so the fingerprint would not cover it.
    #[error(
        "{file} is in the model bundle but bundle.json does not name it: state it under files with its sha-256, or remove it (weights that the graph refers to must be part of the fingerprint)"
    )]
    Unlisted {
        /// The file's path.
        file: PathBuf,
    },
}

/// A bundle whose files have been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
    /// Not a property of the model but of the chunking; kept here so that all names are computed from one value.
    overlap_tokens: usize,
}

impl Bundle {
    /// The file that describes the others.
    pub const MANIFEST: &'static str = "bundle.json";
    /// The model's graph.
    pub const GRAPH: &'static str = "model.onnx";
    /// The model's tokenizer.
    pub const TOKENIZER: &'static str = "tokenizer.json";

    /// Whether a file of this name stays in the folder: `../x` or `/x` would be elsewhere.
    #[must_use]
    pub fn is_plain(name: &str) -> bool {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
    }

    /// Whether this is a SHA-256 in lower-case hex.
    #[must_use]
    pub fn is_digest(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Checks the content of `bundle.json` (`text`), not the files.
    ///
    /// # Errors
    /// When it is not JSON, a field is missing or unknown, or a value is invalid.
    fn describe(folder: &Path, text: &[u8]) -> Result<Self, BundleError> {
        let file = folder.join(Self::MANIFEST);
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|source| BundleError::Parse { file: file.clone(), source })?;
        match problem_of(&manifest) {
            Some(problem) => Err(BundleError::Value { file, problem }),
            None => Ok(Self { folder: folder.to_path_buf(), manifest, overlap_tokens: 0 }),
        }
    }

    /// The content of `bundle.json`.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Dimension of the vectors.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.manifest.dimension
    }

    /// The model's token limit, including special tokens and prefix.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.manifest.max_tokens
    }

    /// Maximum number of tokens that consecutive passages share: [`ModelSettings::overlap_tokens`].
    #[must_use]
    pub fn overlap_tokens(&self) -> usize {
        self.overlap_tokens
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a file of the bundle.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The fingerprint of the model: of everything that decides its vectors (files, pooling, output, prefixes,
    /// normalisation, dimension, precision), and nothing else. Name, version and token limit are not included: the
    /// same model under another name gives the same vectors.
    #[must_use]
    pub fn model_fingerprint(&self) -> Fingerprint {
        let manifest = &self.manifest;
        let dimension = manifest.dimension.to_string();
        let mut files = String::new();
        for (name, digest) in &manifest.files {
            files.extend([name, "=", digest, "\n"]);
        }
        Fingerprint::of(&[
            ("kind", "onnx"),
            ("files", &files),
            ("pooling", &manifest.pooling),
            ("output", &manifest.output),
            ("query prefix", &manifest.prefixes.query),
            ("passage prefix", &manifest.prefixes.passage),
            ("normalise", if manifest.normalise { "yes" } else { "no" }),
            ("dimension", &dimension),
            ("precision", &manifest.precision),
        ])
    }

    /// The fingerprint of the vector space: this model's vectors of passages cut by `chunking`.
    #[must_use]
    pub fn space(&self, chunking: &Fingerprint) -> Fingerprint {
        space_of(chunking, &self.model_fingerprint())
    }
}

/// The fingerprint of a vector space: a chunking and the model that embeds its passages.
pub(crate) fn space_of(chunking: &Fingerprint, model: &Fingerprint) -> Fingerprint {
    Fingerprint::of(&[("chunking", chunking.as_str()), ("model", model.as_str())])
}

/// The first invalid value in a manifest.
fn problem_of(manifest: &Manifest) -> Option<String> {
    if manifest.dimension == 0 || manifest.max_tokens == 0 {
        return Some("dimension and max_tokens must be at least 1".to_owned());
    }
    for (field, text) in [
        ("name", &manifest.name),
        ("pooling", &manifest.pooling),
        ("output", &manifest.output),
        ("precision", &manifest.precision),
    ] {
        if text.trim().is_empty() {
            return Some(format!("{field} is empty"));
        }
    }
    for needed in [Bundle::GRAPH, Bundle::TOKENIZER] {
        if !manifest.files.contains_key(needed) {
            return Some(format!("files does not name {needed}: state it with its sha-256"));
        }
    }
    manifest.files.iter().find_map(|(name, digest)| {
        let plain = name != Bundle::MANIFEST && Bundle::is_plain(name);
        match (plain, Bundle::is_digest(digest)) {
            (false, _) => {
                Some(format!("files names {name:?}, which is not the plain name of a file in the folder"))
            }
            (true, false) => Some(format!(
                "files: the digest of {name} is not a sha-256 in lower-case hex (64 characters)"
            )),
            (true, true) => None,
        }
    })
}

#[cfg(test)]
mod tests;
