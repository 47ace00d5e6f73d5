//! How engines can keep vectors: one row for each kind. Pure.
//!
//! A kind decides what a search compares: whole vectors, or fewer bits of each (quantised). Every kind here keeps the whole
//! vectors too, so that they can be read back and audited. One that loses too many neighbours has the nearest by its few bits
//! compared once more by their whole vectors ([`VectorKind::oversample`]).
//!
//! Not offered: OpenSearch's `data_type: byte`. It takes and gives back integers that its client made: at 384 numbers their
//! cosine with what was embedded is about 1 - 4e-5, and an audit takes what is below 1 - 1e-5 for a difference. `lucene_4x`
//! needs as little memory and gives back what was written.

use std::str::FromStr;

use generation::Generation;
use serde_json::{Value, json};

use crate::registry::EngineKind;
use crate::wire::{Server, merge};

/// Links of each vector in the graph; both engines' default.
const LINKS: u32 = 16;
/// Neighbours that are considered when a vector is linked; both engines' default.
const CONSIDERED: u32 = 100;
/// The parts of a mapping by which an engine tells the kind.
const TOLD: [&str; 4] = ["/index_options/type", "/method/engine", "/compression_level", "/mode"];

/// The kinds of Elasticsearch: <https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector>.
pub(crate) const ELASTICSEARCH: &[VectorKind] = &[
    VectorKind { name: "hnsw", since: "8.4", oversample: None, form: VectorForm::IndexOptions },
    VectorKind { name: "int8_hnsw", since: "8.12", oversample: None, form: VectorForm::IndexOptions },
    // The engine had these two before, but only later can a mapping say that whole vectors are compared again.
    VectorKind {
        name: "int4_hnsw",
        since: "8.19 and 9.1",
        oversample: Some(2),
        form: VectorForm::IndexOptions,
    },
    VectorKind {
        name: "bbq_hnsw",
        since: "8.19 and 9.1",
        oversample: Some(5),
        form: VectorForm::IndexOptions,
    },
];

/// The kinds of OpenSearch: <https://docs.opensearch.org/latest/mappings/supported-field-types/knn-memory-optimized/>. They
/// are named by compression, because encoders and their parameters differ between versions.
pub(crate) const OPENSEARCH: &[VectorKind] = &[
    VectorKind { name: "lucene", since: "2.17", oversample: None, form: graph("lucene", None) },
    // 7 bits a number.
    VectorKind { name: "lucene_4x", since: "2.17", oversample: None, form: graph("lucene", Some("4x")) },
    // 1 bit a number.
    VectorKind { name: "lucene_32x", since: "3.6", oversample: Some(5), form: graph("lucene", Some("32x")) },
    VectorKind { name: "faiss", since: "2.19", oversample: None, form: graph("faiss", None) },
    VectorKind { name: "faiss_fp16", since: "2.19", oversample: None, form: graph("faiss", Some("2x")) },
    VectorKind { name: "on_disk_8x", since: "2.19", oversample: Some(5), form: on_disk("8x") },
    VectorKind { name: "on_disk_16x", since: "2.19", oversample: Some(5), form: on_disk("16x") },
    VectorKind { name: "on_disk_32x", since: "2.19", oversample: Some(5), form: on_disk("32x") },
];

/// A way to keep vectors, which an engine knows.
#[derive(Debug, PartialEq, Eq)]
pub struct VectorKind {
    /// Its name in a generation's mapping.
    pub name: &'static str,
    /// The first versions of the engine that know it; for people.
    pub since: &'static str,
    /// How many times as many passages as are wanted are compared by their whole vectors; none where nothing is compared
    /// twice.
    pub oversample: Option<u32>,
    form: VectorForm,
}

/// How an engine is asked for a kind.
#[derive(Debug, PartialEq, Eq)]
enum VectorForm {
    /// Elasticsearch: by index options of the type that the kind is named by.
    IndexOptions,
    /// OpenSearch: by the library that makes the graph, and how much smaller vectors are to become.
    Graph { library: &'static str, compression: Option<&'static str>, on_disk: bool },
}

const fn graph(library: &'static str, compression: Option<&'static str>) -> VectorForm {
    VectorForm::Graph { library, compression, on_disk: false }
}

const fn on_disk(compression: &'static str) -> VectorForm {
    VectorForm::Graph { library: "faiss", compression: Some(compression), on_disk: true }
}

