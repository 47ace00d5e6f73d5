//! Embeds texts: one JSON object with `text` a line in, one JSON array of numbers a line out, in order.
#![expect(clippy::print_stdout, reason = "edge: an example that answers on standard output")]
//!
//! loadtest/embedding-parity compares what it says with sentence-transformers.

use std::error::Error;
use std::io::{BufRead as _, stdin};

use clap::Parser;
use model::{Backend, Bundle, Encoder, EncoderSettings, ModelSettings, Role};
use serde::Deserialize;

/// Embeds texts: JSONL with `text` in, JSONL with arrays of numbers out.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    encoder: EncoderSettings,
}

#[derive(Deserialize)]
struct Line {
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse();
    let bundle = Bundle::open(&settings.model.model)?;
    let encoder = Backend::open(&bundle, &settings.encoder)?;
    let mut texts = Vec::new();
    for line in stdin().lock().lines() {
        texts.push(serde_json::from_str::<Line>(&line?)?.text);
    }
    for vector in encoder.embed(texts, Role::Passage).await? {
        println!("{}", serde_json::to_string(&vector)?);
    }
    Ok(())
}
