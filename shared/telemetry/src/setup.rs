//! Starting logs and metrics.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Where a worker's log and metrics go.
#[derive(Args, Clone, Debug)]
pub struct TelemetrySettings {
    /// What is logged: a level, or `crate=level` pairs separated by commas.
    #[arg(long, env = "MILLRACE_LOG", default_value = "info")]
    pub log: String,
    /// One line of text or one JSON object per event, on standard error.
    #[arg(long, env = "MILLRACE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Address of the admin port (`/metrics` for Prometheus, `/healthz`, `/readyz`), e.g. 127.0.0.1:9464; none when absent.
    #[arg(long, env = "MILLRACE_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Telemetry that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `MILLRACE_LOG` is not a filter.
    #[error("MILLRACE_LOG={0:?} is not a filter: give a level, or crate=level pairs separated by commas")]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// Called twice in one process.
    #[error("logging was started twice")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
    /// The metrics cannot be collected.
    #[error("metrics cannot be collected: unset MILLRACE_METRICS_LISTEN to do without them")]
    Metrics(#[source] BuildError),
}

/// The page that Prometheus reads. Clones show the same.
#[derive(Clone)]
pub struct MetricsPage(PrometheusHandle);

impl MetricsPage {
    /// Begins to collect what the process counts; what was counted before is not on the page.
    ///
    /// # Errors
    /// When the process collects metrics already.
    pub fn collect() -> Result<Self, TelemetryError> {
        let builder = PrometheusBuilder::new().set_buckets(&crate::metric::BUCKETS);
        let handle =
            builder.and_then(PrometheusBuilder::install_recorder).map_err(TelemetryError::Metrics)?;
        crate::metric::describe();
        Ok(Self(handle))
    }

    /// The page as it is now, in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Sorts what was observed since the last time into its buckets. Until then each observation is held: to be called
    /// every few seconds, also when nobody reads the page.
    pub fn settle(&self) {
        self.0.run_upkeep();
    }
}

impl std::fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricsPage").finish_non_exhaustive()
    }
}

/// Starts logs, and metrics if an address is given for them; who started serves their page there.
///
/// # Errors
/// A filter that cannot be read, or a process that has started already.
pub fn start(settings: &TelemetrySettings) -> Result<Option<MetricsPage>, TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;

    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| TelemetryError::Filter(settings.log.clone(), error))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(false).finish().try_init(),
        LogFormat::Json => lines.json().finish().try_init(),
    }
    .map_err(TelemetryError::Twice)?;
    settings.metrics_listen.map(|_| MetricsPage::collect()).transpose()
}
