//! Bytes to text: byte order mark, UTF-8, the declared encoding, then detection as Firefox does it (chardetng).
//!
//! Guarantees: the result holds no NUL and no byte order mark, and line breaks are `\n`. A few damaged characters
//! show as U+FFFD, as in a browser; more are a refusal. Never guesses a legacy encoding for text that is UTF-8 but
//! for a few bytes, which would turn all of it into gibberish.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::Refusal;

/// One control character in this many bytes is not text any more.
const BYTES_PER_CONTROL: usize = 20;
/// One damaged character in this many is still readable.
const CHARACTERS_PER_DAMAGED: usize = 100;
/// Damaged UTF-8 is still UTF-8 when it has this many sound multi-byte characters to each unsound sequence.
const SOUND_PER_UNSOUND: usize = 10;
/// Bytes looked at to recognise UTF-16 without a byte order mark.
const SAMPLE_BYTES: usize = 4_096;

/// Decodes a document. `declared` is the encoding that the document itself claims; it counts where the bytes are
/// not UTF-8 and agree with it.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, Refusal> {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => read_with(encoding, bytes.get(length..).unwrap_or_default())?,
        None => match utf16_without_mark(bytes) {
            Some(encoding) => read_with(encoding, bytes)?,
            None => without_mark(bytes, declared)?,
        },
    };
    if text.contains('\0') {
        return Err(Refusal::NotText { sign: "it holds NUL characters" });
    }
    Ok(normalise_breaks(text))
}

/// A file name as archives hold it: UTF-8, or else whatever the machine used that packed it.
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
    read_with(detector.guess(None, Utf8Detection::Allow), bytes)
}

/// C0 controls that no text file has: all but tab, line feed, vertical tab, form feed, carriage return, backspace
/// and escape.
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

/// UTF-16 of mostly Latin text: nearly every second byte is zero, and none between.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(SAMPLE_BYTES) & !1)?;
    let pairs = sample.len() / 2;
    let zeros = |parity| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match (first, second) {
        _ if pairs < 2 => None,
        (0, low) if low * 10 >= pairs * 7 => Some(UTF_16LE),
        (high, 0) if high * 10 >= pairs * 7 => Some(UTF_16BE),
        _ => None,
    }
}

fn normalise_breaks(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_KR, GB18030, ISO_2022_JP, SHIFT_JIS, WINDOWS_1252};

    use super::*;

    const CHINESE: &str =
        "对象存储服务是一种海量、安全、低成本、高可靠的云存储服务，提供最高可达的数据持久性。";
    const TRADITIONAL: &str =
        "物件儲存服務提供高可靠、低成本的雲端儲存，適合各種網站與應用程式使用，並且容易擴充。";
    const JAPANESE: &str = "オブジェクトストレージは、大量のデータを安全に保存するためのサービスです。";
    const KOREAN: &str = "객체 저장소 서비스는 안전하고 저렴하며 신뢰성이 높은 클라우드 저장소를 제공합니다.";

    fn utf16(text: &str, mark: bool, write: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(write).collect()
    }

    #[test]
    fn the_encodings_of_real_files_are_read() {
        for (encoding, text) in [
            (GB18030, CHINESE),
            (BIG5, TRADITIONAL),
            (SHIFT_JIS, JAPANESE),
            (ISO_2022_JP, JAPANESE),
            (EUC_KR, KOREAN),
            (WINDOWS_1252, "Das Wort „schön“ steht im Café – für 5 €."),
            (UTF_8, KOREAN),
        ] {
            let (bytes, _, lossy) = encoding.encode(text);
            assert!(!lossy, "{}", encoding.name());
            assert_eq!(decode(&bytes, None).as_deref(), Ok(text), "{}", encoding.name());
        }
    }

    #[test]
    fn byte_order_marks_win_and_utf16_is_found_without_one() {
        let text = "Plain text.\nSecond line, with é.";
        for bytes in [
            utf16(text, true, u16::to_le_bytes),
            utf16(text, true, u16::to_be_bytes),
            utf16(text, false, u16::to_le_bytes),
            utf16(text, false, u16::to_be_bytes),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        ] {
            assert_eq!(decode(&bytes, None).as_deref(), Ok(text));
        }
        assert_eq!(decode(&utf16(CHINESE, true, u16::to_le_bytes), None).as_deref(), Ok(CHINESE));
    }

    #[test]
    fn a_declared_encoding_counts_where_the_bytes_agree() {
        let (bytes, ..) = WINDOWS_1252.encode("é");
        assert_eq!(decode(&bytes, Some(WINDOWS_1252)).as_deref(), Ok("é"));
        assert_eq!(
            decode("é".as_bytes(), Some(WINDOWS_1252)).as_deref(),
            Ok("é"),
            "utf-8 wins over a false claim"
        );
    }

    #[test]
    fn a_few_damaged_bytes_do_not_turn_utf8_into_gibberish() {
        let mut bytes = CHINESE.repeat(5).into_bytes();
        bytes.truncate(bytes.len() - 1);
        let text = decode(&bytes, None).unwrap();
        assert!(text.starts_with(CHINESE) && text.ends_with('\u{fffd}'));
    }

    #[test]
    fn binary_is_refused_and_nothing_is_text() {
        assert!(matches!(decode(b"a\0b\0\0\0c", None), Err(Refusal::NotText { .. })));
        assert!(matches!(decode(&[1_u8; 100], None), Err(Refusal::NotText { .. })));
        assert_eq!(decode(b"", None).as_deref(), Ok(""));
        assert_eq!(decode(b"a\r\nb\rc\n", None).as_deref(), Ok("a\nb\nc\n"));
    }
}
