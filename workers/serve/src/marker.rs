//! Numbers in brackets: which of them cite, which are indexes of code, and what a passage has in their place. Pure.
//!
//! `[2]` in an answer cites the second passage. But passages have such numbers of their own, for footnotes and
//! references, and a sentence that is quoted with one would cite what it does not rest on. So a passage is rewritten
//! before anybody answers from it: `[2]` becomes `(2)`. What is shown of it stays as it is. An index stays too if only
//! code has such a name (`x[0]`, `my_list[1]`), and it cites nothing in an answer either. Passages and answers are read
//! by the same rules, so nothing that is left in a passage is taken for a citation when it is copied.

/// The highest number that cites: above it are years, ports and prices, and no prompt has as many passages.
const HIGHEST: usize = 999;
/// A range this long is pages rather than citations, so only its ends count.
const LONGEST_RANGE: usize = 40;
/// What ends a sentence, and what may stand behind that.
const ENDS: [char; 6] = ['.', '!', '?', '。', '！', '？'];
const CLOSING: [char; 9] = ['"', '\'', ')', '”', '’', '»', '」', '』', '）'];

/// Whether a character opens a number in brackets.
pub(crate) fn is_open(character: char) -> bool {
    matches!(character, '[' | '【' | '［')
}

/// Whether a character closes it.
pub(crate) fn is_close(character: char) -> bool {
    matches!(character, ']' | '】' | '］')
}

/// Whether a character may stand between the two.
pub(crate) fn is_part(character: char) -> bool {
    let separates =
        matches!(character, ',' | '，' | '、' | ';' | '；' | '-' | '–' | '^' | ' ' | '\u{a0}' | '\u{3000}');
    separates || digit(character).is_some()
}

/// The numbers between the brackets of `whole`; none if there is anything else.
pub(crate) fn numbers(whole: &str) -> Option<Vec<usize>> {
    let inner = whole.strip_prefix(is_open)?.strip_suffix(is_close)?;
    if !inner.chars().all(is_part) {
        return None;
    }
    let mut numbers = Vec::new();
    for part in inner.trim().trim_start_matches('^').split([',', '，', '、', ';', '；']) {
        let mut ends = part.split(['-', '–']).map(number);
        match (ends.next(), ends.next(), ends.next()) {
            (Some(Some(number)), None, None) => numbers.push(number),
            (Some(Some(first)), Some(Some(last)), None) if first <= last && last - first < LONGEST_RANGE => {
                numbers.extend(first..=last);
            }
            (Some(Some(first)), Some(Some(last)), None) => numbers.extend([first, last]),
            _ => return None,
        }
    }
    Some(numbers)
}

fn number(text: &str) -> Option<usize> {
    let digits = text.trim().chars().map(digit).collect::<Option<String>>()?;
    digits.parse().ok().filter(|number| *number <= HIGHEST)
}

/// The ASCII digit for a digit, which may be full-width.
fn digit(character: char) -> Option<char> {
    match character {
        '0'..='9' => Some(character),
        '０'..='９' => char::from_u32(u32::from(character) - 0xFEE0),
        _ => None,
    }
}

/// Whether the brackets `whole`, directly behind `before`, are an index of code: of a name that no prose has (a
/// lower-case letter by itself, or words joined by `_` that are not all capitals), or the place 0 of any name. Of
/// several in a row the first decides. An index of another name, as in `items[2]`, cannot be told from a citation.
pub(crate) fn is_index(before: &str, whole: &str) -> bool {
    let inner = whole.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let (mut before, Some(mut index)) = (before, inner) else { return false };
    while let Some((name, first)) = before.strip_suffix(']').and_then(|inner| inner.rsplit_once('[')) {
        if first.contains('\n') {
            // An answer is read line by line.
            return false;
        }
        (before, index) = (name, first);
    }
    let is_of_name = |character: char| character.is_alphanumeric() || character == '_';
    let (outside, name) = before.split_at(before.trim_end_matches(is_of_name).len());
    // The `s` of `the company's` is no variable.
    let is_letter =
        matches!(name.as_bytes(), [b'a'..=b'z']) && !outside.ends_with(['\'', '’', '-', '\u{2011}']);
    let is_joined = name.trim_matches('_').contains('_') && name.contains(char::is_lowercase);
    let is_first = index.trim() == "0" && name.starts_with(char::is_alphabetic);
    is_letter || is_joined || is_first
}

