#![expect(
    clippy::disallowed_methods,
    reason = "edge: reads its own two variables and files, and signals this process"
)]
//! What a build with debug assertions does.

use std::path::PathBuf;
use std::sync::LazyLock;

use rustix::process::{Signal, getpid, kill_process};

use crate::{Mechanism, Place};

static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("MILLRACE_FAULTS").map(PathBuf::from));
static SWITCHED_OFF: LazyLock<String> =
    LazyLock::new(|| std::env::var("MILLRACE_SWITCHED_OFF").unwrap_or_default());

/// Whether a fault waits at `place`.
#[must_use]
pub fn awaits(place: Place) -> bool {
    FOLDER.as_ref().is_some_and(|folder| folder.join(place.name()).exists())
}

/// Lets the fault that waits at `place` strike, if there is one.
pub fn strike(place: Place) {
    let Some(folder) = FOLDER.as_ref().filter(|_| awaits(place)) else { return };
    let (waiting, struck) = (folder.join(place.name()), folder.join(format!("{}.struck", place.name())));
    let fault = std::fs::read_to_string(&waiting).unwrap_or_default();
    // Renamed before it strikes: who is started again must not be struck again. Of two lanes one gets it.
    if std::fs::rename(&waiting, &struck).is_err() {
        return;
    }
    let signal = if fault.trim() == "stop" { Signal::STOP } else { Signal::KILL };
    // Only a process that may not signal itself would go on; then the test misses its fault and says so.
    let _signalled = kill_process(getpid(), signal).is_ok();
}

/// Whether writes at `place` must fail.
#[must_use]
pub fn fails(place: Place) -> bool {
    awaits(place)
}

/// Whether `mechanism` is switched off.
#[must_use]
pub fn is_off(mechanism: Mechanism) -> bool {
    SWITCHED_OFF.split(',').any(|name| name.trim() == mechanism.name())
}
