//! Logs and metrics: one log format, all metric names in one place.
//!
//! Metric names are an enum, so that no worker invents one; `metrics::counter!` and the like are banned elsewhere.

mod metric;
mod setup;

pub use metric::{Counter, Gauge, Histogram, Label, count, count_of, observe, set};
pub use setup::{LogFormat, MetricsPage, TelemetryError, TelemetrySettings, start};
