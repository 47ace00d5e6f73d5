//! Logs and metrics: one log format, every metric name in one place.
//!
//! Metric names are an enum, so that no worker invents one; `metrics::counter!` and friends are banned elsewhere.

mod metric;
mod setup;

pub use metric::{Counter, Gauge, Histogram, Label, count, count_of, observe, set};
pub use setup::{LogFormat, MetricsPage, TelemetryError, TelemetrySettings, start};
