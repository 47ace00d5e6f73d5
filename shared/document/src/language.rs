//! Determines the language of a document from a sample.

use crate::{BlockKind, Extracted};

/// Bytes sampled at the start, and again from the middle, because a foreword may be in another language.
const SAMPLE_BYTES: usize = 2_048;

/// The main language of a document, as ISO 639-1; none when it cannot be determined.
pub(crate) fn of(extracted: &Extracted) -> Option<&'static str> {
    analysis::language(&sample(extracted))
}

/// A sample of the text, without code.
fn sample(extracted: &Extracted) -> String {
    let mut sample = String::new();
    let middle = extracted.text.len() / 2;
    for from in [Some(0), (middle > SAMPLE_BYTES).then_some(middle)].into_iter().flatten() {
        let wanted = sample.len() + SAMPLE_BYTES;
        let first = extracted.blocks.partition_point(|block| block.range.end <= from);
        for block in extracted.blocks.iter().skip(first).filter(|block| block.kind != BlockKind::Code) {
            let start = extracted.text.ceil_char_boundary(block.range.start.max(from));
            let end = block.range.end.min(start.saturating_add(wanted.saturating_sub(sample.len())));
            let end = extracted.text.floor_char_boundary(end);
            sample.push_str(extracted.text.get(start..end).unwrap_or_default());
            sample.push('\n');
            if sample.len() >= wanted {
                break;
            }
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use crate::extract;

    #[test]
    fn code_and_a_foreword_do_not_decide() {
        let source = format!(
            "Dies ist das kurze Vorwort.\n\n{}\n\n```\n{}```\n",
            "The rest of the document is in English, as most of its readers would expect. ".repeat(200),
            "für jede Zeile gilt das gleiche wie für die andere\n".repeat(2_000)
        );
        assert_eq!(extract("a.md", source.as_bytes()).unwrap().language.as_deref(), Some("en"));
    }
}
