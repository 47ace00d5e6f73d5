//! How well the text of articles is found among what surrounds it on their pages:
//! `cargo run -p document --example articles -- FOLDER`, where FOLDER holds `ground-truth.json` and `html/*.html.gz`, as of
//! <https://github.com/scrapinghub/article-extraction-benchmark>, whose `evaluate.py` counts in the same way: rows of
//! four words, each page weighs the same.
#![expect(clippy::disallowed_methods, reason = "edge: reads files, and takes the time")]
#![expect(clippy::print_stdout, reason = "its output is the table")]
#![expect(clippy::cast_precision_loss, reason = "counts of words")]

use std::collections::HashMap;
use std::error::Error;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Instant;

use document::extract;
use flate2::read::GzDecoder;
use serde_json::Value;

/// Words in a row that are compared.
const GRAM: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(root) = std::env::args().nth(1).map(PathBuf::from).filter(|root| root.exists()) else {
        println!("usage: articles FOLDER; skipped: no such folder");
        return Ok(());
    };
    let truth: HashMap<String, Value> =
        serde_json::from_slice(&std::fs::read(root.join("ground-truth.json"))?)?;
    let (mut pages, mut bytes, mut time) = (Vec::new(), 0, 0.0);
    for (id, page) in &truth {
        let mut source = Vec::new();
        let packed = std::fs::read(root.join(format!("html/{id}.html.gz")))?;
        GzDecoder::new(packed.as_slice()).read_to_end(&mut source)?;
        let began = Instant::now();
        let text = extract("page.html", &source).map(|page| page.text).unwrap_or_default();
        time += began.elapsed().as_secs_f64();
        bytes += source.len();
        pages.push(compared(page.get("articleBody").and_then(Value::as_str).unwrap_or_default(), &text));
    }
    let mean = |of: fn(&[f64; 3]) -> f64| pages.iter().map(of).sum::<f64>() / pages.len() as f64;
    let (precision, recall) =
        (mean(|[right, wrong, _]| share(*right, *wrong)), mean(|[right, _, lost]| share(*right, *lost)));
    println!("| pages | F1 | precision | recall | MB a second |");
    println!("|---|---|---|---|---|");
    println!(
        "| {} | {:.3} | {precision:.3} | {recall:.3} | {:.1} |",
        pages.len(),
        2.0 * precision * recall / (precision + recall),
        bytes as f64 / 1e6 / time
    );
    Ok(())
}

fn share(right: f64, other: f64) -> f64 {
    if right + other > 0.0 { right / (right + other) } else { 1.0 }
}

/// How much of the text is right, too much, and lost.
fn compared(truth: &str, text: &str) -> [f64; 3] {
    let (truth, text) = (grams(truth), grams(text));
    let right: usize =
        truth.iter().map(|(gram, count)| text.get(gram).map_or(0, |other| *other.min(count))).sum();
    let (wrong, lost) = (text.values().sum::<usize>() - right, truth.values().sum::<usize>() - right);
    [right as f64, wrong as f64, lost as f64]
}

fn grams(text: &str) -> HashMap<Vec<&str>, usize> {
    let is_between = |next: char| !next.is_alphanumeric() && next != '_';
    let words: Vec<&str> = text.split(is_between).filter(|word| !word.is_empty()).collect();
    let mut grams = HashMap::new();
    let rows = words.windows(GRAM.min(words.len()).max(1));
    rows.for_each(|row| *grams.entry(row.to_vec()).or_insert(0) += 1);
    grams
}
