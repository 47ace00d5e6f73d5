//! The language of a text, from a sample of it.

use whatlang::{Lang, Script};

use crate::{BlockKind, Extracted};

/// Bytes of the sample from the start, and as many from the middle on: a foreword may be in another language.
const SAMPLE_BYTES: usize = 2_048;
/// With fewer letters a guess is chance; of a script that one language uses, a few are enough.
const FEWEST_LETTERS: usize = 20;

/// The language that most of a document is in, as ISO 639-1; nothing when it cannot be told.
pub(crate) fn of(extracted: &Extracted) -> Option<&'static str> {
    let sample = sample(extracted);
    let info = whatlang::detect(&sample)?;
    let letters = sample.chars().filter(|character| character.is_alphabetic()).count();
    let own_script =
        !matches!(info.script(), Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari);
    let enough = if own_script { FEWEST_LETTERS / 5 } else { FEWEST_LETTERS };
    (letters >= enough && info.is_reliable()).then(|| code(info.lang())).flatten()
}

/// Some of the text, without its code.
fn sample(extracted: &Extracted) -> String {
    let mut sample = String::new();
    for from in [0, extracted.text.len() / 2] {
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

/// ISO 639-1 for ISO 639-3.
const CODES: &[(&str, &str)] = &[
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("yid", "yi"),
    ("zul", "zu"),
];

fn code(language: Lang) -> Option<&'static str> {
    CODES.iter().find(|(long, _)| *long == language.code()).map(|(_, short)| *short)
}
