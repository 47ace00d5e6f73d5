#![expect(clippy::disallowed_methods, reason = "edge: reads the output of a training")]
//! What `train.py` leaves behind: read only when it is whole.

use std::collections::BTreeMap;
use std::path::Path;

use model::Bundle;
use serde::Deserialize;

use crate::UnusableFile;
use crate::gate::SeedScores;

/// The file that is written last: without it, the rest counts as never written.
pub const DONE: &str = "done.json";
/// The folder of the bundle in the output.
pub const BUNDLE: &str = "bundle";
/// The version of the layout that this program reads.
const FORMAT: u64 = 1;
/// More files than a trainer writes, and few enough to be listed.
const MOST_FILES: usize = 256;
/// What there is to be of a bundle.
const NEEDED: [&str; 3] = ["bundle/model.onnx", "bundle/tokenizer.json", "bundle/bundle.json"];

/// The output of a training.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FinishedTraining {
    format: u64,
    /// The token of its run; empty where nobody gave one.
    #[serde(default)]
    pub token: String,
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The name of the model that was fine-tuned.
    pub base: String,
    /// The digest of the training data.
    pub data: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// SHA-256 of each file, by its path below the folder.
    pub files: BTreeMap<String, String>,
    dev: Dev,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Dev {
    base: Score,
    #[serde(default)]
    seeds: Vec<Score>,
}

/// A score that a trainer did not get is `null`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Score {
    #[serde(rename = "ndcg@10")]
    ndcg: Option<f64>,
}

impl FinishedTraining {
    /// Reads `done.json` in `folder`, and verifies every file that it names.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or a file is missing or not as it says.
    pub fn read(folder: &Path) -> Result<Self, UnusableFile> {
        let path = folder.join(DONE);
        let done = Self::of(&content(&path)?).map_err(|cause| UnusableFile::new(&path, &cause))?;
        for (name, expected) in &done.files {
            let file = folder.join(name);
            let found = model::file_digest(&file).map_err(|error| UnusableFile::new(&file, &error))?;
            if found != *expected {
                let cause = format!("it has the sha-256 {found}, and {DONE} says {expected}: it was changed");
                return Err(UnusableFile::new(&file, &cause));
            }
        }
        Ok(done)
    }

    /// Understands the text of `done.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(text: &[u8]) -> Result<Self, String> {
        let done: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if done.format != FORMAT {
            return Err(format!("its format is {}, and this program reads {FORMAT}", done.format));
        }
        if let Some(missing) = NEEDED.iter().find(|name| !done.files.contains_key(**name)) {
            return Err(format!("it does not name {missing}"));
        }
        if done.dimension == 0 || done.files.len() > MOST_FILES {
            let (dimension, files) = (done.dimension, done.files.len());
            return Err(format!("it names {dimension} numbers in a vector and {files} files"));
        }
        // Its names become paths.
        let is_below = |path: &str| path.split('/').all(Bundle::is_plain);
        match done.files.iter().find(|(path, digest)| !is_below(path) || !Bundle::is_digest(digest)) {
            Some((path, digest)) => Err(format!(
                "it names the file {path:?} with the digest {digest:?}: not below its folder, or no digest"
            )),
            None => Ok(done),
        }
    }

    /// The files of the bundle by their names in it, with the SHA-256 of each.
    pub fn bundle(&self) -> impl Iterator<Item = (&str, &str)> {
        let inside = |(path, digest)| {
            let name = String::as_str(path).strip_prefix(BUNDLE)?.strip_prefix('/')?;
            Some((name, String::as_str(digest)))
        };
        self.files.iter().filter_map(inside).filter(|(name, _)| Bundle::is_plain(name))
    }

    /// The scores on the dev split. One that is missing is no number, which the gate refuses.
    #[must_use]
    pub fn seeds(&self) -> SeedScores {
        let number = |score: &Score| score.ndcg.unwrap_or(f64::NAN);
        SeedScores { base: number(&self.dev.base), seeds: self.dev.seeds.iter().map(number).collect() }
    }
}

fn content(path: &Path) -> Result<Vec<u8>, UnusableFile> {
    std::fs::read(path).map_err(|error| UnusableFile::new(path, &error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn done() -> Value {
        let digest = "0f".repeat(32);
        json!({
            "format": 1, "token": "0123456789ab", "name": "domain", "version": "1", "base": "mini", "data": "ba9876543210",
            "dimension": 384,
            "files": {"bundle/model.onnx": digest, "bundle/tokenizer.json": digest, "bundle/bundle.json": digest, "report.html": digest},
            "dev": {
                "base": {"ndcg@10": 0.5}, "seeds": [{"seed": 1, "ndcg@10": 0.6}, {"seed": 2, "ndcg@10": null}],
                "averaged": {"ndcg@10": 0.61}, "weight": 0.7, "ndcg@10": 0.62,
            },
            "seconds": 12.5, "steps": 100,
        })
    }

    fn of(value: &Value) -> Result<FinishedTraining, String> {
        FinishedTraining::of(value.to_string().as_bytes())
    }

    #[test]
    fn its_seeds_are_read_and_a_missing_score_is_no_number() {
        let done = of(&done()).unwrap();
        assert_eq!((done.token.as_str(), done.dimension, done.files.len()), ("0123456789ab", 384, 4));
        let seeds = done.seeds();
        assert!((seeds.base - 0.5).abs() < 1e-12 && (seeds.seeds[0] - 0.6).abs() < 1e-12);
        assert!(seeds.seeds[1].is_nan());
    }

    #[test]
    fn what_is_not_whole_or_leads_elsewhere_is_refused() {
        let with = |change: fn(&mut Value)| {
            let mut value = done();
            change(&mut value);
            of(&value).unwrap_err()
        };
        let error = with(|value| value["format"] = json!(2));
        assert!(error.contains("format is 2"), "{error}");
        let error = with(|value| value["files"] = json!({"bundle/model.onnx": "a"}));
        assert!(error.contains("bundle/tokenizer.json"), "{error}");
        for name in ["../x", "/etc/passwd", "bundle/../../x", ""] {
            let mut value = done();
            value["files"][name] = json!("0f".repeat(32));
            let error = of(&value).unwrap_err();
            assert!(error.contains("not below its folder"), "{name}: {error}");
        }
        assert!(with(|value| value["files"]["report.html"] = json!("short")).contains("\"short\""));
        assert!(with(|value| value["dimension"] = json!(0)).contains("0 numbers"));
        // What Python writes for what is no number.
        let text = done().to_string().replacen("0.5", "NaN", 1);
        assert!(text.contains("NaN") && FinishedTraining::of(text.as_bytes()).is_err(), "{text}");
    }
}
