//! reStructuredText, as the text that a reader sees.
//!
//! Dropped: comments, link targets, directive options, tables of contents, roles and other inline markup. Kept:
//! titles with any adornment, lists, literal blocks and code directives verbatim, tables, the text of admonitions and
//! of unknown directives. Substitutions stay as written. No maintained library reads the format; this reader works
//! line by line, and reads blocks nested deeper than [`DEEPEST`] as paragraphs.

mod directive;
mod inline;
mod table;

use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// Maximum nesting of blocks whose structure is read.
const DEEPEST: usize = 12;

/// reStructuredText, recognised by the file extension.
pub(super) struct Rst;

impl Format for Rst {
    fn name(&self) -> &'static str {
        "rst"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["rst", "rest"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let text = encoding::decode(source.bytes, None)?;
        let text = if text.contains('\t') { text.replace('\t', "        ") } else { text };
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let mut reader = Reader { composer: Composer::new(), adornments: Vec::new() };
        reader.blocks(&lines, 0);
        Ok(reader.composer.finish(self.name()))
    }
}

struct Reader {
    composer: Composer,
    /// The adornments of titles, highest level first: a character, and whether it is also above the title.
    adornments: Vec<(char, bool)>,
}

impl Reader {
    /// Reads the blocks of lines that start at their left edge.
    fn blocks(&mut self, lines: &[&str], depth: usize) {
        let mut rest = lines;
        while let Some(line) = rest.first() {
            let used = if line.is_empty() { 1 } else { self.block(line, rest, depth) };
            rest = rest.get(used.max(1)..).unwrap_or_default();
        }
        self.composer.flush();
    }

    /// Reads one block, and returns its number of lines.
    fn block(&mut self, line: &str, lines: &[&str], depth: usize) -> usize {
        if depth >= DEEPEST {
            return self.paragraph(lines);
        }
        if line.starts_with(' ') {
            let length = indented_length(lines, 1);
            self.blocks(&dedented(lines.get(..length).unwrap_or_default()), depth + 1);
            return length;
        }
        if let Some(length) = self.title(lines) {
            return length;
        }
        if let Some((rows, header, length)) = table::grid(lines).or_else(|| table::simple(lines)) {
            self.composer.flush();
            self.composer.table(&rows, header);
            return length;
        }
        if line == ".." || line.starts_with(".. ") {
            return self.explicit(line, lines, depth);
        }
        if line.starts_with(">>> ") {
            let length = lines.iter().take_while(|line| !line.is_empty()).count();
            self.code(lines.get(..length).unwrap_or_default());
            return length;
        }
        if let Some(list) = marker(line) {
            return self.list(list.ordered, lines, depth);
        }
        if let Some(length) = self.field(line, lines, depth) {
            return length;
        }
        if line.starts_with("| ") || line == "|" {
            return self.line_block(lines);
        }
        let length = self.paragraph(lines);
        self.after_paragraph(lines, length, depth)
    }

    /// A title with its adornment below, or above and below; a transition is skipped.
    fn title(&mut self, lines: &[&str]) -> Option<usize> {
        let [first, rest @ ..] = lines else { return None };
        let (adornment, title, above) = match (adornment(first), rest) {
            (Some(mark), [title, below, ..])
                if below == first && !title.is_empty() && adornment(title).is_none() =>
            {
                (mark, title.trim(), true)
            }
            (Some(_), [next, ..]) if first.len() >= 4 && next.is_empty() => return Some(1),
            (Some(_), []) if first.len() >= 4 => return Some(1),
            (None, [below, ..]) if below.len() >= 3 || below.len() >= first.len() => {
                (adornment(below)?, *first, false)
            }
            _ => return None,
        };
        let known = self.adornments.iter().position(|known| *known == (adornment, above));
        let level = known.unwrap_or(self.adornments.len());
        if known.is_none() {
            self.adornments.push((adornment, above));
        }
        self.composer.flush();
        self.composer.heading(u8::try_from(level + 1).unwrap_or(u8::MAX), &inline::plain(title));
        Some(if above { 3 } else { 2 })
    }

    /// Lines up to a blank or an indented one, which begins a definition or a quote.
    fn paragraph(&mut self, lines: &[&str]) -> usize {
        let more = lines.iter().skip(1).take_while(|line| !line.is_empty() && !line.starts_with(' '));
        let length = 1 + more.count();
        let text = lines.get(..length).unwrap_or_default().join("\n");
        let text = match text.trim().strip_suffix("::") {
            Some(before) if before.is_empty() || before.ends_with([' ', '\n']) => {
                before.trim_end().to_owned()
            }
            Some(before) => format!("{before}:"),
            None => text,
        };
        self.composer.inline(&inline::plain(&text));
        self.composer.flush();
        length
    }

