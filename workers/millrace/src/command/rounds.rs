#![expect(clippy::disallowed_methods, reason = "edge: the clock, for people who read the lines of a round")]
//! A command that is done again and again (`--every`), until it is asked to stop.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use process::{Failure, Host};
use tokio::time::sleep;

use crate::show;

/// Does `round` once, or every so often until SIGTERM or SIGINT; the exit code is the last round's. A round that fails
/// is told, and the next one comes: a server that was away may be back.
///
/// # Errors
/// When the only round fails.
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

/// Now, for people: RFC 3339.
pub(super) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// What tells one run of a command from another.
pub(super) fn run() -> String {
    format!("{} {}", std::process::id(), humantime::format_rfc3339_nanos(SystemTime::now()))
}
