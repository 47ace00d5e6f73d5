//! What can be quoted of a passage: sentences, whole lists, rows with their header, records, code. Pure.

use super::block::{Block, BlockKind, FENCE, blocks, cells, is_item, is_rule, item};
use super::sentence::{quotable, quoted, width};

/// Longest record that is quoted whole, in characters; of a longer one, a field with the first one.
const LONGEST_RECORD: usize = 300;
/// Longest name of a column, in characters.
const LONGEST_HEADER: usize = 60;
/// Most items of a list, and most lines of code, that are quoted.
const MOST_LINES: usize = 12;
/// What shows that more follows.
const MORE: &str = "…";

/// How a quotation is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a sentence in a paragraph.
    Sentence,
    /// On a line of its own: a row or a record.
    Line,
    /// As an introduction, perhaps, and items.
    List {
        /// The line that introduces the items.
        introduction: Option<String>,
        /// The items.
        items: Vec<String>,
        /// Whether their order is told by numbers.
        is_numbered: bool,
    },
    /// As a block of code.
    Code(String),
}

/// A part of a passage that can be quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    /// What it says, for comparing.
    pub(super) text: String,
    /// How it is shown.
    pub(super) form: Form,
    /// The part of the passage that it stands in.
    pub(super) block: usize,
}

/// The quotations of a passage in their order.
pub(super) fn quotes(passage: &str) -> Vec<Quote> {
    let blocks = blocks(passage);
    let mut quotes = Vec::new();
    for (ordinal, block) in blocks.iter().enumerate() {
        let before = ordinal.checked_sub(1).and_then(|before| blocks.get(before));
        let of = |(text, form)| Quote { text, form, block: ordinal };
        match block.kind {
            BlockKind::Prose => quotes.extend(sentences(block).map(of)),
            BlockKind::List => {
                quotes.extend(list(block, before).map(of));
                quotes.extend(sentences(block).map(of));
            }
            BlockKind::Table => quotes.extend(rows(block).map(of)),
            BlockKind::Record => quotes.extend(record(block).map(of)),
            BlockKind::Code => quotes.push(of(code(block, before))),
        }
    }
    quotes
}

type Shown = (String, Form);

fn sentences(block: &Block<'_>) -> impl Iterator<Item = Shown> {
    quotable(&block.lines).into_iter().map(|text| (text, Form::Sentence))
}

/// The last line of a part, when it introduces what follows.
fn introduction(block: &Block<'_>) -> Option<String> {
    let last = block.lines.last().map(|line| line.trim())?;
    (block.kind == BlockKind::Prose && last.ends_with([':', '：'])).then(|| quoted(last))
}

fn list(block: &Block<'_>, before: Option<&Block<'_>>) -> Option<Shown> {
    let first = block.lines.iter().position(|line| is_item(line)).unwrap_or_default();
    let (above, lines) = block.lines.split_at_checked(first)?;
    let is_numbered = lines.first().and_then(|line| item(line)).is_some_and(|(_, is_numbered)| is_numbered);
    let introduction = above.first().map(|line| quoted(line)).or_else(|| introduction(before?));
    let whole = lines.chunk_by(|_, next| !is_item(next)).map(|lines| lines.join(" "));
    let mut items: Vec<String> =
        whole.map(|whole| quoted(item(&whole).map_or(whole.as_str(), |(item, _)| item))).collect();
    items.retain(|item| !item.is_empty());
    let text: Vec<&str> = introduction.iter().chain(&items).map(String::as_str).collect();
    let text = text.join(" ");
    if items.len() > MOST_LINES {
        items.truncate(MOST_LINES);
        items.push(MORE.to_owned());
    }
    (items.len() > 1).then_some((text, Form::List { introduction, items, is_numbered }))
}

/// The rows of a table, each cell with the header above it. What is above the first row may be lost: a table may begin
/// in the passage before.
fn rows(block: &Block<'_>) -> impl Iterator<Item = Shown> {
    let rows: Vec<Vec<&str>> =
        block.lines.iter().filter(|line| !is_rule(line)).map(|line| cells(line)).collect();
    let (header, rows) = match rows.split_first() {
        Some((header, below)) if !below.is_empty() && header.iter().all(|cell| is_name(cell)) => {
            (header.clone(), below.to_vec())
        }
        _ => (Vec::new(), rows),
    };
    rows.into_iter().flat_map(move |row| {
        let named = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| {
            match header.get(column).filter(|name| !name.is_empty()) {
                Some(name) => format!("{name}: {cell}"),
                None => (*cell).to_owned(),
            }
        });
        let named: Vec<String> = named.map(|cell| quoted(&cell)).filter(|cell| !cell.is_empty()).collect();
        fields(&named)
    })
}

