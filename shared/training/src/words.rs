//! Words, as far as they are counted and compared here.

/// Whether a script is written without spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer. Korean has spaces.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff
        | 0xf900..=0xfaff | 0x2_0000..=0x3_134f)
}

/// Runs of letters and digits; of a script without spaces, each character.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let (mut tokens, mut begun) = (Vec::new(), None);
    for (at, c) in text.char_indices() {
        let is_part = c.is_alphanumeric();
        if is_part && !is_unspaced(c) {
            begun.get_or_insert(at);
            continue;
        }
        tokens.extend(begun.take().and_then(|from: usize| text.get(from..at)));
        if is_part {
            tokens.extend(text.get(at..at + c.len_utf8()));
        }
    }
    tokens.extend(begun.and_then(|from| text.get(from..)));
    tokens
}

/// How many words a text has. Two characters of a script without spaces count as one: most words of Chinese have two.
pub(crate) fn count(text: &str) -> usize {
    let tokens = tokens(text);
    let unspaced = tokens.iter().filter(|token| token.starts_with(is_unspaced)).count();
    tokens.len() - unspaced + unspaced.div_ceil(2)
}

/// The form in which texts are compared: lower case, without punctuation, one space between words.
pub(crate) fn plain(text: &str) -> String {
    tokens(text).join(" ").to_lowercase()
}

/// Percentage of letters among the characters that are no spaces.
pub(crate) fn letters(text: &str) -> usize {
    let seen = text.chars().filter(|c| !c.is_whitespace());
    let (all, letters) =
        seen.fold((0_usize, 0), |(all, letters), c| (all + 1, letters + usize::from(c.is_alphabetic())));
    (100 * letters).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_scripts_with_and_without_spaces() {
        for (text, expected) in [
            ("", 0),
            ("Overview", 1),
            ("How do I delete a bucket?", 6),
            ("概述", 1),
            ("参数说明", 2),
            ("删除桶", 2),
            ("使用 OSS 存储数据", 1 + 1 + 2),
            ("객체를 삭제", 2),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
        assert_eq!(tokens("a-b 删除x"), ["a", "b", "删", "除", "x"]);
    }

    #[test]
    fn texts_are_compared_without_case_and_punctuation() {
        assert_eq!(plain("  What is (are) X?"), "what is are x");
        assert_eq!(plain("参数说明："), plain("参数说明"));
        assert_eq!((letters("a1 b2"), letters("- - 3"), letters("")), (50, 0, 0));
    }
}
