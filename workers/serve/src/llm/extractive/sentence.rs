//! The sentences of a paragraph or list that can be an answer. Pure.
//!
//! A single line break only wraps a paragraph, so a sentence goes on behind it. A list item, a heading and a table row
//! each end it. What only introduces something (it ends with a colon) is no answer by itself, and neither is a line of
//! navigation: without an end, it has no word such as *the* in it.

use std::ops::RangeInclusive;

use unicode_segmentation::UnicodeSegmentation as _;

use super::block::{FENCE, is_heading, is_item, is_row};
use crate::marker::unmarked;

/// Length of a sentence in characters: anything shorter is a heading or a table cell, anything longer is not a
/// sentence.
const LENGTH: RangeInclusive<usize> = 12..=600;
/// With more programming symbols than this, a sentence is code.
const MOST_SIGNS: usize = 6;
/// What is no part of the sentence that it stands before.
const MARKS: [char; 10] = ['-', '*', '•', '·', '◦', '▪', '#', '>', '|', ' '];

/// The sentences of the lines of a part, without list markers and without numbers that could be taken for citations.
pub(super) fn quotable(lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for block in lines.chunk_by(|line, next| goes_on(line, next)) {
        found.extend(sentences(block));
    }
    found.retain(|sentence| is_sentence(sentence));
    found
}

/// A line as it is quoted: without its list marker, and without numbers that could be taken for citations.
pub(super) fn quoted(line: &str) -> String {
    closed(unmarked(line.trim()).trim_start_matches(MARKS))
}

/// Length in characters; a Chinese character counts as three, because it says as much as several letters.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|character| if matches!(character, '\u{3000}'..='\u{d7af}') { 3 } else { 1 }).sum()
}

/// Whether a sentence may go on from a line to the next.
fn goes_on(line: &str, next: &str) -> bool {
    let is_apart = |line: &str| is_heading(line) || is_row(line) || !line.contains(char::is_alphanumeric);
    let is_quoted = |line: &str| line.trim_start().starts_with('>');
    !is_apart(line) && !is_apart(next) && !is_item(next) && is_quoted(line) == is_quoted(next)
}

/// The sentences of lines that belong together, with whatever else stands between them.
fn sentences(block: &[&str]) -> Vec<String> {
    let sentences = cut(&joined(block));
    // Lines that no sentence goes through, such as a log's, are taken one by one.
    if block.len() > 1 && sentences.iter().any(|sentence| width(sentence) > *LENGTH.end()) {
        return block.iter().flat_map(|&line| cut(&joined(&[line]))).collect();
    }
    sentences
}

/// Lines as one, without the marks of a quotation. Between characters of a script without spaces a line break is
/// nothing, otherwise it is a space.
fn joined(lines: &[&str]) -> String {
    let mut joined = String::new();
    for line in lines {
        let line = line.trim().trim_start_matches('>').trim_start();
        let is_whole = joined.ends_with(is_unspaced) && line.starts_with(is_unspaced);
        if !joined.is_empty() && !is_whole {
            joined.push(' ');
        }
        joined.push_str(line);
    }
    joined
}

/// Whether a character belongs to a script written without spaces: Han, kana, their punctuation and full-width forms.
pub(super) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn cut(text: &str) -> Vec<String> {
    let text = unmarked(text);
    let sentences = text.split_sentence_bounds();
    sentences.map(|sentence| closed(sentence.trim().trim_start_matches(MARKS))).collect()
}

/// A sentence without a lone backtick: the citation behind it would stand in code.
fn closed(sentence: &str) -> String {
    let is_paired = sentence.matches('`').count().is_multiple_of(2);
    if is_paired { sentence.to_owned() } else { sentence.replace('`', "‘") }
}

fn is_sentence(text: &str) -> bool {
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    let ends = text.trim_end_matches(['"', '\'', ')', '”', '’', '»', '」', '』', '）', ']']);
    let is_ended = ends.ends_with(['.', '!', '?', '。', '！', '？', '…', '؟', '।', ';', '；']);
    let signs = text.chars().filter(|character| "{}[]<>\"=|`$\\_+&".contains(*character)).count();
    let is_code = signs > MOST_SIGNS
        || text.starts_with(['{', '[', '<'])
        || text.ends_with(");")
        || text.contains(FENCE);
    let is_prose = !is_code && letters * 2 > text.chars().count();
    let says = is_ended || (width(text) > 40 && !ends.ends_with([':', '：']) && !is_navigation(text));
    LENGTH.contains(&width(text)) && is_prose && says
}

