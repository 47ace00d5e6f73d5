//! Sets up logs and metrics.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Destination of a worker's logs and metrics.
#[derive(Args, Clone, Debug)]
pub struct TelemetrySettings {
    /// Log filter: a level, or comma-separated `crate=level` pairs.
    #[arg(long, env = "MILLRACE_LOG", default_value = "info")]
    pub log: String,
    /// Format of a log event on standard error: one line of text, or one JSON object.
    #[arg(long, env = "MILLRACE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Address of the admin port (`/metrics` for Prometheus, `/healthz`, `/readyz`), e.g. 127.0.0.1:9464; without it
    /// there is no admin port.
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

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `MILLRACE_LOG` is not a valid filter.
    #[error("MILLRACE_LOG={0:?} is not a filter: give a level, or crate=level pairs separated by commas")]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// Called twice in one process.
    #[error("logging was started twice")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
    /// The metrics cannot be collected.
    #[error("metrics cannot be collected: unset MILLRACE_METRICS_LISTEN to do without them")]
    Metrics(#[source] BuildError),
}

/// The Prometheus metrics page. Clones share it.
#[derive(Clone)]
pub struct MetricsPage(PrometheusHandle);

impl MetricsPage {
    /// Starts collecting metrics; anything counted before is lost.
    ///
    /// # Errors
    /// When the process already collects metrics.
    pub fn collect() -> Result<Self, TelemetryError> {
        let builder = PrometheusBuilder::new().set_buckets(&crate::metric::BUCKETS);
        let handle =
            builder.and_then(PrometheusBuilder::install_recorder).map_err(TelemetryError::Metrics)?;
        crate::metric::describe();
        Ok(Self(handle))
    }

    /// The current page in Prometheus text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Sorts new observations into histogram buckets. Until then each is kept in memory, so call this every few
    /// seconds even when nobody reads the page.
    pub fn settle(&self) {
        self.0.run_upkeep();
    }
}

impl std::fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricsPage").finish_non_exhaustive()
    }
}

/// Starts logging, and metrics if an address is given; the caller serves the metrics page.
///
/// # Errors
/// When the filter is invalid, or telemetry has already been started.
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
