//! The parts of a passage: prose, lists, tables, records, code. Pure.
//!
//! Extracted text keeps line breaks and nothing else: cells stand between bars, a record is a line for each field, and
//! code has no fence any more, so it is told by its signs. What is taken for prose is quoted sentence by sentence;
//! what is not, as it stands or not at all.

/// What opens an item of a list, before white space.
const BULLETS: [char; 6] = ['-', '*', '•', '·', '◦', '▪'];
/// Digits of the numbers of a list.
const DIGITS: &str = "0123456789一二三四五六七八九十";
/// A line that begins with it opens or closes a block of code.
pub(super) const FENCE: &str = "```";
/// With more programming symbols than this, a line is code.
const MOST_SIGNS_OF_LINE: usize = 1;
/// What begins a line of code or a comment in it.
const OPENINGS: [&str; 16] = [
    "{", "[", "<", "$ ", "//", "/*", "*/", "# ", "#!", "--", "@", "import ", "export ", "sudo ", "curl ",
    "#include",
];
/// What only code holds.
const HOLDS: [&str; 10] = ["()", "::", "->", "=>", "__", " --", "\":", "/>", "&&", " $"];
/// Longest name of a record's field, in characters.
const LONGEST_NAME: usize = 40;

/// What a part of a passage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// Sentences, and whatever else is nothing of the others.
    Prose,
    /// Items, perhaps under a line that introduces them.
    List,
    /// Rows of cells.
    Table,
    /// Lines such as `name: value`.
    Record,
    /// Program text, commands, configuration.
    Code,
}

/// A part of a passage.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// What it is.
    pub(super) kind: BlockKind,
    /// Its lines, without fences.
    pub(super) lines: Vec<&'a str>,
}

/// The parts of a passage in their order; a blank line ends each, except between fences.
pub(super) fn blocks(passage: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut lines, mut is_fenced) = (Vec::new(), Vec::new(), false);
    let mut close = |lines: &mut Vec<_>, is_code: bool| {
        let lines = std::mem::take(lines);
        if !lines.is_empty() {
            let kind = if is_code { BlockKind::Code } else { kind(&lines) };
            blocks.push(Block { kind, lines });
        }
    };
    for line in passage.lines() {
        if line.trim_start().starts_with(FENCE) {
            close(&mut lines, is_fenced);
            is_fenced = !is_fenced;
        } else if line.trim().is_empty() && !is_fenced {
            close(&mut lines, false);
        } else {
            lines.push(line);
        }
    }
    close(&mut lines, is_fenced);
    blocks
}

fn kind(lines: &[&str]) -> BlockKind {
    let most = |is: fn(&str) -> bool| lines.iter().filter(|line| is(line)).count() * 2 > lines.len();
    let items = lines.iter().filter(|line| is_item(line)).count();
    if most(is_row) {
        BlockKind::Table
    } else if most(is_code) {
        BlockKind::Code
    } else if lines.len() > 1 && items == 0 && lines.iter().all(|line| is_field(line)) {
        BlockKind::Record
    } else if items > 1 && lines.iter().position(|line| is_item(line)).is_some_and(|first| first < 2) {
        BlockKind::List
    } else {
        BlockKind::Prose
    }
}

/// The cells of a row.
pub(super) fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// Whether a row only divides the header from what is below it.
pub(super) fn is_rule(row: &str) -> bool {
    row.chars().all(|character| matches!(character, '|' | '-' | ':' | '=' | '+' | ' '))
}

pub(super) fn is_heading(line: &str) -> bool {
    let line = line.trim_start();
    let title = line.trim_start_matches('#');
    title.len() < line.len() && title.starts_with(' ')
}

pub(super) fn is_row(line: &str) -> bool {
    line.contains(" | ") || line.trim_start().starts_with('|')
}

/// Whether a line begins an item of a list: `- a`, `2. b`, `3) c`, `四、丁`, `（5）戊`.
pub(super) fn is_item(line: &str) -> bool {
    item(line).is_some()
}

