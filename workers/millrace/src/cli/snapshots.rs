//! Snapshots of a generation's indexes.

use std::time::Duration;

use clap::{Args, Subcommand};
use sink::SnapshotName;

use super::GenerationAsk;
use super::upkeep::pause;

/// `snapshot`
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Have each engine copy the indexes of a generation into its repository, and keep with the copy where in the log it was
    /// taken; exit code 1 when one of them has none.
    Create(CreateSnapshot),
    /// Name the snapshots of every generation, and whether the log can follow each.
    List(ListSnapshots),
    /// Make a new generation from a snapshot, which goes on from its place in the log. It is not served before it is promoted.
    Restore(RestoreSnapshot),
    /// Delete a snapshot from every engine that has it; exit code 1 when none has it.
    Delete(DeleteSnapshot),
}

/// What every command about snapshots wants.
#[derive(Args, Debug)]
pub struct SnapshotAsk {
    /// Where to look.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// The engines' name for the repository.
    #[arg(long, default_value = "millrace")]
    pub repository: SnapshotName,
    /// Register the repository first, or change it: its type, such as `s3` or `fs`. Without it the repository has to be
    /// registered already.
    #[arg(long, value_name = "TYPE")]
    pub repository_type: Option<String>,
    /// A setting of the repository, as the engine names it, such as `bucket=backup`; may be repeated. Keys and passwords belong
    /// into the engine's own keystore, since others can read what stands here.
    #[arg(long = "repository-setting", value_name = "KEY=VALUE", requires = "repository_type", value_parser = setting)]
    pub repository_settings: Vec<(String, String)>,
}

/// `snapshot create`
#[derive(Args, Debug)]
pub struct CreateSnapshot {
    /// Where.
    #[command(flatten)]
    pub of: SnapshotAsk,
    /// Its name; by default the generation's and the time.
    #[arg(long, conflicts_with = "every")]
    pub name: Option<SnapshotName>,
    /// Keep the newest so many snapshots of this index that are whole, of whichever generation, and delete those that are older; the
    /// newest whole one of what is served stays in any case.
    #[arg(long, value_name = "COUNT", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub keep: Option<usize>,
    /// Take one again and again, e.g. every `24h`, until SIGTERM.
    #[arg(long, value_name = "DURATION", value_parser = pause)]
    pub every: Option<Duration>,
    /// Give up waiting after so many seconds: exit code 1. The engine goes on by itself.
    #[arg(long, default_value_t = 21_600)]
    pub patience: u64,
}

/// `snapshot list`
#[derive(Args, Debug)]
pub struct ListSnapshots {
    /// Where.
    #[command(flatten)]
    pub of: SnapshotAsk,
}

/// `snapshot restore`
#[derive(Args, Debug)]
pub struct RestoreSnapshot {
    /// Its name.
    pub name: SnapshotName,
    /// Where.
    #[command(flatten)]
    pub of: SnapshotAsk,
    /// Give up waiting after so many seconds: exit code 1. The engine goes on by itself, and asking again goes on waiting.
    #[arg(long, default_value_t = 21_600)]
    pub patience: u64,
}

/// `snapshot delete`
#[derive(Args, Debug)]
pub struct DeleteSnapshot {
    /// Its name.
    pub name: SnapshotName,
    /// Where.
    #[command(flatten)]
    pub of: SnapshotAsk,
}

/// Parses `bucket=backup`.
fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) =
        text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, OperatorCommand};

    fn parsed(more: &[&str]) -> Result<SnapshotCommand, clap::Error> {
        let words = ["millrace", "snapshot"].iter().chain(more).chain(&["--model", "m"]);
        let OperatorCommand::Snapshot(ask) = Cli::try_parse_from(words)?.ask else {
            panic!("another command")
        };
        Ok(*ask)
    }

    #[test]
    fn a_repository_is_registered_with_its_settings_or_only_named() {
        let settings = ["--repository-type", "s3", "--repository-setting", "bucket=b"];
        let words: Vec<&str> = ["create"].into_iter().chain(settings).collect();
        let SnapshotCommand::Create(create) = parsed(&words).unwrap() else { panic!("another command") };
        assert_eq!(create.of.repository.to_string(), "millrace");
        assert_eq!(create.of.repository_settings, [("bucket".to_owned(), "b".to_owned())]);
        assert!(parsed(&["list", "--repository", "mine"]).is_ok());
        assert!(parsed(&["list", "--repository-setting", "bucket=b"]).is_err(), "settings of no type");
        assert!(parsed(&["list", "--repository-type", "s3", "--repository-setting", "bucket"]).is_err());
    }

    #[test]
    fn a_pattern_deletes_nothing() {
        assert!(parsed(&["delete", "docs-1"]).is_ok());
        for name in ["*", "docs-*", "a,b", "_all"] {
            assert!(parsed(&["delete", name]).is_err(), "{name}");
        }
        assert!(parsed(&["create", "--name", "a", "--every", "1h"]).is_err(), "one name for many");
    }
}