/// Whether a line without an end is a row of names rather than a part of a sentence.
fn is_navigation(text: &str) -> bool {
    let crumbs: usize = [" > ", " › ", " » ", " / "].iter().map(|mark| text.matches(mark).count()).sum();
    let language = analysis::language(text).unwrap_or("en");
    let words = analysis::terms(text, language);
    let is_bare = !text.chars().any(is_unspaced) && analysis::asked(text, language).len() == words.len();
    crumbs > 1 || is_bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::extractive::block::{BlockKind, blocks};

    /// The sentences of all parts of a passage that have some.
    fn of(passage: &str) -> Vec<String> {
        let blocks = blocks(passage).into_iter();
        let prose = blocks.filter(|block| matches!(block.kind, BlockKind::Prose | BlockKind::List));
        prose.flat_map(|block| quotable(&block.lines)).collect()
    }

    #[test]
    fn a_line_break_within_a_paragraph_ends_no_sentence() {
        let on_the_left = "The valve is on the left side of the boiler.";
        for (passage, expected) in [
            ("The valve is on the\nleft side of the boiler.", vec![on_the_left]),
            ("阀门在锅炉的\n左侧，先停泵再关闭。", vec!["阀门在锅炉的左侧，先停泵再关闭。"]),
            ("请使用\nMillrace 的命令行\n工具。", vec!["请使用 Millrace 的命令行工具。"]),
            (
                "Close the valve\r\nbefore you open the lid. Then wait\nfor ten minutes.",
                vec!["Close the valve before you open the lid.", "Then wait for ten minutes."],
            ),
            (
                "> The valve is on the\n> left side of the boiler.\nThank you for asking us.",
                vec![on_the_left, "Thank you for asking us."],
            ),
        ] {
            assert_eq!(of(passage), expected, "{passage}");
        }
    }

    #[test]
    fn blank_lines_items_headings_and_rows_end_a_sentence() {
        let passage = [
            "# About the boiler",
            "The valve is on the left side",
            "- Close the valve first",
            "  and stop the pump.",
            "- Open the lid slowly.",
            "1. Wait for ten minutes.",
            "pump | 3 kW | blue",
            "The pump stays off for good",
            "",
            "Nobody may open it.",
        ];
        let expected = [
            "Close the valve first and stop the pump.",
            "Open the lid slowly.",
            "Wait for ten minutes.",
            "Nobody may open it.",
        ];
        assert_eq!(of(&passage.join("\n")), expected);
        let chinese = "步骤如下：\n一、先关闭\n阀门。\n二、再打开盖子；\n（3）等待十分钟。\n\n不得打开。";
        let expected = ["一、先关闭阀门。", "二、再打开盖子；", "（3）等待十分钟。", "不得打开。"];
        assert_eq!(of(chinese), expected);
    }

    #[test]
    fn lines_that_are_no_paragraph_stay_apart() {
        let log = "the pump in hall seven was started by the operator on duty and ran without a fault";
        assert_eq!(of(&[log; 9].join("\n")), [log; 9]);
        assert_eq!(of("let valve_of_boiler = open(valve);\nlet lid_of_boiler = open(lid);\n"), [""; 0]);
        assert_eq!(of("```\nThe valve of this boiler is closed.\n```"), [""; 0]);
    }

    #[test]
    fn what_introduces_and_what_navigates_is_no_sentence() {
        for passage in [
            "The following settings are understood by the workers of this system:",
            "Home Products Solutions Pricing Documentation Blog Careers Contact Sales Login",
            "Docs > Object Storage Service > Developer Reference > Buckets > Manage access",
        ] {
            assert_eq!(of(passage), [""; 0], "{passage}");
        }
        let unended = "the valve of the boiler stays open while the pump is in use";
        assert_eq!(of(unended), [unended]);
    }

    #[test]
    fn a_sentence_holds_nothing_that_cites() {
        for (passage, expected) in [
            ("The cat sleeps.[2] The dog barks [3, 4].", vec!["The cat sleeps(2).", "The dog barks (3, 4)."]),
            ("Cats sleep all day [1,\n2] at home.", vec!["Cats sleep all day (1, 2) at home."]),
            ("Code sets x[1] by `items[0]` alone.", vec!["Code sets x[1] by `items[0]` alone."]),
            ("A lone ` does not open any code.", vec!["A lone ‘ does not open any code."]),
            ("猫在窗台上睡觉。[2]狗在看门！", vec!["猫在窗台上睡觉(2)。", "狗在看门！"]),
        ] {
            assert_eq!(of(passage), expected, "{passage}");
        }
    }
}