/// What an item of a list says, and whether it has a number.
pub(super) fn item(line: &str) -> Option<(&str, bool)> {
    let line = line.trim_start();
    if let Some(item) = line.strip_prefix(BULLETS) {
        return item.starts_with(char::is_whitespace).then(|| (item.trim_start(), false));
    }
    let number = line.strip_prefix('（').unwrap_or(line);
    let behind = number.trim_start_matches(|character| DIGITS.contains(character));
    let digits = number.chars().count() - behind.chars().count();
    let item = behind
        .strip_prefix(['、', '）'])
        .or_else(|| behind.strip_prefix(['.', ')']).filter(|item| item.starts_with(char::is_whitespace)));
    item.filter(|_| (1..=3).contains(&digits)).map(|item| (item.trim_start(), true))
}

/// Whether a line is a field of a record: a short name, a colon, a value.
fn is_field(line: &str) -> bool {
    let Some((name, value)) = line.split_once(": ") else { return false };
    let is_name = !name.trim().is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !name.contains(['.', '!', '?', '。', '，', ','])
        && name.split_whitespace().count() <= 4;
    is_name && !value.trim().is_empty()
}

/// Whether a line looks like code rather than like a part of a paragraph.
fn is_code(line: &str) -> bool {
    let line = line.trim();
    let signs = line.chars().filter(|character| "{}<>=|\\".contains(*character)).count();
    let opens = OPENINGS.iter().any(|opening| line.starts_with(opening));
    let quoted = line.starts_with('"') && line.ends_with([',', ':', '{', '[']);
    signs > MOST_SIGNS_OF_LINE
        || opens
        || quoted
        || line.ends_with([';', '{', '}', '\\'])
        || HOLDS.iter().any(|held| line.contains(held))
        || line.split_whitespace().any(is_call)
}

/// Whether a word is a call such as `chunk_of(text,` or `serde_json.load(file)`: a name that no prose has, and a bracket.
fn is_call(word: &str) -> bool {
    let Some((name, _)) = word.split_once('(') else { return false };
    name.contains(['_', '.'])
        && name.chars().all(|character| character.is_alphanumeric() || "_.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(passage: &str) -> Vec<BlockKind> {
        blocks(passage).into_iter().map(|block| block.kind).collect()
    }

    #[test]
    fn parts_are_told_by_their_lines() {
        use BlockKind::{Code, List, Prose, Record, Table};
        for (passage, expected) in [
            ("The valve is on the left.\nIt is red.", vec![Prose]),
            ("Years | Days\n0 | 22\n5 | 27\n\nThat is all.", vec![Table, Prose]),
            ("Steps to apply:\n1. Open the form.\n2. Fill in dates\n  - start", vec![List]),
            ("步骤如下：\n一、先关闭阀门。\n二、再打开盖子；", vec![List]),
            ("name: lamp\nprice: 5\ncolour: dark red", vec![Record]),
            ("Note: the valve is closed.", vec![Prose]),
            ("# apply with the tool\nleave apply --from 1", vec![Code]),
            ("print(__FUNCTION__ . \"\\n\");", vec![Code]),
            ("  // Set the anti-leech rules of the bucket\n  client.set_referer(name, config)", vec![Code]),
            ("```\nThe valve.\n\nThe lid.\n```\nThen wait.", vec![Code, Prose]),
            ("\"I went home,\" she said, and closed the door.", vec![Prose]),
        ] {
            assert_eq!(kinds(passage), expected, "{passage}");
        }
    }

    #[test]
    fn rows_are_cut_into_cells() {
        assert_eq!(cells("| a | b c |"), ["a", "b c"]);
        assert_eq!(cells("a |  | c"), ["a", "", "c"]);
        assert!(is_rule("| --- | :-: |") && !is_rule("| - | 4 |"));
    }
}
