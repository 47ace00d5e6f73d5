//! The language of a text.

use whatlang::{Lang, Script};

/// With fewer letters the detected language is a guess.
const FEWEST_LETTERS: usize = 20;
/// The same, for a script that only one language uses.
const FEWEST_OF_OWN_SCRIPT: usize = 4;

/// How many letters of an alphabet one Chinese, Japanese or Korean character counts for.
const LETTERS_PER_CJK: usize = 3;
/// Japanese has at least one kana in this many characters; a Chinese text that quotes some has fewer.
const CJK_PER_KANA: usize = 20;

/// The language (ISO 639-1) of most of `text`; `None` when it cannot be detected. Reads all of it: pass a sample of a
/// long text.
#[must_use]
pub fn language(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    if let Some(language) = by_script(text, letters) {
        return Some(language);
    }
    // Technical English is often taken for Latin, or is too close to it to be reliable; real Latin is rarer than that.
    let info = whatlang::Detector::with_denylist(vec![Lang::Lat]).detect(text)?;
    let shared =
        matches!(info.script(), Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari);
    let enough = if shared { FEWEST_LETTERS } else { FEWEST_OF_OWN_SCRIPT };
    (letters >= enough && info.is_reliable()).then(|| code(info.lang())).flatten()
}

/// Chinese, Japanese or Korean, even when half of the letters are names of commands and products.
fn by_script(text: &str, letters: usize) -> Option<&'static str> {
    let (mut han, mut kana, mut hangul) = (0_usize, 0_usize, 0_usize);
    for character in text.chars() {
        match character {
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => han += 1,
            '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => kana += 1,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => hangul += 1,
            _ => {}
        }
    }
    let cjk = han + kana + hangul;
    if cjk < FEWEST_OF_OWN_SCRIPT || cjk * LETTERS_PER_CJK < letters.saturating_sub(cjk) {
        return None;
    }
    if hangul > han + kana {
        return Some("ko");
    }
    Some(if kana * CJK_PER_KANA >= han + kana { "ja" } else { "zh" })
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

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn the_language_is_told_or_nothing_is_said() {
        for (text, expected) in [
            ("Object storage keeps large amounts of data safe and can be reached from anywhere.", Some("en")),
            (
                "Der Objektspeicher bewahrt große Datenmengen sicher auf und ist überall erreichbar.",
                Some("de"),
            ),
            ("Le stockage d’objets conserve de grandes quantités de données en toute sécurité.", Some("fr")),
            (
                "El almacenamiento guarda los datos de forma segura y se puede leer desde cualquier lugar.",
                Some("es"),
            ),
            ("Объектное хранилище надёжно хранит большие объёмы данных и доступно отовсюду.", Some("ru")),
            ("يحفظ تخزين الكائنات كميات كبيرة من البيانات بأمان ويمكن الوصول إليه من أي مكان.", Some("ar")),
            ("对象存储服务 OSS 提供 PutObject、GetObject 和 ListObjects 接口。", Some("zh")),
            ("オブジェクトストレージは大量のデータを安全に保存します。", Some("ja")),
            ("객체 저장소는 대량의 데이터를 안전하게 보관합니다.", Some("ko")),
            ("ok", None),
            ("0123 4567 89", None),
            ("", None),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
