//! Why OpenSearch cannot run a model, by what a person does next. Pure.

use std::path::PathBuf;

use super::setting;
use crate::error::SinkError;
use crate::wire::{Response, reason};

/// A failed operation on ML Commons.
#[derive(Debug, thiserror::Error)]
pub enum HostTrouble {
    /// The plugin is not installed.
    #[error(
        "{url} has no ML Commons, so it can run no model: install its plugin opensearch-ml (with opensearch-job-scheduler; stock \
         OpenSearch has both; here: compose/install opensearch-ml, then MILLRACE_OPENSEARCH_ML=1 compose/up opensearch), or do \
         without and have Millrace embed"
    )]
    Absent {
        /// The engine's address.
        url: String,
    },
    /// A cluster setting is in the way.
    #[error(
        "{url} may not run such a model yet ({cause}): {what} in its cluster settings; --configure does it"
    )]
    Forbidden {
        /// The engine's address.
        url: String,
        /// What the engine says, or that it has other settings.
        cause: String,
        /// What to set.
        what: String,
    },
    /// There is no memory for the model, now.
    #[error(
        "{url} has no memory for the model ({cause}): undeploy others, give its node more, or raise the threshold that it names \
         (plugins.ml_commons.native_memory_threshold, plugins.ml_commons.jvm_heap_memory_threshold)"
    )]
    Memory {
        /// The engine's address.
        url: String,
        /// The engine's reason.
        cause: String,
    },
    /// ML Commons tried and could not.
    #[error("{url} failed at {doing} the model: {cause}")]
    Failed {
        /// The engine's address.
        url: String,
        /// What was tried, such as `deploying`.
        doing: &'static str,
        /// The engine's reason.
        cause: String,
    },
    /// It takes longer than it may.
    #[error(
        "{url} is still {doing} the model after {seconds} s: it goes on by itself; run this again, or give it longer (--patience)"
    )]
    Late {
        /// The engine's address.
        url: String,
        /// What is awaited, such as `deploying`.
        doing: &'static str,
        /// The time that was waited.
        seconds: u64,
    },
    /// The model's file cannot be read, or is not what was said.
    #[error("{}: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// An index has vectors of another kind than the model gives.
    #[error(
        "the index {index} was made for {found}, and {expected} is wanted: name another index, or delete this one"
    )]
    Other {
        /// The index.
        index: String,
        /// What it holds, in words.
        found: String,
        /// What the model gives, in words.
        expected: String,
    },
    /// The engine does not know fields of the type `semantic`, or not as they are made here.
    #[error(
        "{url} has no fields of the type semantic ({cause}): OpenSearch has them from 3.2 on, with its plugin \
         opensearch-neural-search; do without --semantic: the index with the pipeline finds the same"
    )]
    NoSemantic {
        /// The engine's address.
        url: String,
        /// The engine's reason.
        cause: String,
    },
    /// Any other failure of the engine.
    #[error(transparent)]
    Engine(#[from] SinkError),
}

/// What an error status of ML Commons means.
pub(super) fn of_response(error: SinkError, response: &Response) -> HostTrouble {
    of_cause(error, &reason(&response.body))
}

/// What a failure means, by the engine's words: ML Commons has one status for many things.
pub(super) fn of_cause(error: SinkError, cause: &str) -> HostTrouble {
    let url = match &error {
        SinkError::Unavailable { url, .. }
        | SinkError::Denied { url, .. }
        | SinkError::Rejected { url, .. } => url.clone(),
        SinkError::Missing { .. } | SinkError::Mismatch { .. } | SinkError::Setting { .. } => {
            return HostTrouble::Engine(error);
        }
    };
    let cause = cause.to_owned();
    if is_absent(&cause) {
        return HostTrouble::Absent { url };
    }
    if is_semantic(&cause) {
        return HostTrouble::NoSemantic { url, cause };
    }
    if is_memory(&cause) {
        return HostTrouble::Memory { url, cause };
    }
    if is_forbidden(&cause) {
        return HostTrouble::Forbidden { url, cause, what: setting::wanted() };
    }
    HostTrouble::Engine(error)
}

/// No plugin has this path, or none has this kind of processor or query.
fn is_absent(cause: &str) -> bool {
    cause.contains("no handler found for uri [/_plugins/_ml")
        || cause.contains("No processor type exists with name [text_embedding]")
}

/// Before 3.1, or without the plugin, there is no such type; 3.1 has it, and cannot be told the library of its vectors.
fn is_semantic(cause: &str) -> bool {
    cause.contains("No handler for type [semantic]")
        || cause.contains("unknown parameter [dense_embedding_config]")
}

/// Its circuit breakers, whichever it is (`NativeMemoryCircuitBreaker`, `MemoryCircuitBreaker`, `DiskCircuitBreaker`).
pub(super) fn is_memory(cause: &str) -> bool {
    cause.contains("ircuit Breaker is open")
        || cause.contains("ircuit breaker is open")
        || cause.contains("OutOfMemory")
}

fn is_forbidden(cause: &str) -> bool {
    cause.contains("allow_registering_model_via") || cause.contains("no eligible node found")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    fn seen(text: &str) -> HostTrouble {
        let seen: Value = serde_json::from_str(text).unwrap();
        let status = u16::try_from(seen["status"].as_u64().unwrap()).unwrap();
        let response = Response { status, retry_after: None, body: Bytes::from(seen["body"].to_string()) };
        let (url, operation) = ("http://o".to_owned(), "x".to_owned());
        let cause = reason(&response.body);
        of_response(SinkError::Rejected { url, operation, status, cause }, &response)
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for text in [
            include_str!("../../tests/data/mlcommons/meta_forbidden.json"),
            include_str!("../../tests/data/mlcommons/url_forbidden.json"),
            include_str!("../../tests/data/mlcommons/deploy_no_node.json"),
        ] {
            let trouble = seen(text);
            assert!(matches!(trouble, HostTrouble::Forbidden { .. }), "{trouble}");
            assert!(
                trouble.to_string().contains("plugins.ml_commons.only_run_on_ml_node: false"),
                "{trouble}"
            );
            assert!(trouble.to_string().contains("--configure"), "{trouble}");
        }
        let trouble = seen(include_str!("../../tests/data/mlcommons/predict_memory.json"));
        assert!(matches!(trouble, HostTrouble::Memory { .. }), "{trouble}");
        for text in [
            include_str!("../../tests/data/mlcommons/piece_too_large.json"),
            include_str!("../../tests/data/mlcommons/model_missing.json"),
            include_str!("../../tests/data/mlcommons/predict_no_side.json"),
        ] {
            let trouble = seen(text);
            assert!(matches!(trouble, HostTrouble::Engine(SinkError::Rejected { .. })), "{trouble}");
        }
    }

    #[test]
    fn a_server_without_the_plugin_is_told_from_one_in_trouble() {
        let error = "no handler found for uri [/_plugins/_ml/model_groups/_search] and method [POST]";
        let trouble = seen(&json!({"status": 400, "body": {"error": error}}).to_string());
        assert!(matches!(trouble, HostTrouble::Absent { .. }), "{trouble}");
        assert!(trouble.to_string().contains("compose/install opensearch-ml"), "{trouble}");
    }
}