/// Whether a cell may be what a column is called.
fn is_name(cell: &str) -> bool {
    width(cell) <= LONGEST_HEADER && !cell.ends_with(['.', '。', ';', ','])
}

fn record(block: &Block<'_>) -> impl Iterator<Item = Shown> {
    let named: Vec<String> = block.lines.iter().map(|line| quoted(line)).collect();
    fields(&named).into_iter()
}

/// What belongs together as one quotation; if that is long, each part with the first one, which is what it is about.
fn fields(named: &[String]) -> Vec<Shown> {
    let whole = named.join("; ");
    let shown = match named.split_first() {
        None => Vec::new(),
        Some((first, others)) if width(&whole) > LONGEST_RECORD && width(first) < LONGEST_RECORD => {
            others.iter().map(|field| format!("{first}; {field}")).collect()
        }
        Some(_) => vec![whole],
    };
    shown.into_iter().map(|text| (text, Form::Line)).collect()
}

/// Code, compared together with what introduces it.
fn code(block: &Block<'_>, before: Option<&Block<'_>>) -> Shown {
    let mut lines = block.lines.clone();
    let is_cut = lines.len() > MOST_LINES;
    lines.truncate(MOST_LINES);
    // Between fences nothing cites, so indexes stay as they are.
    let mut shown = lines.join("\n").replace(FENCE, "'''");
    if is_cut {
        shown = format!("{shown}\n{MORE}");
    }
    let above =
        before.filter(|before| before.kind == BlockKind::Prose).and_then(|before| before.lines.last());
    let text = above.into_iter().copied().chain(block.lines.iter().copied()).collect::<Vec<_>>().join(" ");
    (text, Form::Code(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(passage: &str) -> Vec<String> {
        quotes(passage).into_iter().map(|quote| quote.text).collect()
    }

    #[test]
    fn a_row_keeps_its_header() {
        let table = "Years | Days | Note\n--- | --- | ---\n0 | 22 |\n5 | 27 | see [3]";
        assert_eq!(texts(table), ["Years: 0; Days: 22", "Years: 5; Days: 27; Note: see (3)"]);
        assert_eq!(texts("| lamp | 5 EUR |"), ["lamp; 5 EUR"]);
        let headless =
            "timeout | How long a request may take, in seconds.\nretries | How often it is tried again.";
        assert_eq!(texts(headless).last().unwrap(), "retries; How often it is tried again.");
    }

    #[test]
    fn a_record_is_quoted_whole_or_by_its_fields() {
        assert_eq!(texts("name: lamp\nprice: 5"), ["name: lamp; price: 5"]);
        let long = format!("name: lamp\nstory: {}\nprice: 5", "light ".repeat(60));
        assert_eq!(texts(&long).last().unwrap(), "name: lamp; price: 5");
    }

    #[test]
    fn a_list_is_quoted_with_what_introduces_it() {
        let passage = "To apply, do this:\n\n1. Open the form.\n2. Fill in\nthe dates\n3. Send it";
        let quotes = quotes(passage);
        let items = ["Open the form.", "Fill in the dates", "Send it"].map(str::to_owned).to_vec();
        let introduction = Some("To apply, do this:".to_owned());
        assert_eq!(quotes[0].form, Form::List { introduction, items, is_numbered: true });
        assert_eq!(quotes[1].text, "Open the form.");
    }

    #[test]
    fn code_is_compared_with_the_line_above_it() {
        let passage = "Set the rules with one call.\n\nclient.set_rules(name, rules);\nclient.close();";
        let found = quotes(passage);
        assert_eq!(found[0].form, Form::Sentence);
        assert!(found[1].text.starts_with("Set the rules with one call. client."), "{found:?}");
        assert_eq!(found[1].form, Form::Code("client.set_rules(name, rules);\nclient.close();".to_owned()));
    }
}
