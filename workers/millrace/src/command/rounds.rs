#![expect(clippy::disallowed_methods, reason = "edge: the clock, for people who read the lines of a round")]
//! Repeats a command (`--every`) until it is asked to stop.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use process::{Failure, Host};
use tokio::time::sleep;

use crate::show;

/// Runs `round` once, or repeatedly with the pause `every` until SIGTERM or SIGINT; the exit code is that of the last
/// completed round. When a repeated round fails, the failure is printed and the next round follows, because a server
/// that was unavailable may be back.
///
/// # Errors
/// When the only round fails, or the signal handlers cannot be installed.
pub(super) async fn rounds(
    every: Option<Duration>,
    mut round: impl AsyncFnMut() -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let Some(every) = every else { return round().await };
    let host = Host::catch()?;
    let mut last = ExitCode::SUCCESS;
    loop {
        tokio::select! {
            () = host.stopping() => return Ok(last),
            done = round() => last = done.unwrap_or_else(|failure| show::failure(failure.as_ref())),
        }
        tokio::select! {
            () = host.stopping() => return Ok(last),
            () = sleep(every) => {}
        }
    }
}

/// The current time in RFC 3339; for people.
pub(super) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// A new identifier for a run of a command.
pub(super) fn run() -> String {
    format!("{} {}", std::process::id(), humantime::format_rfc3339_nanos(SystemTime::now()))
}
