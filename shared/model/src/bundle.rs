//! A model bundle: a folder with `bundle.json` and the files that it names.
//!
//! Pure; the edge that reads the folder is `bundle/files.rs`. `bundle.json` says all that Millrace must know of a
//! model: the fingerprint of the model is computed from it, and `bundle/files.rs` proves that it is true of the files.

mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use message::Fingerprint;
use serde::Deserialize;

/// Which model is used, and how documents are cut for it. Every program needs the same: they name what it builds.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelSettings {
    /// The folder of the model bundle: bundle.json and the files that it names.
    #[arg(long, env = "MILLRACE_MODEL", value_name = "DIR")]
    pub model: PathBuf,
    /// Most tokens that the end of a passage has in common with the start of the next one; less than half of the
    /// model's limit. Another number is another chunking: every program needs the same.
    #[arg(long, env = "MILLRACE_OVERLAP_TOKENS", value_name = "TOKENS", default_value_t = 0)]
    pub overlap_tokens: usize,
}

impl ModelSettings {
    /// Opens the bundle, for documents that are cut as the settings say.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn open(&self) -> Result<Bundle, BundleError> {
        Ok(Bundle { overlap_tokens: self.overlap_tokens, ..Bundle::open(&self.model)? })
    }
}

/// What a text is to the model; a model may want a prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A question that passages are searched for with.
    Query,
    /// A passage that is searched.
    Passage,
}

/// `bundle.json`. Unknown fields are refused: each one here decides what vectors mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The model's name, for people.
    pub name: String,
    /// The bundle's version, for people.
    pub version: String,
    /// Numbers in a vector; at least 1.
    pub dimension: usize,
    /// Tokens that the model takes at most, special tokens and prefix included; at least 1.
    pub max_tokens: usize,
    /// How the vectors of the tokens become one, e.g. `mean`. The graph itself does it.
    pub pooling: String,
    /// Whether the vectors are of length 1. The graph itself makes them so.
    pub normalise: bool,
    /// The output of the graph that is the vector, e.g. `sentence_embedding`.
    pub output: String,
    /// What the weights are stored in, e.g. `fp32`.
    pub precision: String,
    /// What goes before each text.
    pub prefixes: Prefixes,
    /// Name of each file in the folder, with the SHA-256 of its bytes in lower-case hex.
    pub files: BTreeMap<String, String>,
}

/// What the model wants before a text; empty when nothing.
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

/// Why a bundle cannot be used. Each is for a person to mend; trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of the bundle cannot be read.
    #[error(
        "{file} of the model bundle cannot be read: check the setting --model (MILLRACE_MODEL), or make the bundle again"
    )]
    Read {
        /// Its path.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `bundle.json` is not what it should be.
    #[error("{file} does not describe a model: mend the field that is named, or make the bundle again")]
    Parse {
        /// Its path.
        file: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A value in `bundle.json` has no meaning.
    #[error("{file}: {problem}")]
    Value {
        /// The path of bundle.json.
        file: PathBuf,
        /// The field, and what it should be.
        problem: String,
    },
    /// A file has other bytes than those that the fingerprint stands for.
    #[error(
        "{file} has the sha-256 {found}, but bundle.json says {expected}: copy or make the bundle again; if the file was changed on purpose, state its digest (it is then another model, with vectors of its own)"
    )]
    Digest {
        /// The file's path.
        file: PathBuf,
        /// The digest that bundle.json states.
        expected: String,
        /// The digest of the bytes.
        found: String,
    },
    /// The folder holds a file that `bundle.json` does not name, so that the fingerprint would not cover it.
    #[error(
        "{file} is in the model bundle but bundle.json does not name it: state it under files with its sha-256, or remove it (weights that the graph refers to must be part of the fingerprint)"
    )]
    Unlisted {
        /// The file's path.
        file: PathBuf,
    },
}

/// A bundle whose files are what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
    /// Not of the model, but of how documents are cut for it; kept here so that names are computed from one value.
    overlap_tokens: usize,
}

impl Bundle {
    /// The file in the folder that describes the others.
    pub const MANIFEST: &'static str = "bundle.json";
    /// The model's graph.
    pub const GRAPH: &'static str = "model.onnx";
    /// The model's tokenizer.
    pub const TOKENIZER: &'static str = "tokenizer.json";

    /// Checks what `bundle.json` (`text`) says; does not look at the files.
    ///
    /// # Errors
    /// When it is not JSON, misses a field or has an unknown one, or a value has no meaning.
    fn describe(folder: &Path, text: &[u8]) -> Result<Self, BundleError> {
        let file = folder.join(Self::MANIFEST);
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|source| BundleError::Parse { file: file.clone(), source })?;
        match problem_of(&manifest) {
            Some(problem) => Err(BundleError::Value { file, problem }),
            None => Ok(Self { folder: folder.to_path_buf(), manifest, overlap_tokens: 0 }),
        }
    }

    /// What `bundle.json` says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.manifest.dimension
    }

    /// Tokens that the model takes at most, special tokens and prefix included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.manifest.max_tokens
    }

    /// Tokens that neighbouring passages have in common at most: [`ModelSettings::overlap_tokens`].
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
    /// normalisation, dimension, precision), and of nothing else. The name, the version and the token limit are not
    /// in it: the same model under another name has the same vectors.
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

    /// The fingerprint of the space of this model's vectors over passages of `chunking`.
    #[must_use]
    pub fn space(&self, chunking: &Fingerprint) -> Fingerprint {
        space_of(chunking, &self.model_fingerprint())
    }
}

/// The fingerprint of a space: a chunking and the model that embeds it.
pub(crate) fn space_of(chunking: &Fingerprint, model: &Fingerprint) -> Fingerprint {
    Fingerprint::of(&[("chunking", chunking.as_str()), ("model", model.as_str())])
}

/// What is wrong with the values of a manifest, if anything.
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
        // A name must stay in the folder: "../x" or "/x" would be read from elsewhere.
        let plain = !name.is_empty()
            && name != Bundle::MANIFEST
            && !name.starts_with('.')
            && !name.contains(['/', '\\']);
        let hex = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match (plain, hex) {
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
