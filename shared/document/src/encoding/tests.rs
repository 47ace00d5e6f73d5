use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, GB18030, IBM866, ISO_2022_JP, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1256,
};

use super::*;

const CHINESE: &str = "对象存储服务是一种海量、安全、低成本、高可靠的云存储服务，提供最高可达的数据持久性。";
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
        (SHIFT_JIS, "これは日本語です"),
        (SHIFT_JIS, "取扱説明書"),
        (EUC_JP, JAPANESE),
        (EUC_JP, "取扱説明書"),
        (GB18030, "安装说明书"),
        (BIG5, "安裝說明"),
        (EUC_KR, KOREAN),
        (EUC_KR, "안녕하세요"),
        (WINDOWS_1251, "Привет, мир"),
        (KOI8_R, "Привет, мир"),
        (IBM866, "Объектное хранилище надёжно хранит большие объёмы данных."),
        (WINDOWS_1256, "تخزين الكائنات آمن وموثوق"),
        (WINDOWS_1252, "café"),
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
#[test]
fn wide_text_is_read_in_either_order_with_a_mark_and_without() {
    for text in [
        "对象存储服务\n安装说明书",
        "API 接口",
        "オブジェクト ストレージ",
        "객체 저장소",
        "Привет, мир",
        "مرحبا بالعالم\n",
        "नमस्ते दुनिया, यह हिन्दी है",
        "Hi 😀 你好",
        "ok",
    ] {
        for marked in [format!("\u{feff}{text}"), text.to_owned()] {
            let units = || marked.encode_utf16();
            let characters = || marked.chars().map(u32::from);
            for bytes in [
                units().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
                units().flat_map(u16::to_be_bytes).collect(),
                characters().flat_map(u32::to_le_bytes).collect(),
                characters().flat_map(u32::to_be_bytes).collect(),
            ] {
                assert_eq!(decode(&bytes, None).as_deref(), Ok(text), "{bytes:x?}");
            }
        }
    }
}

#[test]
fn numbers_are_not_wide_text() {
    for bytes in [
        (0..1_000_u16).flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
        (1..1_000_u32).flat_map(u32::to_be_bytes).chain([0xff; 4]).collect(),
        (0..1_000_u32).map(|at| at.wrapping_mul(2_654_435_761)).flat_map(u32::to_le_bytes).collect(),
        [1.5_f32, 2.0, 3.25, 100.0].repeat(20).into_iter().flat_map(f32::to_le_bytes).collect(),
    ] {
        let decoded = decode(&bytes, None);
        assert!(matches!(decoded, Err(Refusal::NotText { .. })), "{decoded:?}");
    }
}
