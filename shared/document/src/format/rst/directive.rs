//! Explicit markup, which begins with two dots: directives, footnotes, targets, substitutions and comments.

use super::{Reader, dedented, indented_length, inline};
use crate::BlockKind;

impl Reader {
    /// Reads explicit markup, and returns its number of lines.
    pub(super) fn explicit(&mut self, line: &str, lines: &[&str], depth: usize) -> usize {
        let rest = lines.get(1..).unwrap_or_default();
        let length = indented_length(rest, 1);
        let body = dedented(rest.get(..length).unwrap_or_default());
        let text = line.strip_prefix("..").unwrap_or_default().trim();
        if text.starts_with('[') {
            // a footnote or citation, with its label
            let note: Vec<&str> = std::iter::once(text).chain(body).collect();
            self.blocks(&note, depth + 1);
        } else if let Some((name, argument)) = directive(text) {
            self.directive(name, argument.trim(), &body, depth);
        }
        1 + length
    }

    fn directive(&mut self, name: &str, argument: &str, body: &[&str], depth: usize) {
        let (head, content) = parted(body);
        match name {
            "code" | "code-block" | "sourcecode" | "parsed-literal" | "prompt" | "doctest" | "testcode"
            | "testoutput" | "math" | "productionlist" | "graphviz" | "mermaid" | "console" => {
                self.code(content);
            }
            "toctree" | "contents" | "include" | "literalinclude" | "index" | "meta" | "module"
            | "currentmodule" | "highlight" | "role" | "default-role" | "sectnum" | "target-notes"
            | "raw" | "tabularcolumns" | "automodule" | "py:module" | "py:currentmodule" | "autosummary" => {}
            "image" | "figure" => {
                let alt = head.iter().find_map(|line| line.strip_prefix(":alt:"));
                self.composer.inline(alt.unwrap_or_default().trim());
                self.composer.flush();
                self.blocks(content, depth + 1);
            }
            "csv-table" => {
                self.text(argument);
                self.csv_table(head, content);
            }
            "attention" | "caution" | "danger" | "error" | "hint" | "important" | "note" | "tip"
            | "warning" | "seealso" | "todo" => {
                let first = Some(argument).filter(|argument| !argument.is_empty());
                let options = head.iter().all(|line| line.starts_with(':'));
                let text = if options { content } else { body };
                let text: Vec<&str> = first.into_iter().chain(text.iter().copied()).collect();
                self.blocks(&text, depth + 1);
            }
            "list-table" => {
                self.text(argument);
                self.blocks(content, depth + 1);
            }
            "versionadded" | "versionchanged" | "deprecated" => {
                self.text(&format!("{name} {argument}"));
                self.blocks(content, depth + 1);
            }
            _ => {
                // options come between a multi-line argument and the content
                self.text(argument);
                let more: Vec<&str> = head.iter().filter(|line| !line.starts_with(':')).copied().collect();
                self.text(&more.join("\n"));
                self.blocks(content, depth + 1);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.composer.flush();
        self.composer.inline(&inline::plain(text));
        self.composer.flush();
    }

    fn csv_table(&mut self, options: &[&str], content: &[&str]) {
        let option = |name: &str| options.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let header = option(":header:");
        let declared = option(":header-rows:").and_then(|rows| rows.parse().ok()).unwrap_or(0);
        let text = header
            .into_iter()
            .chain(content.iter().copied())
            .collect::<Vec<_>>()
            .join("\n")
            .replace(", \"", ",\"");
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let rows: Vec<Vec<String>> =
            reader.into_records().flatten().map(|row| row.iter().map(inline::plain).collect()).collect();
        if rows.is_empty() {
            return self.composer.block(BlockKind::Paragraph, &text);
        }
        self.composer.table(&rows, usize::from(header.is_some()) + declared);
    }
}

/// `name:: argument`; none for a target, a substitution or a comment.
fn directive(text: &str) -> Option<(&str, &str)> {
    let (name, argument) = text.split_once("::")?;
    let is_name =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | ':' | '.' | '+');
    let ends = argument.is_empty() || argument.starts_with(' ');
    (!name.is_empty() && !name.starts_with('_') && name.chars().all(is_name) && ends)
        .then_some((name, argument))
}

/// Splits a directive's body into options (with the rest of its argument) and content.
fn parted<'a, 'b>(body: &'b [&'a str]) -> (&'b [&'a str], &'b [&'a str]) {
    let first_blank = body.iter().position(|line| line.is_empty()).unwrap_or(body.len());
    let (head, content) = body.split_at(first_blank);
    if head.iter().any(|line| line.starts_with(':')) {
        // content may follow the options directly
        let options = head.iter().take_while(|line| line.starts_with(':') || line.starts_with(' ')).count();
        return if options > 0 { body.split_at(options) } else { (head, content) };
    }
    (&[], body)
}
