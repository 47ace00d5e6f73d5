//! Measures tokens per second, excluding padding, for token budgets and for padded batches of 32.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "edge: a measurement reads files and clocks, and answers on standard output"
)]
//!
//!     cargo run -p model --example throughput -- --texts FILE [--texts FILE …]
//!
//! FILE has one JSON object with `text` a line. The variants take turns in each repetition, so that a change of the
//! machine's load meets them all; the median of the repetitions is printed, by the clock and by processor time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use model::{Backend, Bundle, Encoder, EncoderSettings, ModelSettings, Role, Tokenizer, pack};
use serde::Deserialize;
use tokio::task::JoinSet;

const BUDGETS: [usize; 4] = [256, 512, 1024, 2048];
const PADDED: usize = 32;

/// Measures tokens per second for token budgets and padded batches.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    encoder: EncoderSettings,
    /// Files with texts.
    #[arg(long, required = true)]
    texts: Vec<PathBuf>,
    /// How often each variant is measured.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
}

#[derive(Deserialize)]
struct Line {
    text: String,
}

/// One way of batching: texts of one call, and the encoder that packs them.
struct Variant {
    name: String,
    texts_per_call: usize,
    padded: usize,
    encoder: Arc<Backend>,
    wall: Vec<f64>,
    processor: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse();
    let bundle = Bundle::open(&settings.model.model)?;
    let tokenizer = Tokenizer::open(&bundle)?;
    for file in &settings.texts {
        let texts = read(file)?;
        let lengths: Vec<usize> = texts.iter().map(|text| tokenizer.count(text)).collect();
        let tokens: usize = lengths.iter().sum();
        println!(
            "{}: {} texts, {tokens} tokens, {} a text",
            file.display(),
            texts.len(),
            tokens / texts.len().max(1)
        );
        let mut variants = variants(&bundle, &settings.encoder, &lengths)?;
        for repetition in 0..=settings.repetitions {
            for variant in &mut variants {
                let (wall, processor) = measure(variant, &texts).await?;
                // The first round warms up: memory is allocated, pages are loaded.
                if repetition > 0 {
                    variant.wall.push(wall);
                    variant.processor.push(processor);
                }
            }
        }
        for variant in &mut variants {
            println!(
                "  {:<14} padding {:.2}×  {:>6.0} tokens/s  {:>6.0} tokens/processor second",
                variant.name,
                ratio(variant.padded, tokens),
                rate(tokens, &mut variant.wall),
                rate(tokens, &mut variant.processor),
            );
        }
    }
    Ok(())
}

fn variants(
    bundle: &Bundle,
    settings: &EncoderSettings,
    lengths: &[usize],
) -> Result<Vec<Variant>, Box<dyn Error>> {
    let variant = |name: String, budget: usize, texts_per_call: usize| -> Result<Variant, Box<dyn Error>> {
        let mut settings = settings.clone();
        settings.onnx.batch_tokens = budget.try_into()?;
        let encoder = Arc::new(Backend::open(bundle, &settings)?);
        let padded = lengths.chunks(texts_per_call).flat_map(|call| pack(call, budget));
        let padded = padded.map(|batch| batch.padded_tokens()).sum();
        Ok(Variant { name, texts_per_call, padded, encoder, wall: Vec::new(), processor: Vec::new() })
    };
    let mut list = Vec::new();
    for budget in BUDGETS {
        list.push(variant(format!("budget {budget}"), budget, lengths.len().max(1))?);
    }
    list.push(variant(format!("padded {PADDED}"), PADDED * bundle.max_tokens(), PADDED)?);
    Ok(list)
}

/// Wall-clock and CPU seconds for all texts.
async fn measure(variant: &Variant, texts: &[String]) -> Result<(f64, f64), Box<dyn Error>> {
    let (start, before) = (Instant::now(), processor_seconds()?);
    let mut calls = JoinSet::new();
    for call in texts.chunks(variant.texts_per_call) {
        let (encoder, call) = (Arc::clone(&variant.encoder), call.to_vec());
        calls.spawn(async move { encoder.embed(call, Role::Passage).await });
    }
    while let Some(vectors) = calls.join_next().await {
        vectors??;
    }
    Ok((start.elapsed().as_secs_f64(), processor_seconds()? - before))
}

fn read(file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let lines = std::fs::read_to_string(file)?;
    lines.lines().map(|line| Ok(serde_json::from_str::<Line>(line)?.text)).collect()
}

/// User and system time of this process; Linux counts it in hundredths of a second.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let line = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = line.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let ticks = |place| fields.split_whitespace().nth(place).and_then(|field| field.parse::<u32>().ok());
    let (user, system) = (ticks(11).ok_or("no user time")?, ticks(12).ok_or("no system time")?);
    Ok(f64::from(user + system) / 100.0)
}

fn rate(tokens: usize, seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
    f64::from(u32::try_from(tokens).unwrap_or(u32::MAX)) / median
}

fn ratio(padded: usize, tokens: usize) -> f64 {
    let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(padded) / number(tokens)
}
