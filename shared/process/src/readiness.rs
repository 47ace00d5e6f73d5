//! Whether a worker can do its work now, as its admin port tells it.

use std::sync::Arc;

use telemetry::{Gauge, set};
use tokio::sync::watch;

/// What a worker says of itself. Clones say the same.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Result<(), String>>>);

impl Readiness {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Err("starting".to_owned()))))
    }

    /// It can do its work.
    pub fn ready(&self) {
        self.tell(Ok(()));
    }

    /// It cannot, and why. It may say that it is ready again later.
    pub fn waits(&self, cause: impl Into<String>) {
        self.tell(Err(cause.into()));
    }

    fn tell(&self, state: Result<(), String>) {
        set(Gauge::Ready, &[], if state.is_ok() { 1.0 } else { 0.0 });
        drop(self.0.send_replace(state));
    }

    /// What it said last.
    ///
    /// # Errors
    /// Why it cannot do its work.
    pub fn state(&self) -> Result<(), String> {
        self.0.borrow().clone()
    }
}
