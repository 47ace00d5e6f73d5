#![expect(clippy::print_stderr, reason = "edge: the terminal")]
//! The output: results on standard output, progress and failures on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use message::{Part, PartKind};
use serde::Serialize;

/// Prints a failure with its causes; returns exit code 1.
pub fn failure(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    eprintln!("millrace: {}", process::chain(error));
    ExitCode::FAILURE
}

/// Prints a line of a result.
pub fn line(text: &str) {
    // A reader that has gone away (`| head`) is not a failure.
    let _gone = writeln!(std::io::stdout(), "{text}").is_err();
}

/// Prints a result as one line of JSON.
///
/// # Errors
/// When it cannot be serialised as JSON.
pub fn json<T: Serialize>(value: &T) -> Result<(), serde_json::Error> {
    line(&serde_json::to_string(value)?);
    Ok(())
}

/// Prints a note on standard error.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// A progress bar of `total` steps; hidden when standard error is not a terminal.
#[must_use]
pub fn bar(total: u64, what: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = "{msg:<14} {bar:40} {human_pos}/{human_len}  {elapsed} passed, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), target).with_style(style).with_message(what.to_owned())
}

/// Whether standard output is a terminal.
#[must_use]
pub fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How many pages, slides, sheets and files a document has, e.g. `12 pages`.
#[must_use]
pub fn parts(parts: &[Part]) -> Vec<String> {
    let kinds = [
        (PartKind::Page, "page"),
        (PartKind::Slide, "slide"),
        (PartKind::Sheet, "sheet"),
        (PartKind::Member, "file"),
    ];
    let counted = kinds.map(|(kind, name)| (parts.iter().filter(|part| part.kind == kind).count(), name));
    let present = counted.into_iter().filter(|(count, _)| *count > 0);
    present.map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" })).collect()
}
