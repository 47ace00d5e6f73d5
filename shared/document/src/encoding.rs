//! Decodes bytes to text by byte order mark, UTF-16 and UTF-32 without one, UTF-8, the declared encoding, and finally
//! detection as in Firefox (chardetng).
//!
//! Guarantees: the result contains no NUL and no byte order mark, and line breaks are `
//! `. A few damaged characters become U+FFFD, as in a browser; more are a refusal. Text that is UTF-8 except for a
//! few bytes is never taken for a legacy encoding, which would garble all of it.

mod wide;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

use crate::Refusal;

/// With more than one control character in this many bytes, it is not text.
const BYTES_PER_CONTROL: usize = 20;
/// One damaged character in this many is still readable.
const CHARACTERS_PER_DAMAGED: usize = 100;
/// Damaged UTF-8 still counts as UTF-8 when it has this many valid multi-byte characters for each invalid sequence.
const SOUND_PER_UNSOUND: usize = 10;

/// Decodes a document. `declared` is the encoding that the document claims; it is used if the bytes are not UTF-8 and
/// are consistent with it.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, Refusal> {
    if let Some(text) = wide::utf32(bytes) {
        return Ok(normalise_breaks(text));
    }
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => read_with(encoding, bytes.get(length..).unwrap_or_default())?,
        None => match wide::utf16_without_mark(bytes) {
            Some(encoding) => read_with(encoding, bytes)?,
            None => without_mark(bytes, declared)?,
        },
    };
    if text.contains('\0') {
        return Err(Refusal::NotText { sign: "it holds NUL characters" });
    }
    Ok(normalise_breaks(text))
}

/// A file name in an archive: UTF-8, or else the legacy encoding of the machine that packed it.
pub(crate) fn name(bytes: &[u8]) -> String {
    let encoding = if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        detector.guess(None, Utf8Detection::Deny)
    };
    encoding.decode_without_bom_handling(bytes).0.replace('\0', "\u{fffd}")
}

fn without_mark(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, Refusal> {
    if bytes.contains(&0) {
        return Err(Refusal::NotText { sign: "it holds NUL bytes" });
    }
    let controls = bytes.iter().filter(|byte| is_control(**byte)).count();
    if controls > 8 && controls * BYTES_PER_CONTROL > bytes.len() {
        return Err(Refusal::NotText { sign: "it is full of control characters" });
    }
    let shifts = bytes.windows(2).any(|pair| matches!(pair, [0x1b, b'$' | b'(']));
    if !shifts && let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Some(encoding) = declared
        && let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return Ok(text.into_owned());
    }
    if !shifts && nearly_utf8(bytes) {
        return read_with(UTF_8, bytes);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Allow);
    if guess.is_single_byte()
        && let Some(text) = short_japanese(bytes)
    {
        return Ok(text);
    }
    read_with(guess, bytes)
}

/// Decodes a line of Japanese in `Shift_JIS`, which the detector takes for Cyrillic when most of it is hiragana.
fn short_japanese(bytes: &[u8]) -> Option<String> {
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
    let hiragana = text.chars().filter(|character| matches!(character, '\u{3041}'..='\u{309f}')).count();
    let foreign = text.chars().filter(|character| !character.is_ascii()).count();
    (hiragana >= 3 && hiragana * 2 >= foreign).then(|| text.into_owned())
}

/// C0 controls that do not occur in text files: all but tab, line feed, vertical tab, form feed, carriage return,
/// backspace and escape.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, 0x08..=0x0d | 0x1b)
}

fn read_with(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, Refusal> {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        let characters = text.chars().count();
        let damaged = text.chars().filter(|character| *character == '\u{fffd}').count();
        if damaged * CHARACTERS_PER_DAMAGED > characters.max(CHARACTERS_PER_DAMAGED) {
            return Err(Refusal::Undecodable { encoding: encoding.name(), damaged, characters });
        }
    }
    Ok(text.into_owned())
}

fn nearly_utf8(bytes: &[u8]) -> bool {
    let (mut sound, mut unsound) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        unsound += usize::from(!chunk.invalid().is_empty());
    }
    sound >= unsound * SOUND_PER_UNSOUND
}

fn normalise_breaks(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests;
