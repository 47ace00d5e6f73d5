//! Faults of what is around the workers. Pure.

use crate::schedule::Worker;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// OpenSearch.
    OpenSearch,
    /// Elasticsearch.
    Elasticsearch,
}

impl Engine {
    /// As it is reported.
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

/// Which broker of several is struck: it is asked for at the moment of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads a partition of the topic of references, into which `intake` writes and from which `chunk` reads.
    LeadsDocuments,
    /// It leads a partition of the topic of passages.
    LeadsChunks,
    /// It leads a partition of the topic of vectors.
    LeadsVectors,
    /// It coordinates the group of `embed`.
    CoordinatesGroup,
    /// It coordinates the transactions of a partition of `embed`.
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

/// A fault of what is around the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Processes of a worker come and go quickly.
    Storm(Worker),
    /// Somebody deletes an index of this engine.
    IndexDeleted(Engine),
    /// The store says for ten seconds that there is no such bucket.
    NoBucket,
    /// For ten seconds the working copy of the ledger cannot be written, as on a full disk.
    CopyFull,
    /// All of Kafka is stopped and started.
    KafkaRestarted,
    /// All of Kafka is killed and started.
    KafkaKilled,
    /// The store is killed and started.
    StoreKilled,
    /// One broker is killed, and started when others have taken over.
    BrokerKilled(Role),
    /// One broker hears nobody and is heard by nobody, and goes on living.
    BrokerCut(Role),
    /// One broker sleeps, and wakes when others have taken over.
    BrokerPaused(Role),
    /// Each broker is stopped and started, one after another.
    RollingRestart,
    /// All of Kafka is killed, and every copy of one partition of `documents` loses its newer half.
    LogTruncated,
    /// The store says for some seconds that there is no object, whichever it is asked for.
    KeysGone,
}

impl Outage {
    /// Each kind, in the order in which seeds take them: one of the servers, one of everything else.
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

    /// As it is counted and reported.
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

    /// Whether something of what changed is told to nobody, or what was told is lost, whatever the store keeps.
    #[must_use]
    pub fn needs_reconcile(self) -> bool {
        matches!(self, Self::StoreKilled | Self::LogTruncated | Self::KeysGone)
    }

    /// Whether a store that keeps no notices on disk may lose some by it.
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
