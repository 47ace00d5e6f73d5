//! Reads every file of a folder and prints a table of what became of them, by ending:
//! `cargo run -p document --example formats -- FOLDER`. With a file instead, prints its blocks.
#![expect(clippy::disallowed_methods, reason = "edge: reads files, and the name of their folder")]
#![expect(clippy::print_stdout, reason = "its output is the table")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use document::{Extracted, extract};

/// The results for files with one extension.
#[derive(Default)]
struct Row {
    files: usize,
    read_as: BTreeMap<String, usize>,
    empty: usize,
    left_out: usize,
    causes: BTreeMap<String, usize>,
}

fn main() -> std::io::Result<()> {
    let Some(root) = std::env::args().nth(1).map(PathBuf::from) else {
        println!("usage: formats FOLDER|FILE");
        return Ok(());
    };
    if !root.exists() {
        println!("skipped: no {}", root.display());
        return Ok(());
    }
    if root.is_file() {
        return show(&root);
    }
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for path in files(root)? {
        let ending =
            path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase());
        let row = rows.entry(ending).or_default();
        row.files += 1;
        match extract(&path.to_string_lossy(), &std::fs::read(&path)?) {
            Ok(extracted) => count(row, &extracted),
            Err(refusal) => *row.causes.entry(refusal.to_string()).or_default() += 1,
        }
    }
    println!("| ending | files | read as | without text | left something out | refused | causes |");
    println!("|---|---|---|---|---|---|---|");
    for (ending, row) in &rows {
        let refused: usize = row.causes.values().sum();
        println!(
            "| {ending} | {} | {} | {} | {} | {refused} | {} |",
            row.files,
            listed(&row.read_as),
            row.empty,
            row.left_out,
            listed(&row.causes)
        );
    }
    Ok(())
}

fn count(row: &mut Row, extracted: &Extracted) {
    *row.read_as.entry(extracted.format.clone()).or_default() += 1;
    row.empty += usize::from(extracted.text.is_empty());
    row.left_out += usize::from(!extracted.left_out.is_empty());
}

fn listed(counts: &BTreeMap<String, usize>) -> String {
    let counts: Vec<String> =
        counts.iter().map(|(what, count)| format!("{count} {}", what.replace('|', "\\|"))).collect();
    counts.join("; ")
}

fn files(root: PathBuf) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn show(path: &Path) -> std::io::Result<()> {
    match extract(&path.to_string_lossy(), &std::fs::read(path)?) {
        Ok(extracted) => {
            let Extracted { format, title, language, text, blocks, parts, left_out } = extracted;
            println!(
                "{format}, title {title:?}, language {language:?}, parts {parts:?}, left out {left_out:?}"
            );
            for block in blocks {
                let content = text.get(block.range.clone()).unwrap_or_default();
                println!("\n[{:?} {} under {:?}]\n{content}", block.kind, block.header, block.heading_path);
            }
        }
        Err(refusal) => println!("refused: {refusal}"),
    }
    Ok(())
}
