//! Decodes strings of a PDF file.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use hayro_interpret::hayro_syntax::Pdf as File;

/// Extensions by which a title is recognised as a file name.
const FILE_ENDINGS: &[&str] = &[
    ".doc", ".docx", ".dvi", ".fm", ".indd", ".odt", ".pdf", ".ppt", ".pptx", ".qxd", ".tex", ".xls", ".xlsx",
];

/// A text string: UTF-16 or UTF-8 with a byte order mark, or else `PDFDocEncoding`, approximated by windows-1252.
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => std::str::from_utf8(bytes)
            .map_or_else(|_| WINDOWS_1252.decode_without_bom_handling(bytes).0, Cow::Borrowed),
    };
    text.chars().filter(|character| !character.is_control() || character.is_whitespace()).collect()
}

/// The title in the document's properties, unless a program filled in a file name.
pub(super) fn title(file: &File) -> Option<String> {
    let title = decode(file.metadata().title.as_deref()?);
    let title = title.trim();
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(title);
    let lower = title.to_lowercase();
    let is_name = FILE_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || lower.starts_with("untitled")
        || !lower.chars().any(char::is_alphanumeric);
    (!is_name).then(|| title.to_owned())
}

/// A glyph's text, cleaned: white space becomes a space, Latin ligatures become letters, characters without meaning
/// outside their font are dropped.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            'ﬀ' => cleaned.push_str("ff"),
            'ﬁ' => cleaned.push_str("fi"),
            'ﬂ' => cleaned.push_str("fl"),
            'ﬃ' => cleaned.push_str("ffi"),
            'ﬄ' => cleaned.push_str("ffl"),
            'ﬅ' | 'ﬆ' => cleaned.push_str("st"),
            // the bullet of the Symbol font
            '\u{f0b7}' => cleaned.push('•'),
            '\u{200b}'
            | '\u{feff}'
            | '\u{fffd}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{f0000}'.. => {}
            character if character.is_whitespace() => cleaned.push(' '),
            character if character.is_control() => {}
            character => cleaned.push(character),
        }
    }
    cleaned
}
