//! Arguments of the commands about text that is written straight to an engine.

use std::time::Duration;

use clap::Args;
use model::EncoderSettings;
use sink::{ElasticsearchSettings, EngineSettings, OpenSearchSettings, RequestSettings};

use super::{BucketSettings, RegistrySettings};

/// `model register`
#[derive(Args, Debug)]
pub struct RegisterModel {
    /// The output folder of train.py, or the fingerprint (or its beginning) of a model that a run of this index made: its output
    /// is then fetched from the store.
    #[arg(value_name = "OUT|FINGERPRINT")]
    pub what: String,
    /// What the model is called in OpenSearch.
    #[arg(long, default_value = "domain-emb")]
    pub name: String,
    /// The index that takes text from anyone and has it embedded by this model; by default what is served, with `-direct` behind.
    #[arg(long, value_name = "INDEX", value_parser = index_name)]
    pub direct: Option<String>,
    /// Open an index beside it whose field `text` is of the type `semantic` and has it embedded by this model, without a pipeline; it
    /// is called as that of --direct, with `-semantic` for `-direct`. Needs OpenSearch 3.2.
    #[arg(long)]
    pub semantic: bool,
    /// Set the cluster settings that are missing; without it they are named, and nothing is done.
    #[arg(long)]
    pub configure: bool,
    /// OpenSearch fetches the model from this address (http, https), instead of being sent it in pieces: the same file as in OUT.
    /// It is kept in the cluster with the model, so give one that ends soon.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How many models of this name are kept, this one among them; those that a pipeline or a field uses are kept besides.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub keep: u8,
    /// How long OpenSearch may take to load the model, e.g. `10m`.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    pub patience: Duration,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where outputs of runs are: below `.millrace/`, which is never ingested.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// How the engines are reached: OpenSearch runs the model; Elasticsearch, if it is one of them, is asked for its licence.
    #[command(flatten)]
    pub engines: EngineSettings,
    /// How they are asked, and how the indexes are created.
    #[command(flatten)]
    pub requests: RequestSettings,
    /// How the model is run here, for comparison.
    #[command(flatten)]
    pub encoder: EncoderSettings,
}

/// `replicate-index`
#[derive(Args, Debug)]
pub struct ReplicateIndex {
    /// The index of OpenSearch.
    #[arg(value_parser = index_name)]
    pub source: String,
    /// The index of Elasticsearch; created when it is missing.
    #[arg(value_parser = index_name)]
    pub target: String,
    /// Parts that are copied at the same time; each holds a page of about 10 MB in memory.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub slices: u8,
    /// Compare both afterwards: every id, version and content, and the vectors of a part; exit code 1 when they differ.
    #[arg(long)]
    pub verify: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// How OpenSearch is reached.
    #[command(flatten)]
    pub opensearch: OpenSearchSettings,
    /// How Elasticsearch is reached.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
    /// How they are asked, and how the index is created.
    #[command(flatten)]
    pub requests: RequestSettings,
}

/// Parses the name of one index, as both engines allow it: a pattern would name several, and others would be another path.
fn index_name(text: &str) -> Result<String, String> {
    let odd =
        |letter: char| letter.is_whitespace() || letter.is_uppercase() || "\\/*?\"<>|,#:%&".contains(letter);
    if text.is_empty() || text.starts_with(['_', '-', '+', '.']) || text.contains(odd) {
        return Err(
            "the name of an index has small letters, and no spaces, slashes, commas or wildcards".to_owned()
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_one_name() {
        for text in ["docs-direct", "domain_vectors-direct", "a.b", "文档"] {
            assert_eq!(index_name(text).as_deref(), Ok(text));
        }
        for text in ["", "docs*", "a,b", "_all", "../x", "Docs", "a b", "a?b", "-x", "."] {
            assert!(index_name(text).is_err(), "{text}");
        }
    }
}
