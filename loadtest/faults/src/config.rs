//! Settings of `faults`: the seeds to run, and where the instance is.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use fault::Mechanism;
use model::{BackendSettings, ModelSettings};
use objects::{Buckets, S3Settings};
use sink::{ElasticsearchSettings, IndexSettings, OpenSearchSettings};
use stream::kafka::KafkaSettings;

/// Changes a bucket at random while faults strike, and proves after each seed that everything is equal.
///
/// Needs the servers of an instance, with its topics and bucket; `compose/faults` starts them, then this program.
#[derive(Debug, Parser)]
#[command(name = "faults", version, about)]
pub struct Config {
    /// The only seed to run.
    #[arg(long, conflicts_with_all = ["seeds", "short"])]
    pub seed: Option<u64>,
    /// The last seed to run; seeds that the results file lists as good for this commit are skipped.
    #[arg(long, default_value_t = 1, conflicts_with = "short")]
    pub seeds: u64,
    /// The first seed to run, so that two instances can share the work.
    #[arg(long, default_value_t = 1, conflicts_with_all = ["seed", "short"])]
    pub first: u64,
    /// One long run instead: the faults of this many seeds, from --first on, in a row and without healing in between.
    #[arg(long, value_name = "ROUNDS", conflicts_with_all = ["seed", "seeds", "short", "off"], value_parser = clap::value_parser!(u64).range(1..))]
    pub long: Option<u64>,
    /// Two quick seeds, always the same.
    #[arg(long)]
    pub short: bool,
    /// A new generation is built and promoted in each seed, not only in those whose own numbers say so.
    #[arg(long, conflicts_with = "off")]
    pub generations: bool,
    /// The negative control: switches this mechanism off; the suite must then fail within ten seeds.
    #[arg(long, value_enum, value_name = "MECHANISM", conflicts_with = "short")]
    pub off: Option<Off>,
    /// For release builds: they have no places for faults, so workers are struck at any moment.
    #[arg(long, conflicts_with = "off")]
    pub release: bool,
    /// The file to which a line is appended for each seed.
    #[arg(long, default_value = "loadtest/results/faults.jsonl")]
    pub results: PathBuf,
    /// Time limit in seconds for a seed, or for each round of a long run.
    #[arg(long, env = "MILLRACE_FAULTS_SECONDS", default_value_t = 300)]
    pub most_seconds: u64,
    /// The folder of the scripts.
    #[arg(long, env = "MILLRACE_COMPOSE", default_value = "compose")]
    pub compose: PathBuf,
    /// The instance's folder.
    #[arg(long, env = "MILLRACE_INSTANCE_DIR")]
    pub instance: PathBuf,
    /// The folder of the programs.
    #[arg(long, env = "MILLRACE_BIN", default_value = "target/debug")]
    pub programs: PathBuf,
    /// The first of three ports for the proxies of OpenSearch, Elasticsearch and the store.
    #[arg(long, env = "MILLRACE_PROXY_PORT")]
    pub proxy_port: u16,
    /// Where the first server of `serve` listens in seeds with a new generation; the second one takes the next port.
    #[arg(long, env = "MILLRACE_SERVE_LISTEN", default_value = "127.0.0.1:8080")]
    pub serve_listen: SocketAddr,
    /// The instance's S3 server.
    #[arg(long, env = "MILLRACE_STORE", value_enum, default_value_t = StoreServer::Versitygw)]
    pub store_server: StoreServer,
    /// Number of Kafka brokers.
    #[arg(long, env = "MILLRACE_BROKERS", default_value_t = 1)]
    pub brokers: u32,
    /// The bucket of documents.
    #[arg(long, env = "MILLRACE_BUCKET", default_value = "documents", value_parser = Buckets::one)]
    pub bucket: String,
    /// The object store.
    #[command(flatten)]
    pub store: S3Settings,
    /// Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// OpenSearch.
    #[command(flatten)]
    pub opensearch: OpenSearchSettings,
    /// Elasticsearch.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
    /// The names of the indexes.
    #[command(flatten)]
    pub index: IndexSettings,
    /// The model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// The encoder.
    #[command(flatten)]
    pub backend: BackendSettings,
}

/// An S3 server of `compose/servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreServer {
    /// versitygw: a notice that Kafka does not accept within seconds is lost.
    Versitygw,
    /// MinIO: notices wait on disk for Kafka.
    Minio,
}

impl StoreServer {
    /// Its folder in `compose/servers`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Versitygw => "versitygw",
            Self::Minio => "minio",
        }
    }

    /// Whether its notices survive an outage of Kafka.
    #[must_use]
    pub fn keeps_notices(self) -> bool {
        self == Self::Minio
    }
}

/// A mechanism that the negative control switches off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Off {
    /// The previous owner of a partition is fenced.
    Fencing,
    /// Outputs, ledger and offset are one transaction.
    Transaction,
    /// An engine remembers deletions for an hour.
    GcDeletes,
    /// A bulk response is read item by item.
    ItemRetry,
    /// What was read before is compared with the log.
    Position,
    /// A recreated index is filled again.
    IdentityReplay,
    /// A partition stops when too many of its documents disappear.
    Guard,
    /// An engine keeps the highest version.
    ExternalVersions,
}

impl Off {
    /// The mechanism as the workers know it.
    #[must_use]
    pub fn mechanism(self) -> Mechanism {
        match self {
            Self::Fencing => Mechanism::Fencing,
            Self::Transaction => Mechanism::Transaction,
            Self::GcDeletes => Mechanism::GcDeletes,
            Self::ItemRetry => Mechanism::ItemRetry,
            Self::Position => Mechanism::Position,
            Self::IdentityReplay => Mechanism::IdentityReplay,
            Self::Guard => Mechanism::Guard,
            Self::ExternalVersions => Mechanism::ExternalVersions,
        }
    }
}