    /// The literal block or definition that follows a paragraph of `length` lines.
    fn after_paragraph(&mut self, lines: &[&str], length: usize, depth: usize) -> usize {
        let is_literal =
            length.checked_sub(1).and_then(|last| lines.get(last)).is_some_and(|line| line.ends_with("::"));
        let rest = lines.get(length..).unwrap_or_default();
        let blank = rest.iter().take_while(|line| line.is_empty()).count();
        if !rest.get(blank).is_some_and(|line| line.starts_with(' ')) {
            return length;
        }
        let body = rest.get(blank..).unwrap_or_default();
        let inner = indented_length(body, 1);
        let content = dedented(body.get(..inner).unwrap_or_default());
        if is_literal {
            self.code(&content);
        } else {
            self.blocks(&content, depth + 1);
        }
        length + blank + inner
    }

    fn list(&mut self, ordered: Option<u64>, lines: &[&str], depth: usize) -> usize {
        self.composer.open_list(ordered);
        let mut used = 0;
        while let Some(line) = lines.get(used) {
            let Some(item) = marker(line).filter(|item| item.ordered.is_some() == ordered.is_some()) else {
                break;
            };
            let rest = lines.get(used + 1..).unwrap_or_default();
            let length = indented_length(rest, 1);
            let mut content = vec![line.get(item.width..).unwrap_or_default().trim_start()];
            content.extend(dedented(rest.get(..length).unwrap_or_default()));
            self.composer.open_item();
            self.blocks(&content, depth + 1);
            self.composer.close_item();
            used += 1 + length;
            // an item may follow after a blank line
            used += lines.get(used..).unwrap_or_default().iter().take_while(|line| line.is_empty()).count();
        }
        self.composer.close_list();
        used
    }

    /// `:name: text`; a field without text is only for programs.
    fn field(&mut self, line: &str, lines: &[&str], depth: usize) -> Option<usize> {
        let (name, value) = line.strip_prefix(':')?.split_once(':')?;
        if name.is_empty()
            || name.starts_with(' ')
            || name.contains('`')
            || !(value.is_empty() || value.starts_with(' '))
        {
            return None;
        }
        let rest = lines.get(1..).unwrap_or_default();
        let length = indented_length(rest, 1);
        let content = dedented(rest.get(..length).unwrap_or_default());
        if !value.is_empty() || content.iter().any(|line| !line.is_empty()) {
            self.composer.inline(&format!("{name}: {}", inline::plain(value.trim())));
            let first = content.iter().take_while(|line| !line.is_empty()).count();
            self.composer.inline("\n");
            self.composer.inline(&inline::plain(&content.get(..first).unwrap_or_default().join("\n")));
            self.composer.flush();
            self.blocks(content.get(first..).unwrap_or_default(), depth + 1);
        }
        Some(1 + length)
    }

    fn line_block(&mut self, lines: &[&str]) -> usize {
        let length = lines.iter().take_while(|line| line.starts_with("| ") || **line == "|").count();
        for line in lines.get(..length).unwrap_or_default() {
            self.composer.inline(&inline::plain(line.trim_start_matches('|').trim()));
            self.composer.line_break();
        }
        self.composer.flush();
        length
    }

    fn code(&mut self, lines: &[&str]) {
        self.composer.flush();
        self.composer.block(BlockKind::Code, &lines.join("\n"));
    }
}

/// The marker of a list item: its width, and its number in an ordered list.
struct Marker {
    width: usize,
    ordered: Option<u64>,
}

fn marker(line: &str) -> Option<Marker> {
    if ["- ", "* ", "+ ", "• "].iter().any(|mark| line.starts_with(mark)) || matches!(line, "-" | "*" | "+")
    {
        return Some(Marker { width: line.find(' ').unwrap_or(line.len()), ordered: None });
    }
    let mark = line.split(' ').next()?;
    let number = mark.strip_suffix('.').or_else(|| mark.strip_suffix(')'))?.trim_start_matches('(');
    let ordered = if number == "#" { 1 } else { number.parse().ok()? };
    Some(Marker { width: mark.len(), ordered: Some(ordered) })
}

/// The character of a line that repeats one punctuation character.
fn adornment(line: &str) -> Option<char> {
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 2 && line.chars().all(|character| character == mark)).then_some(mark)
}

/// The number of lines that are blank or indented this much, without trailing blank lines.
fn indented_length(lines: &[&str], indent: usize) -> usize {
    let indented = |line: &&&str| line.is_empty() || indent_of(line) >= indent;
    let all = lines.iter().take_while(indented).count();
    let blank = lines.get(..all).unwrap_or_default().iter().rev().take_while(|line| line.is_empty()).count();
    all - blank
}

fn indent_of(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// The lines without their common indentation.
fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = lines.iter().filter(|line| !line.is_empty()).map(|line| indent_of(line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests;
