//! The README's table of settings matches the program, and secrets are never shown.

use std::path::Path;

use clap::CommandFactory as _;
use fixture::settings_table::{agree, settings};

#[test]
fn the_table_of_settings_is_the_programs_own() -> Result<(), String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    agree(&readme, "settings", &settings(&train::Config::command()))
}

#[test]
fn settings_are_logged_without_their_secrets() -> Result<(), String> {
    let markers = fixture::secrets::hidden::<train::Config>()?;
    assert!(markers > 0, "no setting holds a secret: there are Kafka's at least");
    Ok(())
}
