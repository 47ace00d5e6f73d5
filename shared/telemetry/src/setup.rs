//! Starting logs and the metrics page.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};
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
    /// Address of the Prometheus page (`/metrics`), e.g. 127.0.0.1:9464; none when absent.
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
    /// The metrics page cannot be served.
    #[error("the metrics page cannot be served on {0}: choose a free address with MILLRACE_METRICS_LISTEN")]
    Listen(SocketAddr, #[source] BuildError),
}

/// Starts logs, and the metrics page if one is asked for. Needs a tokio runtime around it.
///
/// # Errors
/// A filter that cannot be read, or an address that is taken.
pub fn start(settings: &TelemetrySettings) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;

    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| TelemetryError::Filter(settings.log.clone(), error))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(false).finish().try_init(),
        LogFormat::Json => lines.json().finish().try_init(),
    }
    .map_err(TelemetryError::Twice)?;
    if let Some(address) = settings.metrics_listen {
        PrometheusBuilder::new()
            .with_http_listener(address)
            .install()
            .map_err(|error| TelemetryError::Listen(address, error))?;
    }
    crate::metric::describe();
    Ok(())
}
