//! Settings that all engines share.

use std::time::Duration;

use clap::Args;

use crate::error::SinkError;

/// Names and sizes of indexes.
#[derive(Args, Clone, Debug)]
pub struct IndexSettings {
    /// Name of the indexes to the outside: the alias of the served generation, and the prefix of every index's name.
    #[arg(long, env = "MILLRACE_INDEX", default_value = "domain_vectors")]
    pub index: String,
}

/// How requests are sent to an engine.
#[derive(Args, Clone, Debug)]
pub struct RequestSettings {
    /// Maximum size of a bulk request in bytes; engines work best with 5 to 15 MB. A writer holds its batch and one
    /// such request in memory.
    #[arg(long, env = "MILLRACE_BULK_BYTES", default_value_t = 5 << 20,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(65_536..=90 << 20))]
    pub bulk_bytes: usize,
    /// Timeout of a request to an engine, in seconds.
    #[arg(long, env = "MILLRACE_REQUEST_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub request_timeout: u64,
    /// How long a write retries what a busy engine rejects, in seconds, before the partition pauses.
    #[arg(long, env = "MILLRACE_RETRY_BUDGET", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=180))]
    pub retry_budget: u64,
    /// Primary shards of a newly created index.
    #[arg(long, env = "MILLRACE_INDEX_SHARDS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub index_shards: u32,
    /// Replicas of each shard of a newly created index. A single-node engine cannot place any and stays yellow.
    #[arg(long, env = "MILLRACE_INDEX_REPLICAS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub index_replicas: u32,
}

impl Default for RequestSettings {
    fn default() -> Self {
        Self {
            bulk_bytes: 5 << 20,
            request_timeout: 30,
            retry_budget: 30,
            index_shards: 1,
            index_replicas: 1,
        }
    }
}

impl RequestSettings {
    /// The timeout of one request.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// How long one write goes on retrying.
    #[must_use]
    pub fn budget(&self) -> Duration {
        Duration::from_secs(self.retry_budget)
    }
}

/// An engine's address, safe to log: http or https, a host, and no credentials.
pub(crate) fn address(setting: &'static str, text: &str) -> Result<String, SinkError> {
    let broken = |cause: &str| SinkError::Setting { setting, cause: cause.to_owned() };
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.ok_or_else(|| broken("it must begin with http:// or https://"))?;
    if host.split('/').next().unwrap_or_default().contains('@') {
        return Err(broken("give user and password by their own settings, not within the address"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_stand_in_an_address() {
        assert_eq!(address("U", "http://h:9200/").unwrap(), "http://h:9200");
        for text in ["h:9200", "http://user:secret@h:9200", "ftp://h"] {
            let error = address("U", text).unwrap_err().to_string();
            assert!(error.starts_with("U ") && !error.contains("secret"), "{error}");
        }
    }
}
