#![expect(clippy::print_stderr, reason = "edge: the terminal")]
//! The output: results on standard output, progress and failures on standard error.
//!
//! Guarantees: nothing else in this program writes to either (`tests/output.rs`), and no control character of a
//! document, a key or another server's answer reaches a terminal: text passes `visible`, JSON passes `escaped`.

mod progress;

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use message::{Part, PartKind};
use serde::Serialize;

pub(crate) use self::progress::ShownBar;
use crate::visible::{escaped, visible};

/// Prints a failure with its causes; returns exit code 1.
pub fn failure(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    note(&format!("millrace: {}", process::chain(error)));
    ExitCode::FAILURE
}

/// Prints a line of a result.
pub fn line(text: &str) {
    out(&visible(text));
}

/// Prints a piece of a text at once, without ending the line.
pub fn piece(text: &str) {
    let mut out = std::io::stdout();
    let _gone = write!(out, "{}", visible(text)).and_then(|()| out.flush()).is_err();
}

/// Asks for a line of standard input on a terminal.
pub fn prompt(text: &str) {
    if std::io::stdin().is_terminal() {
        let mut err = std::io::stderr();
        let _gone = write!(err, "{text}").and_then(|()| err.flush()).is_err();
    }
}

/// Prints a document's own text: as [`line()`] does on a terminal, and verbatim into a pipe or a file, where it is data.
pub fn document(text: &str) {
    out(&of_document(text, on_terminal()));
}

/// Prints a result as one line of JSON.
///
/// # Errors
/// When it cannot be serialised as JSON.
pub fn json<T: Serialize>(value: &T) -> Result<(), serde_json::Error> {
    json_line(&serde_json::to_string(value)?);
    Ok(())
}

/// Prints a line of JSON that was serialised elsewhere.
pub fn json_line(json: &str) {
    out(&escaped(json));
}

/// Prints a note on standard error.
pub fn note(text: &str) {
    eprintln!("{}", visible(text));
}

/// A progress bar of `total` steps; hidden when standard error is not a terminal.
#[must_use]
pub(crate) fn bar(total: u64, what: &str) -> ShownBar {
    ShownBar::new(total, what)
}

/// Whether standard output is a terminal.
#[must_use]
pub fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

fn out(text: &str) {
    // A reader that has gone away (`| head`) is not a failure.
    let _gone = writeln!(std::io::stdout(), "{text}").is_err();
}

fn of_document(text: &str, is_terminal: bool) -> Cow<'_, str> {
    if is_terminal { visible(text) } else { Cow::Borrowed(text) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_verbatim_where_no_terminal_reads_it() {
        let text = "a\u{1b}[31m\n\u{feff}b";
        assert_eq!(of_document(text, true), "a␛[31m\n\u{fffd}b");
        assert_eq!(of_document(text, false), text);
    }
}
