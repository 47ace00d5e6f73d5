//! Settings of `faults`: which seeds, and where the instance is.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use fault::Mechanism;
use model::{BackendSettings, ModelSettings};
use objects::{Buckets, S3Settings};
use sink::{ElasticsearchSettings, IndexSettings, OpenSearchSettings};
use stream::kafka::KafkaSettings;

/// Changes a bucket at random while faults strike, and proves after each seed that everything is equal.
///
/// Needs the servers of an instance, with topics and bucket: `compose/faults` starts them and then this.
#[derive(Debug, Parser)]
#[command(name = "faults", version, about)]
pub struct Config {
    /// Only this seed.
    #[arg(long, conflicts_with_all = ["seeds", "short"])]
    pub seed: Option<u64>,
    /// Seeds 1 to this one; those that the results name as good for this commit are left out.
    #[arg(long, default_value_t = 1, conflicts_with = "short")]
    pub seeds: u64,
    /// Begin at this seed: two instances can share the work.
    #[arg(long, default_value_t = 1, conflicts_with_all = ["seed", "short"])]
    pub first: u64,
    /// One long run instead: the faults of this many seeds, from --first on, one after another without a pause to heal.
    #[arg(long, value_name = "ROUNDS", conflicts_with_all = ["seed", "seeds", "short", "off"], value_parser = clap::value_parser!(u64).range(1..))]
    pub long: Option<u64>,
    /// Two quick seeds that are always the same.
    #[arg(long)]
    pub short: bool,
    /// The negative control: switches this mechanism off, and must fail within ten seeds.
    #[arg(long, value_enum, value_name = "MECHANISM", conflicts_with = "short")]
    pub off: Option<Off>,
    /// For programs of a release: they have no places for faults, so workers are struck at any moment.
    #[arg(long, conflicts_with = "off")]
    pub release: bool,
    /// Where a line is added for each seed.
    #[arg(long, default_value = "loadtest/results/faults.jsonl")]
    pub results: PathBuf,
    /// A seed, or a round of a long run, that takes longer fails: seconds.
    #[arg(long, env = "MILLRACE_FAULTS_SECONDS", default_value_t = 300)]
    pub most_seconds: u64,
    /// The folder with the scripts.
    #[arg(long, env = "MILLRACE_COMPOSE", default_value = "compose")]
    pub compose: PathBuf,
    /// The instance's folder.
    #[arg(long, env = "MILLRACE_INSTANCE_DIR")]
    pub instance: PathBuf,
    /// The folder with the programs.
    #[arg(long, env = "MILLRACE_BIN", default_value = "target/debug")]
    pub programs: PathBuf,
    /// First of three ports for the proxies of OpenSearch, Elasticsearch and the store.
    #[arg(long, env = "MILLRACE_PROXY_PORT")]
    pub proxy_port: u16,
    /// Which S3 server the instance has.
    #[arg(long, env = "MILLRACE_STORE", value_enum, default_value_t = StoreServer::Versitygw)]
    pub store_server: StoreServer,
    /// How many brokers Kafka has.
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
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Which encoder.
    #[command(flatten)]
    pub backend: BackendSettings,
}

/// An S3 server of `compose/servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreServer {
    /// versitygw: what Kafka does not take within seconds is told to nobody.
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

    /// Whether its notices outlast an absence of Kafka.
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
    /// An engine remembers for an hour what was deleted.
    GcDeletes,
    /// A bulk answer is read item by item.
    ItemRetry,
    /// What was read before is compared with the log.
    Position,
    /// An index that was made anew is filled again.
    IdentityReplay,
    /// A partition stops when too many of its documents go away.
    Guard,
    /// An engine keeps what has the highest version.
    ExternalVersions,
}

impl Off {
    /// As the workers know it.
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
