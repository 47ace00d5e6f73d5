//! A program that is only the child; the tests of this crate run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::child().unwrap_or(ExitCode::FAILURE)
}
