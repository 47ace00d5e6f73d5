//! What these commands say in a program that was built without them.

use std::future::{Ready, ready};
use std::process::ExitCode;

use process::Failure;

use crate::cli::{ExportLog, ImportLog};

const HOW: &str = "this program was built without `export` and `import`: build one that has them by \
                   `cargo build --release -p millrace --features archive`";

pub(in crate::command) fn export(_: &ExportLog) -> Ready<Result<ExitCode, Failure>> {
    ready(Err(HOW.into()))
}

pub(in crate::command) fn import(_: &ImportLog) -> Ready<Result<ExitCode, Failure>> {
    ready(Err(HOW.into()))
}
