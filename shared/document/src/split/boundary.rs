//! Where text may be cut: the boundaries of each level, and the choice among equal ones.
//!
//! Equal boundaries are ranked by a hash of the text before them, never by their distance from the chunk's start. Two
//! texts that differ in one place therefore soon choose the same cuts again, whatever was inserted.

use std::cmp::Reverse;

use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Number of bytes before a boundary that are hashed.
const CONTEXT_BYTES: usize = 64;

/// Marks that open a sentence and may follow one without a space.
const OPENING: [char; 9] = ['“', '‘', '「', '『', '（', '《', '〈', '【', '〔'];

/// Marks that close a quotation.
const CLOSING: [char; 5] = ['”', '’', '」', '』', '）'];

/// Levels within a block, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Line,
    Sentence,
    Space,
    Word,
    Grapheme,
}

/// The levels of running text; its line breaks are weaker boundaries than sentence ends.
pub(super) const PROSE: &[Level] =
    &[Level::Sentence, Level::Line, Level::Space, Level::Word, Level::Grapheme];
/// The levels of code and tables, where a line is a unit.
pub(super) const LINES: &[Level] =
    &[Level::Line, Level::Sentence, Level::Space, Level::Word, Level::Grapheme];

/// The boundaries of a level in `text`, ascending, as byte offsets greater than 0 and up to its length. None is
/// within a grapheme.
pub(super) fn boundaries(text: &str, level: Level) -> Vec<usize> {
    let ends: Vec<usize> = match level {
        Level::Line => text.split_inclusive('\n').scan(0, advance).collect(),
        Level::Sentence => sentences(text),
        Level::Space => spaces(text),
        Level::Word => words(text),
        Level::Grapheme => return text.graphemes(true).scan(0, advance).collect(),
    };
    // words and sentences of UAX #29 may end within a grapheme, e.g. before a Thai vowel sign
    ends.into_iter().filter(|end| is_grapheme_boundary(text, *end)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the signature that scan asks for")]
fn advance(at: &mut usize, part: &str) -> Option<usize> {
    *at += part.len();
    Some(*at)
}

/// Ends of sentences by UAX #29, and also after a full-width semicolon or a quotation that breaks off (`……”`). A line
/// break alone is not one if the line before it clearly continues. Thai has no sentence mark; there spaces separate
/// sentences, which is the next level.
fn sentences(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    for sentence in text.split_sentence_bounds() {
        ends.extend(sentence.match_indices(['；', '…']).filter_map(|(index, mark)| {
            let after = index + mark.len();
            let quoted = sentence.get(after..)?;
            let closing = quoted.len() - quoted.trim_start_matches(CLOSING).len();
            let ends = (mark == "；" || closing > 0) && after + closing < sentence.len();
            ends.then_some(at + after + closing)
        }));
        at += sentence.len();
        // UAX #29 attaches the opening quotation mark of the next sentence to this one
        let opening = sentence.len() - sentence.trim_end_matches(OPENING).len();
        if opening > 0 && opening < sentence.len() && at < text.len() {
            ends.push(at - opening);
            continue;
        }
        let goes_on = sentence.ends_with('\n')
            && sentence
                .trim_end()
                .ends_with(|last: char| last.is_alphanumeric() || ",，、;-–—(（/&".contains(last));
        if (!goes_on || at == text.len()) && ends.last() != Some(&at) {
            ends.push(at);
        }
    }
    ends
}

/// Ends of words; by dictionary in scripts written without spaces.
fn words(text: &str) -> Vec<usize> {
    if !text.contains(is_unspaced) {
        return text.split_word_bounds().scan(0, advance).collect();
    }
    let dictionary = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    dictionary.segment_str(text).filter(|end| *end > 0).collect()
}

/// Whether a script is written without spaces: Thai, Lao, Burmese, Khmer, Han, kana.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Starts of words after white space.
fn spaces(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut after_space = false;
    for (at, character) in text.char_indices() {
        if after_space && !character.is_whitespace() && at > 0 {
            ends.push(at);
        }
        after_space = character.is_whitespace();
    }
    ends.push(text.len());
    ends
}

/// Chooses among equal boundaries: the one with the smallest hash of the text before it, and the last of those with
/// the same text.
pub(super) fn chosen(text: &str, candidates: &[usize]) -> Option<usize> {
    candidates.iter().copied().min_by_key(|at| {
        let context =
            text.get(text.floor_char_boundary(at.saturating_sub(CONTEXT_BYTES))..*at).unwrap_or_default();
        (hash(context.trim().as_bytes()), Reverse(*at))
    })
}

/// FNV-1a with a final mix: cuts must be the same on every machine and with every version of a library.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Whether a position is not within a grapheme.
pub(super) fn is_grapheme_boundary(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let ascii = |index: usize| bytes.get(index).filter(|byte| byte.is_ascii()).copied();
    // between two ASCII characters, only CR LF is one grapheme
    if let (Some(before), Some(after)) = (at.checked_sub(1).and_then(ascii), ascii(at)) {
        return (before, after) != (b'\r', b'\n');
    }
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// The end of the grapheme that starts at `at`, if it is within `limit`; otherwise some end beyond it.
pub(super) fn grapheme_end(text: &str, at: usize, limit: usize) -> usize {
    // a grapheme may be as long as the text, so the search stops where the exact end no longer matters
    let until = text.ceil_char_boundary(limit.saturating_add(1));
    text.get(at..until)
        .and_then(|rest| rest.graphemes(true).next())
        .map_or(until, |grapheme| at + grapheme.len())
}

/// The first position from `at` on that is not white space. White space in a grapheme (a combining mark on a space)
/// is text.
pub(super) fn skip_white_space(text: &str, at: usize, end: usize) -> usize {
    let mut at = at;
    for character in text.get(at..end).unwrap_or_default().chars() {
        let next = at + character.len_utf8();
        if !character.is_whitespace() || !is_grapheme_boundary(text, next) {
            break;
        }
        at = next;
    }
    at
}

/// The last position up to `end` that is followed by more than white space.
pub(super) fn trim_end(text: &str, start: usize, end: usize) -> usize {
    let mut end = end;
    for character in text.get(start..end).unwrap_or_default().chars().rev() {
        let next = end - character.len_utf8();
        if !character.is_whitespace() || !is_grapheme_boundary(text, next) {
            break;
        }
        end = next;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, level: Level) -> Vec<&str> {
        let mut at = 0;
        let mut parts = Vec::new();
        for end in boundaries(text, level) {
            parts.push(&text[std::mem::replace(&mut at, end)..end]);
        }
        assert_eq!(at, text.len());
        parts
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        for (text, expected) in [
            ("One. Two? \"Three!\" four", vec!["One. ", "Two? ", "\"Three!\" ", "four"]),
            (
                "第一句。第二句！“第三句？”第四；第五",
                vec!["第一句。", "第二句！", "“第三句？”", "第四；", "第五"],
            ),
            (
                "她说：“我……”然后走了。『はい。』そう",
                vec!["她说：“我……”", "然后走了。", "『はい。』", "そう"],
            ),
            ("ជំរាបសួរ។ អរគុណ", vec!["ជំរាបសួរ។ ", "អរគុណ"]),
            ("wrapped\nline. Next", vec!["wrapped\nline. ", "Next"]),
            ("v1.14 is e.g. fine", vec!["v1.14 is e.g. fine"]),
        ] {
            assert_eq!(parts(text, Level::Sentence), expected);
        }
    }

    #[test]
    fn words_without_spaces_are_those_of_a_dictionary() {
        for (text, expected) in [
            ("我们研究人工智能", vec!["我们", "研究", "人工", "智能"]),
            ("東京都に", vec!["東京", "都", "に"]),
            ("สวัสดีประเทศไทย", vec!["สวัสดี", "ประเทศไทย"]),
            ("ຂ້ອຍຮັກ", vec!["ຂ້ອຍ", "ຮັກ"]),
        ] {
            assert_eq!(parts(text, Level::Word), expected);
        }
    }

    #[test]
    fn no_level_cuts_a_grapheme() {
        let text = "กำลัง e\u{301}x 👩‍👩‍👧‍👦🇩🇪🇫🇷 \u{600}1 \u{301}a\r\nb 각";
        let graphemes = boundaries(text, Level::Grapheme);
        for level in PROSE {
            assert!(boundaries(text, *level).iter().all(|end| graphemes.contains(end)), "{level:?}");
        }
    }

    #[test]
    fn white_space_is_trimmed_by_graphemes() {
        let text = " \n\u{3000}a b \u{301} \n";
        let start = skip_white_space(text, 0, text.len());
        assert_eq!(&text[start..trim_end(text, start, text.len())], "a b \u{301}");
        assert_eq!(skip_white_space("  ", 0, 2), 2);
    }

    #[test]
    fn the_choice_depends_on_what_stands_before_only() {
        let text = "aaa bbb ccc ddd eee fff ggg hhh ".repeat(8);
        let places: Vec<usize> = (140..180).filter(|at| at % 4 == 0).collect();
        let moved: Vec<usize> = places.iter().map(|at| at + 5).collect();
        let first = chosen(&text, &places).unwrap();
        assert_eq!(chosen(&format!("xxxxx{text}"), &moved), Some(first + 5));
    }
}
