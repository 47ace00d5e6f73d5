//! The list of search engines, one row each: a new engine needs a [`Server`](crate::wire::Server) and a row here.

use clap::{Args, ValueEnum};
use generation::Names;

use crate::elasticsearch::ElasticsearchSettings;
use crate::engine::Engine;
use crate::error::SinkError;
use crate::opensearch::OpenSearchSettings;
use crate::settings::RequestSettings;
use crate::vectors::{self, VectorKind};

/// A search engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum EngineKind {
    /// OpenSearch, written by `index`.
    Opensearch,
    /// Elasticsearch, written by `replicate`.
    Elasticsearch,
}

/// How to reach each engine.
#[derive(Args, Clone, Debug)]
pub struct EngineSettings {
    /// The engines that documents are written to, comma-separated. The others are not asked, waited for or compared.
    #[arg(long = "engines", env = "MILLRACE_ENGINES", value_enum, value_delimiter = ',', default_values_t = EngineKind::ALL)]
    pub written: Vec<EngineKind>,
    /// OpenSearch.
    #[command(flatten)]
    pub opensearch: OpenSearchSettings,
    /// Elasticsearch.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
}

/// How engines differ for their users.
struct Row {
    name: &'static str,
    worker: &'static str,
    vectors: &'static [VectorKind],
    connect: fn(&EngineSettings, &RequestSettings, Names) -> Result<Engine, SinkError>,
}

impl EngineKind {
    /// All engines, in the order of the data flow.
    pub const ALL: [Self; 2] = [Self::Opensearch, Self::Elasticsearch];

    const fn row(self) -> Row {
        match self {
            Self::Opensearch => Row {
                name: "opensearch",
                worker: "index",
                vectors: vectors::OPENSEARCH,
                connect: |settings, requests, names| settings.opensearch.connect(requests, names),
            },
            Self::Elasticsearch => Row {
                name: "elasticsearch",
                worker: "replicate",
                vectors: vectors::ELASTICSEARCH,
                connect: |settings, requests, names| settings.elasticsearch.connect(requests, names),
            },
        }
    }

    /// The engine's name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The worker that writes to it.
    #[must_use]
    pub const fn worker(self) -> &'static str {
        self.row().worker
    }

    /// The ways in which it can keep vectors.
    #[must_use]
    pub const fn vectors(self) -> &'static [VectorKind] {
        self.row().vectors
    }

    /// Prepares connections for the indexes of `names`; sends nothing yet.
    ///
    /// # Errors
    /// When the settings are invalid.
    pub fn connect(
        self,
        settings: &EngineSettings,
        requests: &RequestSettings,
        names: Names,
    ) -> Result<Engine, SinkError> {
        (self.row().connect)(settings, requests, names)
    }
}
