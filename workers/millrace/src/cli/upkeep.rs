//! What keeps everything equal: comparing, mending, asking again.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::WorldSettings;

/// `audit`
#[derive(Args, Debug)]
pub struct Audit {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Say "look again" with force for every document that differs; `chunk` writes it under a new version.
    #[arg(long)]
    pub repair: bool,
    /// Print what each engine holds of each document: chunks and digest.
    #[arg(long)]
    pub documents: bool,
    /// How long to wait before a document that differs is looked at a second time, e.g. `5s`.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub settle: Duration,
    /// Audit again and again, e.g. every `6h`, until SIGTERM; one line a round.
    #[arg(long, value_name = "DURATION", value_parser = pause)]
    pub every: Option<Duration>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where a command may keep files.
#[derive(Args, Clone, Debug)]
pub struct DataSettings {
    /// A folder for what a command keeps from one run to the next; losing it loses nothing.
    #[arg(long = "data", env = "MILLRACE_DATA", default_value = "/var/tmp/millrace-data")]
    pub folder: PathBuf,
}

/// A pause between rounds: at least a second.
fn pause(text: &str) -> Result<Duration, String> {
    let pause = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if pause < Duration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(pause) }
}
