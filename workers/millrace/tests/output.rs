//! The program has one place where output leaves it, and what a document says reaches no terminal as it is.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "edge: reads the sources, and starts the program over files; a test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Clippy refuses `println!` and its like anywhere else; what else there is to print with is looked for here.
#[test]
fn nothing_is_printed_but_by_show() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&folder, &mut found);
    assert!(found.len() > 20, "the sources were not found");
    let of_show = |path: &PathBuf| path.starts_with(folder.join("show")) || *path == folder.join("show.rs");
    let others = found.iter().filter(|path| !of_show(path));
    let ways = ["stdout(", "stderr(", "indicatif", "print_stdout", "print_stderr", "/dev/tty"];
    let printing = others.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        ways.iter().any(|way| text.contains(way))
    });
    assert_eq!(printing.collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "print by crate::show");
}

/// A file whose name and text hold control characters, and one that is refused.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a\u{1b}]0;title.txt", "Leave is \u{1b}[31mthirty\u{7f} days\u{9b}0m a year.\n");
    write("b\u{202e}.txt", "\u{7f}ELF\0\0\0\0 this is a program that pretends to be a text");
    folder
}

fn extracted(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
    command.arg("extract").arg(folder).args(more);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn into_a_pipe_a_text_goes_as_it_is_and_what_is_said_about_it_does_not() {
    let files = folder();
    let output = extracted(files.path(), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "one file is refused: {noted}");
    assert!(said.contains("a␛]0;title.txt <==") && !said.contains("\u{1b}]0"), "{said:?}");
    assert!(said.contains("\u{1b}[31mthirty\u{7f} days\u{9b}0m"), "{said:?}");
    assert!(noted.contains("b\u{fffd}.txt: ") && !noted.contains('\u{202e}'), "{noted:?}");
}

#[test]
fn json_holds_no_control_character_and_means_the_same() {
    let files = folder();
    let output = extracted(files.path(), &["--json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(r"\u001b[31mthirty\u007f days\u009b0m"), "{said:?}");
    assert!(said.lines().count() == 1 && !said.trim_end().chars().any(char::is_control), "{said:?}");
    let file: serde_json::Value = serde_json::from_str(&said).unwrap();
    let text = file["text"].as_str().unwrap();
    assert!(text.contains("\u{1b}[31mthirty\u{7f} days\u{9b}0m"), "{text:?}");
}
