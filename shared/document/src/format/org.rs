//! Org mode, as the text that a reader sees: headings, lists, tables, code blocks and quotes.
//!
//! Dropped: drawers and properties, comments, `#+` keywords (except the title, which is shown), inline markup, link
//! targets, and the decoration of headings (state, priority, tags). The available library (orgize) is a pre-release,
//! and what a search needs of the format is line-based.

use super::{Format, Source, emphasis, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// The states that may precede a heading.
const STATES: [&str; 6] = ["TODO ", "DONE ", "NEXT ", "WAITING ", "CANCELLED ", "CANCELED "];

/// Org mode, recognised by the file extension.
pub(super) struct Org;

impl Format for Org {
    fn name(&self) -> &'static str {
        "org"
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["org"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let text = encoding::decode(source.bytes, None)?;
        let mut reader = Reader { composer: Composer::new(), rows: Vec::new(), header: 0, is_item: false };
        let is_end = |line: &str| line.trim().eq_ignore_ascii_case(":end:");
        let mut ends = text.lines().filter(|line| is_end(line)).count();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let trimmed = line.trim();
            let lower = trimmed.to_ascii_lowercase();
            if let Some(kind) = lower.strip_prefix("#+begin_") {
                let end = format!("#+end_{}", kind.split_whitespace().next().unwrap_or_default());
                let inner = lines.by_ref().take_while(|line| !line.trim().eq_ignore_ascii_case(&end));
                reader.block(kind, &inner.collect::<Vec<_>>());
            } else if is_end(line) {
                ends = ends.saturating_sub(1);
            } else if is_drawer(trimmed) && ends > 0 {
                // an unclosed one is text
                lines.by_ref().take_while(|line| !is_end(line)).for_each(drop);
                ends -= 1;
            } else {
                reader.line(line, trimmed);
            }
        }
        reader.end();
        Ok(reader.composer.finish(self.name()))
    }
}

struct Reader {
    composer: Composer,
    rows: Vec<Vec<String>>,
    header: usize,
    /// Whether the open block is an item of a list.
    is_item: bool,
}

impl Reader {
    fn line(&mut self, line: &str, trimmed: &str) {
        if let Some(row) = trimmed.strip_prefix('|') {
            return self.row(row);
        }
        if trimmed.is_empty() || trimmed == "#" || trimmed.starts_with("# ") {
            return self.end();
        }
        if let Some((level, heading)) = heading(line) {
            self.end();
            return self.composer.heading(level, &plain(heading));
        }
        if let Some(keyword) = trimmed.strip_prefix("#+") {
            self.end();
            let title = keyword.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("title"));
            if let Some((_, title)) = title {
                self.composer.declare_title(&plain(title));
                self.composer.show_title();
            }
            return;
        }
        if let Some(code) = trimmed.strip_prefix(": ") {
            self.end();
            return self.composer.block(BlockKind::Code, code);
        }
        if let Some(item) = item(trimmed) {
            self.end();
            self.is_item = true;
            return self.composer.inline(&plain(item));
        }
        if !self.rows.is_empty() {
            self.end();
        }
        self.composer.inline("\n");
        self.composer.inline(&plain(trimmed));
    }

    fn row(&mut self, row: &str) {
        if self.rows.is_empty() {
            self.end();
        }
        if row.starts_with('-') {
            self.header = if self.header == 0 { self.rows.len() } else { self.header };
            return;
        }
        let cells = row.trim_end_matches('|').split('|').map(|cell| plain(cell.trim()));
        self.rows.push(cells.collect());
    }

    /// A block between `#+begin_` and `#+end_`.
    fn block(&mut self, kind: &str, lines: &[&str]) {
        self.end();
        match kind.split_whitespace().next() {
            Some("src" | "example" | "export") => self.composer.block(BlockKind::Code, &lines.join("\n")),
            Some("comment") => {}
            _ => {
                for line in lines {
                    self.line(line, line.trim());
                }
                self.end();
            }
        }
    }

    /// Ends the open block.
    fn end(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            self.composer.table(&rows, std::mem::take(&mut self.header));
        }
        self.header = 0;
        if std::mem::take(&mut self.is_item) {
            let text = self.composer.take_line();
            return self.composer.block(BlockKind::ListItem, &text);
        }
        self.composer.flush();
    }
}

/// The level of a heading, and its text without state, priority and tags.
fn heading(line: &str) -> Option<(u8, &str)> {
    let text = line.trim_start_matches('*');
    let level = line.len() - text.len();
    if level == 0 || !text.starts_with(' ') {
        return None;
    }
    let mut text = text.trim();
    text = STATES.iter().find_map(|state| text.strip_prefix(state)).unwrap_or(text).trim_start();
    if text.starts_with("[#") {
        text = text.get(4..).unwrap_or(text).trim_start();
    }
    if let Some((before, tags)) = text.rsplit_once(" :")
        && tags.ends_with(':')
        && !tags.contains(' ')
    {
        text = before.trim_end();
    }
    Some((u8::try_from(level).unwrap_or(u8::MAX), text))
}

/// An item with its marker; bullets are unified.
fn item(line: &str) -> Option<&str> {
    let mark = line.split(' ').next()?;
    let number = mark.strip_suffix(['.', ')']).is_some_and(|number| number.parse::<u32>().is_ok());
    (line.len() > mark.len() && (matches!(mark, "-" | "+") || number)).then_some(line)
}

fn is_drawer(line: &str) -> bool {
    line.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    })
}

/// A text without inline markup and link targets.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[[") {
        out.push_str(before);
        let Some((link, after)) = link.split_once("]]") else {
            out.push_str("[[");
            rest = link;
            continue;
        };
        out.push_str(link.split_once("][").map_or(link, |(_, label)| label));
        rest = after;
    }
    out.push_str(rest);
    emphasis::without(&out, &['*', '/', '=', '~', '_', '+'])
}

#[cfg(test)]
mod tests;
