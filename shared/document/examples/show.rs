//! tmp
#![allow(warnings)]
use document::*;
fn main() {
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        match extract(&f, &b) {
            Err(e) => println!("{f}: REFUSED {e}"),
            Ok(e) => {
                println!("=== {f} {} title={:?} len={}", e.format, e.title, e.text.len());
                for bl in &e.blocks {
                    println!(
                        "[{:?}] {} :: {}",
                        bl.kind,
                        bl.heading_path.join(" > "),
                        &e.text[bl.range.clone()]
                    );
                }
            }
        }
    }
}
