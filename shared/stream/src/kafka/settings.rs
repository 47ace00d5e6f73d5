//! How a cluster is reached.

use clap::Args;
use rdkafka::ClientConfig;
use secret::Secret;

use crate::broker::StreamError;

/// Properties that the guarantees depend on; no setting may change them.
const FIXED: [&str; 7] = [
    "enable.auto.commit",
    "isolation.level",
    "auto.offset.reset",
    "enable.idempotence",
    "acks",
    "transactional.id",
    "partition.assignment.strategy",
];

/// How a Kafka cluster is reached.
#[derive(Args, Clone, Debug)]
pub struct KafkaSettings {
    /// Brokers to start from: host:port, separated by commas.
    #[arg(long, env = "MILLRACE_KAFKA_BROKERS", default_value = "127.0.0.1:9092")]
    pub kafka_brokers: String,
    /// Any further librdkafka properties, `name=value` separated by semicolons, e.g.
    /// `security.protocol=SASL_SSL;sasl.mechanism=PLAIN;sasl.username=u;sasl.password=p`.
    #[arg(long, env = "MILLRACE_KAFKA_PROPERTIES", default_value = "", hide_env_values = true)]
    pub kafka_properties: Secret,
}

impl KafkaSettings {
    /// The base configuration of every client of the cluster.
    ///
    /// # Errors
    /// Fatal if the further properties cannot be parsed, or set one that a guarantee depends on.
    pub(crate) fn client(&self) -> Result<ClientConfig, StreamError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.kafka_brokers).set("client.id", "millrace");
        let pairs = self.kafka_properties.reveal().split(';').map(str::trim);
        for (number, pair) in pairs.enumerate().filter(|(_, pair)| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                // The piece is not shown: it may be the second half of a password.
                return Err(StreamError::Fatal(format!(
                    "MILLRACE_KAFKA_PROPERTIES: piece {} between semicolons is not name=value",
                    number + 1
                )));
            };
            if FIXED.contains(&name.trim()) {
                return Err(StreamError::Fatal(format!(
                    "MILLRACE_KAFKA_PROPERTIES: {name} is fixed, as exactness rests on it; remove it"
                )));
            }
            config.set(name.trim(), value.trim());
        }
        Ok(config)
    }

    /// For group members. The client's own queue is bounded in bytes for all partitions together.
    pub(crate) fn consumer(&self, group: &str) -> Result<ClientConfig, StreamError> {
        let mut config = self.client()?;
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", "read_committed")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("allow.auto.create.topics", "false")
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.message.max.bytes", "2097152")
            .set("fetch.wait.max.ms", "100");
        Ok(config)
    }

    /// For reading a partition to its end, outside any group.
    pub(crate) fn reader(&self) -> Result<ClientConfig, StreamError> {
        let mut config = self.consumer("millrace-reader")?;
        config.set("enable.partition.eof", "true");
        Ok(config)
    }

    /// For writers.
    pub(crate) fn producer(&self) -> Result<ClientConfig, StreamError> {
        let mut config = self.client()?;
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("compression.type", "zstd")
            // Dead letters carry the refused bytes as base64, so they are larger than what was refused.
            .set("message.max.bytes", "12582912")
            .set("queue.buffering.max.kbytes", "65536");
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(properties: &str) -> KafkaSettings {
        KafkaSettings {
            kafka_brokers: "127.0.0.1:1".to_owned(),
            kafka_properties: properties.to_owned().into(),
        }
    }

    #[test]
    fn further_properties_are_set() {
        let config = settings("security.protocol=SASL_SSL; sasl.password=a=b").client().unwrap();
        assert_eq!(config.get("sasl.password"), Some("a=b"));
    }

    #[test]
    fn what_exactness_rests_on_cannot_be_changed() {
        for name in FIXED {
            assert!(matches!(settings(&format!("{name}=x")).client(), Err(StreamError::Fatal(_))), "{name}");
        }
    }

    #[test]
    fn no_property_is_shown() {
        // A password with a semicolon is split into pieces.
        let settings = settings("sasl.username=u;sasl.password=hunter2;marker");
        let StreamError::Fatal(cause) = settings.client().unwrap_err() else { panic!("not fatal") };
        assert!(cause.contains("piece 3") && !cause.contains("marker"), "{cause}");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("marker"), "{shown}");
    }
}