/// A passage in which no number in brackets can be taken for a citation: they are in round brackets instead.
pub(crate) fn unmarked(text: &str) -> String {
    let (mut unmarked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(open) = rest.find(is_open) {
        let (between, from) = rest.split_at(open);
        unmarked.push_str(between);
        let marker = marker(from).filter(|whole| !is_index(&unmarked, whole));
        let taken = marker.map_or_else(|| from.chars().next().map_or(0, char::len_utf8), str::len);
        match marker {
            Some(whole) => put(&mut unmarked, whole),
            None => unmarked.push_str(from.get(..taken).unwrap_or_default()),
        }
        rest = from.get(taken..).unwrap_or_default();
    }
    unmarked.push_str(rest);
    unmarked
}

/// The number in brackets with which a text begins; of nested brackets only the inner ones hold it. A line may break
/// within.
fn marker(from: &str) -> Option<&str> {
    let (at, end) =
        from.char_indices().skip(1).find(|(_, character)| is_open(*character) || is_close(*character))?;
    let whole = from.get(..at + end.len_utf8()).filter(|_| is_close(end))?;
    numbers(&whole.replace(char::is_whitespace, " ")).map(|_| whole)
}

/// Writes a number in round brackets. It goes before the full stop that it stood directly behind: there UAX #29 would
/// end the sentence within the brackets.
fn put(text: &mut String, whole: &str) {
    let inner = whole.trim_matches(|character: char| {
        is_open(character) || is_close(character) || character == '^' || character.is_whitespace()
    });
    let ended = text.trim_end_matches(CLOSING);
    let sentence = ended.trim_end_matches(ENDS).len();
    let end = if sentence < ended.len() { text.split_off(sentence) } else { String::new() };
    for part in ["(", inner, ")", end.as_str()] {
        text.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_brackets_stand_in_round_ones_instead() {
        for (passage, expected) in [
            ("Zhang [2] showed it, others [1, 3] too", "Zhang (2) showed it, others (1, 3) too"),
            ("Born in Ulm,[9] Einstein[10] was", "Born in Ulm,(9) Einstein(10) was"),
            ("张三［２］和李四【3】、王五[^4]", "张三(２)和李四(3)、王五(4)"),
            ("spaced [ 2 ], wrapped [1,\n2]", "spaced (2), wrapped (1,\n2)"),
            ("nested [[5]] 【[6]】 [7[8]]", "nested [(5)] 【(6)】 [7(8)]"),
            ("the company's[3] vitamin-c[4]", "the company's(3) vitamin-c(4)"),
            ("a range [2-4], [ ], [2, [x](y), [note]", "a range (2-4), [ ], [2, [x](y), [note]"),
            ("in [2019], ports: [8080, 9090]", "in [2019], ports: [8080, 9090]"),
            ("no brackets", "no brackets"),
        ] {
            assert_eq!(unmarked(passage), expected, "{passage}");
        }
    }

    #[test]
    fn a_number_behind_a_full_stop_stays_in_its_sentence() {
        for (passage, expected) in [
            ("It sleeps.[2] It purrs.[3][4]", "It sleeps(2). It purrs(3)(4)."),
            ("猫睡觉。[2]狗叫！【3】", "猫睡觉(2)。狗叫(3)！"),
            ("He said \"no.\"[2] (Or so.)[3]", "He said \"no(2).\" (Or so(3).)"),
            ("It sleeps. [2] A \"word\"[3]", "It sleeps. (2) A \"word\"(3)"),
        ] {
            assert_eq!(unmarked(passage), expected, "{passage}");
        }
    }

    #[test]
    fn an_index_of_code_stays() {
        for code in ["a[1]", "x[0][2]", "(self.x[3])", "my_list[1] = row_of[i][2]", "args[0][2]", "`b[1]`"] {
            assert_eq!(unmarked(code), code);
        }
        assert!(!is_index("x[see\nthere]", "[2]"), "an index does not go over lines");
        // What could be a word stays readable.
        assert_eq!(unmarked("items[2], MAX_SIZE[1], _word_[3]"), "items(2), MAX_SIZE(1), _word_(3)");
    }

    #[test]
    fn only_brackets_full_of_numbers_hold_numbers() {
        for (whole, expected) in [
            ("[1]", Some(vec![1])),
            ("［１， ２］", Some(vec![1, 2])),
            ("【3、5】", Some(vec![3, 5])),
            ("[2-4; 7]", Some(vec![2, 3, 4, 7])),
            ("[12-999]", Some(vec![12, 999])),
            ("[1000]", None),
            ("[+1]", None),
            ("[1\n]", None),
            ("[[1]", None),
            ("[1,]", None),
            ("[]", None),
            ("1]", None),
        ] {
            assert_eq!(numbers(whole), expected, "{whole}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_rewritten_once_stays(text in "[\\[\\]【】［］0-9２, ^.。)\n_a-c-]{0,60}") {
            let once = unmarked(&text);
            prop_assert_eq!(unmarked(&once), once);
        }
    }
}
