//! The README's table of settings is the program's own.

use std::path::Path;

use clap::CommandFactory as _;
use fixture::settings_table::{agree, settings};

#[test]
fn the_table_of_settings_is_the_programs_own() -> Result<(), String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    agree(&readme, "settings", &settings(&chunk::Config::command()))
}
