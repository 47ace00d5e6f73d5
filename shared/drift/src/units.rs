//! What a reader would count in a text: words, or characters of a script without spaces. Pure.

/// The words and characters of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextUnits {
    /// What stands between spaces and has a letter or a digit of a script with spaces.
    pub words: u32,
    /// Characters of a script without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese).
    pub characters: u32,
}

impl TextUnits {
    /// Counts them.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut units = Self::default();
        for piece in text.split_whitespace() {
            let mut is_word = false;
            for c in piece.chars().filter(|c| c.is_alphanumeric()) {
                if analysis::is_character(c.encode_utf8(&mut [0; 4])) {
                    units.characters = units.characters.saturating_add(1);
                } else {
                    is_word = true;
                }
            }
            units.words = units.words.saturating_add(u32::from(is_word));
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_between_spaces_and_characters_stand_alone() {
        for (text, words, characters) in [
            ("Don't break max.poll.interval_ms, please!", 4, 0),
            ("绿茶泡多久？", 0, 5),
            ("把 Kafka 的配置改成 3 个", 2, 7),
            ("使用ECS实例", 1, 4),
            (" – … ", 0, 0),
            ("", 0, 0),
        ] {
            assert_eq!(TextUnits::of(text), TextUnits { words, characters }, "{text}");
        }
    }
}
