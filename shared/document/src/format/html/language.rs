//! The language that a document declares.

/// Three-letter codes in use for languages with a two-letter code.
const THREE_LETTERS: [(&str, &str); 26] = [
    ("ara", "ar"),
    ("ces", "cs"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dan", "da"),
    ("deu", "de"),
    ("dut", "nl"),
    ("eng", "en"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("ger", "de"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("nld", "nl"),
    ("nor", "no"),
    ("pol", "pl"),
    ("por", "pt"),
    ("rus", "ru"),
    ("spa", "es"),
    ("swe", "sv"),
    ("tha", "th"),
    ("tur", "tr"),
    ("vie", "vi"),
    ("zho", "zh"),
];

/// The ISO 639-1 code in a language tag such as `de-CH`; none when there is none.
pub(in crate::format) fn language_code(tag: &str) -> Option<String> {
    let first = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    if first.len() == 2 && first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(first);
    }
    THREE_LETTERS.iter().find(|(three, _)| *three == first).map(|(_, two)| (*two).to_owned())
}
