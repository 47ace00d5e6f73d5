use proptest::prelude::*;

use super::*;

#[test]
fn words_are_stemmed_in_their_language_and_lose_their_accents() {
    assert_eq!(line("The runner's Connections were failing.", "en"), "the runner connect were fail");
    assert_eq!(line("Die Häuser der Automaten", "de"), "die haus der automat");
    assert_eq!(line("Les données chiffrées", "fr"), "le don chiffr");
    assert_eq!(line("Die Häuser", "und"), "die hauser");
    assert_eq!(line("ＡＢＣ ﬁle", "und"), "abc file");
}

#[test]
fn chinese_gives_characters_and_pairs() {
    assert_eq!(line("对象存储", "zh"), "对 象 对象 存 象存 储 存储");
    assert_eq!(line("用OSS存储，安全", "zh"), "用 oss 存 储 存储 安 全 安全");
    assert_eq!(line("データ", "ja"), "デ ー デー タ ータ");
    assert_eq!(line("서울", "ko"), "서 울 서울");
}

#[test]
fn a_name_is_found_whole_and_by_its_parts() {
    assert_eq!(line("max.poll.interval_ms", "und"), "max poll interval ms max.poll.interval_ms");
    assert_eq!(line("3.14 2,5", "und"), "3.14 2,5");
}

#[test]
fn a_question_is_asked_by_the_words_that_tell_something() {
    assert_eq!(asked("How does the cat see the other Cats?", "en"), ["cat", "see"]);
    assert_eq!(asked("To be or not to be", "en"), ["to", "be", "or", "not"]);
    assert_eq!(asked("Wie lange zieht der Tee?", "de"), ["lang", "zieht", "tee"]);
    assert_eq!(asked("Wie lange?", "und"), ["wie", "lange"]);
    assert_eq!(asked("什么什么", "zh"), ["什", "么", "什么", "么什"]);
}

#[test]
fn each_term_says_where_it_stands() {
    let text = "größere Häuser, 对象 a.b";
    let found: Vec<(String, &str)> =
        terms(text, "de").into_iter().map(|term| (term.text, &text[term.range])).collect();
    let expected = [
        ("gross", "größere"),
        ("haus", "Häuser"),
        ("对", "对"),
        ("象", "象"),
        ("对象", "对象"),
        ("a", "a"),
        ("b", "b"),
        ("a.b", "a.b"),
    ];
    assert_eq!(found, expected.map(|(term, place)| (term.to_owned(), place)));
}

#[test]
fn a_compatibility_form_with_a_space_puts_none_into_a_term() {
    let found: Vec<String> = terms("¸가", "und").into_iter().map(|term| term.text).collect();
    assert_eq!(found, ["\u{327}", "가", "\u{327}가"]);
    let found: Vec<String> = terms("가\u{202f}나", "und").into_iter().map(|term| term.text).collect();
    assert_eq!(found, ["가", "나", "나"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_language_has_terms_without_spaces(text in ".{0,200}", language in 0..LANGUAGES.len()) {
        for term in terms(&text, LANGUAGES[language]) {
            prop_assert!(!term.text.is_empty() && !term.text.contains(char::is_whitespace), "{term:?}");
            prop_assert!(text.get(term.range.clone()).is_some_and(|part| !part.is_empty()), "{term:?}");
        }
    }

    #[test]
    fn words_of_the_language_s_own_letters_are_stemmed_without_harm(
        text in "[a-zäöüßéèñçøåœığşа-яёα-ωάέήا-ي'’ ]{0,300}", language in 0..LANGUAGES.len(),
    ) {
        let found = terms(&text, LANGUAGES[language]);
        prop_assert!(found.iter().all(|term| !term.text.is_empty()));
    }
}

const LANGUAGES: [&str; 36] = [
    "und", "ar", "hy", "eu", "ca", "cs", "da", "nl", "en", "eo", "et", "fi", "fr", "de", "el", "hi", "hu",
    "id", "it", "lt", "ne", "no", "nb", "fa", "pl", "pt", "ro", "ru", "sr", "es", "sv", "ta", "tr", "uk",
    "yi", "zh",
];
