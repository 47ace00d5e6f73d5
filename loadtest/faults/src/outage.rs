//! Faults of the servers around the workers. Pure.

use crate::schedule::Worker;

/// A search engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// OpenSearch.
    OpenSearch,
    /// Elasticsearch.
    Elasticsearch,
}

impl Engine {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenSearch => "opensearch",
            Self::Elasticsearch => "elasticsearch",
        }
    }

    /// The worker that writes to it.
    #[must_use]
    pub fn writer(self) -> Worker {
        match self {
            Self::OpenSearch => Worker::Index,
            Self::Elasticsearch => Worker::Replicate,
        }
    }
}

/// Which of several brokers is struck; the broker is looked up at the moment of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Leads a partition of `documents`, which `intake` writes and `chunk` reads.
    LeadsDocuments,
    /// Leads a partition of the passage topic.
    LeadsChunks,
    /// Leads a partition of the vector topic.
    LeadsVectors,
    /// Coordinates the consumer group of `embed`.
    CoordinatesGroup,
    /// Coordinates the transactions of one partition of `embed`.
    CoordinatesTransaction,
}

impl Role {
    fn words(self) -> &'static str {
        match self {
            Self::LeadsDocuments => "leader of documents",
            Self::LeadsChunks => "leader of chunks",
            Self::LeadsVectors => "leader of vectors",
            Self::CoordinatesGroup => "coordinator of a group",
            Self::CoordinatesTransaction => "coordinator of a transaction",
        }
    }
}

/// A fault of a server around the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Extra processes of a worker start and stop in quick succession.
    Storm(Worker),
    /// An index of this engine is deleted by hand.
    IndexDeleted(Engine),
    /// For ten seconds the store answers that the bucket does not exist.
    NoBucket,
    /// For ten seconds the ledger's working copy cannot be written, as on a full disk.
    CopyFull,
    /// All brokers are stopped cleanly and started again.
    KafkaRestarted,
    /// All brokers are killed and started again.
    KafkaKilled,
    /// The store is killed and started again.
    StoreKilled,
    /// One broker is killed, and started again after others have taken over.
    BrokerKilled(Role),
    /// One broker is cut off the network but keeps running.
    BrokerCut(Role),
    /// One broker is paused, and resumed after others have taken over.
    BrokerPaused(Role),
    /// The brokers are stopped and started one after another.
    RollingRestart,
    /// All brokers are killed, and every replica of one partition of `documents` loses its newer half.
    LogTruncated,
    /// For some seconds the store answers 404 for every object.
    KeysGone,
}

impl Outage {
    /// All outages, in the order in which seeds take them: faults of Kafka's brokers alternate with all others.
    pub const ALL: [Self; 20] = [
        Self::BrokerKilled(Role::LeadsChunks),
        Self::Storm(Worker::Chunk),
        Self::BrokerCut(Role::LeadsDocuments),
        Self::IndexDeleted(Engine::OpenSearch),
        Self::BrokerKilled(Role::CoordinatesTransaction),
        Self::NoBucket,
        Self::RollingRestart,
        Self::CopyFull,
        Self::KafkaRestarted,
        Self::IndexDeleted(Engine::Elasticsearch),
        Self::BrokerPaused(Role::LeadsVectors),
        Self::Storm(Worker::Embed),
        Self::BrokerKilled(Role::CoordinatesGroup),
        Self::StoreKilled,
        Self::BrokerCut(Role::CoordinatesTransaction),
        Self::Storm(Worker::Index),
        Self::KafkaKilled,
        Self::KeysGone,
        Self::BrokerKilled(Role::LeadsDocuments),
        Self::LogTruncated,
    ];

    /// The name under which it is counted and reported.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Storm(worker) => format!("storm of {}", worker.name()),
            Self::IndexDeleted(engine) => format!("index of {} deleted", engine.name()),
            Self::NoBucket => "no such bucket".to_owned(),
            Self::CopyFull => "disk full for the working copy".to_owned(),
            Self::KafkaRestarted => "kafka restarted".to_owned(),
            Self::KafkaKilled => "kafka killed".to_owned(),
            Self::StoreKilled => "store killed".to_owned(),
            Self::BrokerKilled(role) => format!("{} killed", role.words()),
            Self::BrokerCut(role) => format!("{} cut off", role.words()),
            Self::BrokerPaused(role) => format!("{} stopped", role.words()),
            Self::RollingRestart => "brokers restarted one by one".to_owned(),
            Self::LogTruncated => "log truncated".to_owned(),
            Self::KeysGone => "no such key".to_owned(),
        }
    }

    /// Whether changes go unnoticed, or their notices are lost, with any store, so that only a reconciliation finds
    /// them.
    #[must_use]
    pub fn needs_reconcile(self) -> bool {
        matches!(self, Self::StoreKilled | Self::LogTruncated | Self::KeysGone)
    }

    /// Whether a store that does not persist its notices may lose some because of this outage.
    #[must_use]
    pub fn takes_kafka(self) -> bool {
        matches!(
            self,
            Self::KafkaRestarted
                | Self::KafkaKilled
                | Self::BrokerKilled(_)
                | Self::BrokerCut(_)
                | Self::BrokerPaused(_)
                | Self::RollingRestart
        )
    }
}
