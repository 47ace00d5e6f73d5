#![expect(clippy::print_stderr, reason = "edge: errors before logging is up go to standard error")]
//! What every `main` does: read and check settings, start telemetry, handle signals, serve the admin port, report the
//! end.
//!
//! Settings are flags or `MILLRACE_…` variables (clap), documented by `--help`. Exit codes: 0 after a requested stop,
//! 1 after a failure or a second request to stop, 2 for invalid settings.

pub mod admin;
mod readiness;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use telemetry::{Gauge, Label, TelemetrySettings, set};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};

pub use readiness::Readiness;

/// The exit code after a second request to stop: not everything was finished.
const ENDED_AT_ONCE: i32 = 1;

/// The error that ends a program; printed with its sources.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Settings of a worker.
pub trait Settings: Parser + std::fmt::Debug + Send + 'static {
    /// Its logs and metrics.
    fn telemetry(&self) -> &TelemetrySettings;
}

/// The process, as seen by its worker.
#[derive(Clone, Debug)]
pub struct Host {
    stopping: watch::Receiver<bool>,
    readiness: Readiness,
}

impl Host {
    /// Handles SIGTERM and SIGINT from now on: the first has the worker stop, the second ends the process at once.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    #[expect(
        clippy::disallowed_methods,
        reason = "edge: one task waits for signals for the life of the process"
    )]
    pub fn catch() -> std::io::Result<Self> {
        let (sender, stopping) = watch::channel(false);
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if sender.send_replace(true) {
                    warn!("asked to stop again: ending at once");
                    end_at_once();
                }
                info!("asked to stop: draining");
            }
        });
        Ok(Self { stopping, readiness: Readiness::new() })
    }

    /// The worker's readiness. Not ready until the worker says so, and no longer ready once it was asked to stop.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the process is asked to stop (SIGTERM or SIGINT).
    pub async fn stopping(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the sender is gone, which also means stopping.
        let _asked = stopping.wait_for(|stopping| *stopping).await.is_ok();
    }
}

/// Ends the process without waiting for anything. What is in hand is dropped: it is not committed, and comes again.
#[expect(clippy::exit, reason = "edge: somebody asked twice, and what the worker waits for may never come")]
fn end_at_once() -> ! {
    std::process::exit(ENDED_AT_ONCE)
}

/// Runs a worker from its settings to its end.
pub fn run<S, F>(name: &'static str, work: impl FnOnce(S, Host) -> F) -> ExitCode
where
    S: Settings,
    F: Future<Output = Result<(), Failure>>,
{
    let settings = S::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(name, &error),
    };
    let code = runtime.block_on(async {
        let host = match begin(name, settings.telemetry()).await {
            Ok(host) => host,
            Err(failure) => return failed(name, failure.as_ref()),
        };
        info!(worker = name, version = env!("CARGO_PKG_VERSION"), "starting");
        match work(settings, host).await {
            Ok(()) => {
                info!(worker = name, "stopped");
                ExitCode::SUCCESS
            }
            Err(failure) => {
                error!(worker = name, error = chain(failure.as_ref()), "failed");
                ExitCode::FAILURE
            }
        }
    });
    // Calls into C libraries may still block threads; they have nothing left to save.
    runtime.shutdown_background();
    code
}

/// Starts telemetry, signal handling, and the admin port if it has an address.
async fn begin(name: &str, settings: &TelemetrySettings) -> Result<Host, Failure> {
    let page = telemetry::start(settings)?;
    let host = Host::catch()?;
    if let (Some(page), Some(address)) = (page, settings.metrics_listen) {
        set(Gauge::Worker, &[(Label::Worker, name), (Label::Version, env!("CARGO_PKG_VERSION"))], 1.0);
        host.readiness().waits("starting");
        admin::open(address, page, &host).await?;
    }
    Ok(host)
}

/// An error with its sources, as one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

fn failed(name: &str, error: &(dyn Error + 'static)) -> ExitCode {
    eprintln!("{name}: {}", chain(error));
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_chain_names_every_source_once() {
        let error = Outer(std::io::Error::other("inner"));
        assert_eq!(chain(&error), "outer: inner");
    }
}
