#![expect(
    clippy::disallowed_methods,
    reason = "edge: reads its own two variables and files, and signals this process"
)]
//! What a build with debug assertions does.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use crate::attempts::tried;
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

/// Harms this process when `key` asks for it: `poison-abort`, `poison-panic`, `poison-kill`, `poison-term`, `poison-stack`,
/// `poison-loop` (a processor without end), `poison-sleep` (no end without a processor), `poison-memory`,
/// `poison-print` (words where an answer belongs), `poison-leak` (memory that is never given back).
///
/// `poison-try-WHAT` tries to reach others, and panics with what became of it: `read PATH`, `write PATH`,
/// `connect ADDRESS`, `socket`, `pair`, `exec PATH`, `fork PATH`, `thread`, and with the parent `environ`, `memory`,
/// `descriptor`, `signal`.
///
/// # Panics
/// When it asks for that.
#[expect(clippy::panic, reason = "what a test asks for")]
pub fn poison(key: &str) {
    if let Some(tried) = tried(key) {
        panic!("{tried}");
    }
    let asks = |harm: &str| key.contains(harm);
    let signal = |signal| {
        let _signalled = kill_process(getpid(), signal).is_ok();
        std::thread::sleep(Duration::from_secs(1));
    };
    if asks("poison-abort") {
        std::process::abort();
    } else if asks("poison-panic") {
        panic!("a bug on demand");
    } else if asks("poison-kill") {
        signal(Signal::KILL);
    } else if asks("poison-term") {
        signal(Signal::TERM);
    } else if asks("poison-stack") {
        std::hint::black_box(dig(1));
    } else if asks("poison-loop") {
        loop {
            std::hint::spin_loop();
        }
    } else if asks("poison-sleep") {
        std::thread::sleep(Duration::from_hours(1));
    } else if asks("poison-memory") {
        let mut eaten = Vec::new();
        loop {
            eaten.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        }
    } else if asks("poison-leak") {
        std::mem::forget(std::hint::black_box(vec![1_u8; 24 << 20]));
    } else if asks("poison-print") {
        let _printed = std::io::stdout().write_all(b"no frame\n").is_ok();
    }
}

/// Goes down without end.
#[expect(unconditional_recursion, reason = "what a test asks for")]
fn dig(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 512]);
    dig(depth + 1) + std::hint::black_box(frame).iter().sum::<u64>()
}
