//! Text that a terminal shows and does not obey. Pure.
//!
//! What the command prints comes from documents, keys and other servers: an escape sequence among it could clear
//! the screen, set the clipboard, or hide and reorder what stands around it. A character that could do so has a
//! visible one in its place.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The pictures of U+0000 to U+001F begin here, in the same order.
const PICTURES: u32 = 0x2400;

/// `text` for people. Line feeds and tabs stay; every other control character becomes its picture (ESC is `␛`) or
/// U+FFFD, and so do marks that reverse what follows, line and paragraph separators, and byte order marks.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if is_visible(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|one| stand_in(one).unwrap_or(one)).collect())
}

/// `json` with the same characters as `\u` escapes. A serialiser escapes those below U+0020 only; the others stand
/// in strings alone, where the escape means the same character.
pub(crate) fn escaped(json: &str) -> Cow<'_, str> {
    if is_visible(json) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for one in json.chars() {
        if stand_in(one).is_some() {
            // Writing to a String cannot fail.
            let _written = write!(escaped, "\\u{:04x}", u32::from(one)).is_ok();
        } else {
            escaped.push(one);
        }
    }
    Cow::Owned(escaped)
}

fn is_visible(text: &str) -> bool {
    text.chars().all(|one| stand_in(one).is_none())
}

/// What is shown in place of a character; none where it is shown itself.
fn stand_in(one: char) -> Option<char> {
    match one {
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' => char::from_u32(PICTURES + u32::from(one)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{2028}' | '\u{2029}' => Some('\u{2424}'),
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
            Some(char::REPLACEMENT_CHARACTER)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let cases = [
            ("\u{1b}[2J\u{7}", "␛[2J␇"),
            ("a\rb\0\u{8}", "a␍b␀␈"),
            ("\u{7f}\u{9b}31m", "␡\u{fffd}31m"),
            ("\u{202e}cod.exe\u{2066}x\u{2069}", "\u{fffd}cod.exe\u{fffd}x\u{fffd}"),
            ("a\u{2028}b\u{2029}c\u{feff}", "a␤b␤c\u{fffd}"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn what_people_write_stays() {
        let text = "a\tb\n30 päivää, 你好, 🙂👩‍👩‍👧, שלום\u{200f}, e\u{301}\u{a0}\u{ad}";
        assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        assert!(matches!(escaped(text), Cow::Borrowed(same) if same == text));
    }

    /// Any text, and often the characters in question.
    fn texts() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            any::<char>(),
            proptest::char::range('\0', '\u{9f}'),
            proptest::char::range('\u{2028}', '\u{202e}'),
            Just('\u{feff}'),
        ];
        proptest::collection::vec(one, 0..40).prop_map(|text| text.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_control_character_is_left_and_no_character_is_lost(text in texts()) {
            let shown = visible(&text);
            let is_harmless = |one: char| matches!(one, '\n' | '\t') || !one.is_control();
            prop_assert!(shown.chars().all(is_harmless), "{shown:?}");
            prop_assert_eq!(shown.chars().count(), text.chars().count());
            prop_assert_eq!(visible(&shown), shown.clone());
        }

        #[test]
        fn json_means_the_same_and_holds_no_control_character(text in texts()) {
            let json = serde_json::to_string(&[&text]).unwrap();
            let shown = escaped(&json);
            prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), vec![text]);
        }
    }
}