impl VectorKind {
    /// How `generation` keeps its vectors in an engine; the engine's best kind where the mapping does not say.
    pub(crate) fn of(server: &dyn Server, generation: &Generation) -> Result<&'static Self, UnknownVectors> {
        Ok(Self::choices(server, generation)?[0])
    }

    /// How a new index can keep the vectors of `generation`: as its mapping says, and otherwise as one of the engine's defaults,
    /// best first. Never empty.
    pub(crate) fn choices(
        server: &dyn Server,
        generation: &Generation,
    ) -> Result<Vec<&'static Self>, UnknownVectors> {
        match generation.mapping.vectors.get(server.kind()) {
            Some(name) => Ok(vec![Self::named(server.kind(), server.vectors(), name)?]),
            None => Self::defaults(server),
        }
    }

    /// The kinds that an engine takes where nobody names one, best first. Never empty.
    pub(crate) fn defaults(server: &dyn Server) -> Result<Vec<&'static Self>, UnknownVectors> {
        server
            .default_vectors()
            .iter()
            .map(|name| Self::named(server.kind(), server.vectors(), name))
            .collect()
    }

    /// The kind that an engine tells of a field in a mapping that it returned; none when it is none of `kinds`.
    pub(crate) fn told(kinds: &'static [Self], field: &Value) -> Option<&'static Self> {
        kinds.iter().find(|kind| {
            let wanted = kind.field();
            TOLD.iter().all(|place| wanted.pointer(place) == field.pointer(place))
        })
    }

    /// What it adds to the mapping of a vector field.
    pub(crate) fn field(&self) -> Value {
        match self.form {
            VectorForm::IndexOptions => {
                let mut options = json!({"type": self.name, "m": LINKS, "ef_construction": CONSIDERED});
                if let Some(oversample) = self.oversample {
                    // In the index and not in each question, so that outside clients find the same.
                    merge(&mut options, json!({"rescore_vector": {"oversample": oversample}}));
                }
                json!({"index_options": options})
            }
            VectorForm::Graph { library, compression, on_disk } => {
                let parameters = json!({"m": LINKS, "ef_construction": CONSIDERED});
                let method = json!({"name": "hnsw", "engine": library, "parameters": parameters});
                let mut field = json!({"method": method});
                if let Some(compression) = compression {
                    merge(&mut field, json!({"compression_level": compression}));
                }
                if on_disk {
                    merge(&mut field, json!({"mode": "on_disk"}));
                }
                field
            }
        }
    }

    /// Whether it needs the native libraries of OpenSearch's plugin, which are in every stock OpenSearch and in no package registry:
    /// faiss, and what compares vectors of 1 bit a number. A node without them acknowledges the index, and ends at the first
    /// passage or question.
    #[must_use]
    pub fn is_native(&self) -> bool {
        let one_bit = Some("32x");
        matches!(&self.form, VectorForm::Graph { library, compression, .. } if *library == "faiss" || *compression == one_bit)
    }

    fn named(engine: &str, kinds: &'static [Self], name: &str) -> Result<&'static Self, UnknownVectors> {
        kinds.iter().find(|kind| kind.name == name).ok_or_else(|| UnknownVectors::Kind {
            engine: engine.to_owned(),
            kind: name.to_owned(),
            known: kinds.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// A kind of vectors chosen for an engine, written `ENGINE=KIND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorChoice {
    /// The engine.
    pub engine: EngineKind,
    /// How it is to keep vectors.
    pub kind: &'static VectorKind,
}

impl FromStr for VectorChoice {
    type Err = UnknownVectors;

    fn from_str(text: &str) -> Result<Self, UnknownVectors> {
        let (name, kind) = text.split_once('=').ok_or_else(|| UnknownVectors::Pair(text.to_owned()))?;
        let engine = EngineKind::ALL.into_iter().find(|engine| engine.name() == name);
        let engine = engine.ok_or_else(|| UnknownVectors::Engine {
            engine: name.to_owned(),
            known: EngineKind::ALL.map(EngineKind::name).join(", "),
        })?;
        Ok(Self { engine, kind: VectorKind::named(name, engine.vectors(), kind)? })
    }
}

/// Vectors cannot be kept so; the message names how they can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownVectors {
    /// It is no pair.
    #[error("'{0}' is not ENGINE=KIND, such as elasticsearch=int8_hnsw")]
    Pair(String),
    /// There is no such engine.
    #[error("there is no engine '{engine}': the engines are {known}")]
    Engine {
        /// The name.
        engine: String,
        /// The engines.
        known: String,
    },
    /// The engine knows no such kind.
    #[error("{engine} keeps no vectors as '{kind}': its kinds are {known}")]
    Kind {
        /// The engine.
        engine: String,
        /// The name.
        kind: String,
        /// The kinds.
        known: String,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_an_engine_tells_is_one_kind() {
        for kinds in [OPENSEARCH, ELASTICSEARCH] {
            let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name).collect();
            assert_eq!(names.len(), kinds.len(), "{names:?}");
            for kind in kinds {
                assert_eq!(VectorKind::told(kinds, &kind.field()), Some(kind));
            }
            assert_eq!(VectorKind::told(kinds, &json!({"index_options": {"type": "flat"}})), None);
            assert_eq!(VectorKind::told(kinds, &Value::Null), None);
        }
    }

    #[test]
    fn a_choice_is_an_engine_and_one_of_its_kinds() {
        let choice: VectorChoice = "opensearch=lucene_4x".parse().unwrap();
        assert_eq!((choice.engine, choice.kind.name), (EngineKind::Opensearch, "lucene_4x"));
        let wrong = |text: &str| text.parse::<VectorChoice>().unwrap_err().to_string();
        assert!(wrong("int8_hnsw").contains("ENGINE=KIND"));
        assert!(wrong("solr=hnsw").ends_with("the engines are opensearch, elasticsearch"));
        let text = wrong("elasticsearch=lucene");
        assert!(text.ends_with("its kinds are hnsw, int8_hnsw, int4_hnsw, bbq_hnsw"), "{text}");
    }

    #[test]
    fn faiss_and_single_bits_are_native() {
        let native = OPENSEARCH.iter().filter(|kind| kind.is_native()).map(|kind| kind.name);
        let native: Vec<&str> = native.collect();
        assert_eq!(native, ["lucene_32x", "faiss", "faiss_fp16", "on_disk_8x", "on_disk_16x", "on_disk_32x"]);
        assert!(ELASTICSEARCH.iter().all(|kind| !kind.is_native()));
    }
}
