//! Logs and metrics: one log format, every metric name in one place.
//!
//! Metric names are an enum, so that no worker invents one; `metrics::counter!` and friends are banned elsewhere.

mod metric;
mod setup;

pub use metric::{Counter, Histogram, count, observe};
pub use setup::{LogFormat, TelemetryError, TelemetrySettings, start};
