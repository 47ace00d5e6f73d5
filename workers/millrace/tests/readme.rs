//! The README's tables of commands and settings match the program, and no secret setting is ever logged.

use std::path::Path;

use clap::CommandFactory as _;
use fixture::settings_table::{agree, commands, settings};
use millrace::cli::Cli;

/// One test, because both may rewrite the same file.
#[test]
fn the_tables_of_commands_and_settings_are_the_programs_own() -> Result<(), String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    agree(&readme, "commands", &commands(&Cli::command()))?;
    agree(&readme, "settings", &settings(&Cli::command()))
}

#[test]
fn settings_are_logged_without_their_secrets() -> Result<(), String> {
    let markers = fixture::secrets::hidden::<Cli>()?;
    assert!(markers > 0, "no setting holds a secret: there are Kafka's at least");
    Ok(())
}
