//! Text in units of two or four bytes: UTF-16 without a byte order mark, and UTF-32.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Size of the sample in bytes.
const SAMPLE_BYTES: usize = 4_096;
/// Minimum percentage of letters, digits, ASCII and common punctuation among the characters of a text.
const PLAIN_PERCENT: usize = 70;

/// Decodes UTF-32; none when the bytes are something else.
pub(super) fn utf32(bytes: &[u8]) -> Option<String> {
    [u32::from_le_bytes as fn([u8; 4]) -> u32, u32::from_be_bytes].into_iter().find_map(|read| {
        let (units, rest) = bytes.as_chunks::<4>();
        let mut characters = units.iter().map(|unit| char::from_u32(read(*unit)));
        let marked = characters.clone().next()? == Some('\u{feff}');
        if marked {
            characters.next();
        }
        // in other data, few groups of four bytes are valid characters; round numbers are, but none of them is a
        // space
        let is_text =
            rest.is_empty() && characters.clone().all(|character| character.is_some_and(|c| c != '\0'));
        let all = characters.flatten();
        let sounds = marked
            || all.clone().any(char::is_whitespace)
            || all.clone().all(|character| character.is_ascii());
        (is_text && sounds).then(|| all.collect())
    })
}

/// The byte order of UTF-16 without a mark. Only used for bytes that contain zeros, which other text does not, so a
/// space or a line break is enough evidence.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    if !bytes.contains(&0) || bytes.len() < 4 {
        return None;
    }
    let little = plain(bytes, u16::from_le_bytes).map(|plain| (plain, UTF_16LE));
    let big = plain(bytes, u16::from_be_bytes).map(|plain| (plain, UTF_16BE));
    match (little, big) {
        (Some(little), Some(big)) => Some(if big.0 > little.0 { big.1 } else { little.1 }),
        (found, None) | (None, found) => found.map(|(_, encoding)| encoding),
    }
}

/// If in this percentage of units that are not plain characters both bytes are ASCII, it is single-byte text with a
/// few zeros.
const NARROW_PERCENT: usize = 90;

/// The number of characters in a sample that are ASCII or East Asian punctuation, which tells one byte order from the
/// other; none when the sample is not text.
fn plain(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Option<usize> {
    let sample = bytes.get(..bytes.len().min(SAMPLE_BYTES)).unwrap_or_default();
    let (units, _) = sample.as_chunks::<2>();
    let (mut all, mut common, mut plain, mut narrow) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut characters = char::decode_utf16(units.iter().map(|unit| read(*unit))).peekable();
    while let Some(character) = characters.next() {
        let character = match character {
            Ok(character) => character,
            // the sample may end within a pair
            Err(_) if characters.peek().is_none() => break,
            Err(_) => return None,
        };
        let is_control = character < ' ' && !matches!(character, '\t' | '\n' | '\r' | '\u{c}');
        if is_control || matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}') {
            return None;
        }
        let is_plain =
            character.is_ascii() || matches!(character, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff5e}');
        let is_narrow = u32::from(character)
            .to_be_bytes()
            .iter()
            .skip(2)
            .all(|byte| *byte == 0 || byte.is_ascii_graphic());
        all += 1;
        narrow += usize::from(!is_plain && is_narrow);
        plain += usize::from(is_plain);
        common += usize::from(is_plain || character.is_alphanumeric());
    }
    let is_narrow = narrow > 0 && narrow * 100 >= (all - plain) * NARROW_PERCENT;
    (plain > 0 && !is_narrow && common * 100 >= all * PLAIN_PERCENT).then_some(plain)
}
