//! The opening of a passage, which is asked for to see whether it finds the passage again.

use crate::is_character;

/// Words in an opening; two characters of a script without spaces count as one word.
const OPENING: usize = 12;
/// Most characters of an opening: what has no spaces and is no such script, like an address or a key, is a single word otherwise.
const LONGEST: usize = 240;

/// The first words of a passage: `serve` judges by them what a cosine means, and `drift` whether the model still finds what it
/// embeds.
#[must_use]
pub fn opening(text: &str) -> &str {
    let (mut left, mut in_word) = (2 * OPENING, false);
    for (count, (at, c)) in text.char_indices().enumerate() {
        let is_character = is_character(c.encode_utf8(&mut [0; 4]));
        let cost = match c {
            _ if is_character => 1,
            c if c.is_alphanumeric() && !in_word => 2,
            _ => 0,
        };
        if cost > left || count == LONGEST {
            return text.get(..at).unwrap_or(text).trim_end();
        }
        left -= cost;
        in_word = !is_character && !c.is_whitespace() && (in_word || c.is_alphanumeric());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_has_twelve_words_or_twice_as_many_characters() {
        let text = "One, two three four don't-break six 7 eight nine ten (eleven) twelve thirteen.";
        assert_eq!(opening(text), "One, two three four don't-break six 7 eight nine ten (eleven) twelve");
        assert_eq!(opening("short one"), "short one");
        assert_eq!(opening(&"水".repeat(30)).chars().count(), 24);
        assert_eq!(opening(""), "");
        assert_eq!(opening(&"a/".repeat(500)).len(), 240);
        assert_eq!(opening(&"a/".repeat(120)).len(), 240);
    }
}
