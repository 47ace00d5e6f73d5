//! Whether a worker can work at the moment, as reported on its admin port.

use std::sync::Arc;

use telemetry::{Gauge, set};
use tokio::sync::watch;

/// A worker's readiness. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Result<(), String>>>);

impl Readiness {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Err("starting".to_owned()))))
    }

    /// Declares the worker ready.
    pub fn ready(&self) {
        self.tell(Ok(()));
    }

    /// Declares the worker not ready, and why. It may become ready again later.
    pub fn waits(&self, cause: impl Into<String>) {
        self.tell(Err(cause.into()));
    }

    fn tell(&self, state: Result<(), String>) {
        set(Gauge::Ready, &[], if state.is_ok() { 1.0 } else { 0.0 });
        drop(self.0.send_replace(state));
    }

    /// The current state.
    ///
    /// # Errors
    /// Why the worker is not ready.
    pub fn state(&self) -> Result<(), String> {
        self.0.borrow().clone()
    }
}
