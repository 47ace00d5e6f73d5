//! DOC and PPT, read by undoc.

use message::PartKind;
use undoc::model::{Block, Document, ListType, Paragraph, RevisionType, Table};

use crate::composer::Composer;
use crate::format::flow::{Flow, Kind};
use crate::{Extracted, Refusal, Source};

pub(super) fn read(
    source: &Source<'_>,
    name: &'static str,
    format: &'static str,
) -> Result<Extracted, Refusal> {
    let document = undoc::parse_bytes(source.bytes).map_err(|error| {
        if matches!(error, undoc::Error::Encrypted) {
            return Refusal::Encrypted { format };
        }
        // undoc rejects files whose kind it cannot determine
        let unknown = matches!(error, undoc::Error::UnsupportedFormat(_));
        let cause = if unknown { "its directory cannot be read".to_owned() } else { error.to_string() };
        Refusal::Damaged { format, cause }
    })?;
    Ok(show(&document, name == "ppt").finish(name))
}

fn show(document: &Document, slides: bool) -> Composer {
    let mut flow = Flow::new(Composer::new());
    let mut edges: Vec<String> = Vec::new();
    for (number, section) in (1..).zip(&document.sections) {
        if slides {
            let composer = flow.composer();
            composer.begin_part(PartKind::Slide, number, None);
            // what follows does not belong to the previous slide's title
            composer.heading(1, "");
        }
        for block in &section.content {
            show_block(&mut flow, block);
        }
        let notes: Vec<String> = section.notes.iter().flatten().map(text).collect();
        if !notes.concat().trim().is_empty() {
            flow.paragraph(Kind::Text, &format!("Notes: {}", notes.join("\n")));
        }
        for edge in section.header.iter().chain(&section.footer).flatten().map(text) {
            // page numbers alone mean nothing in a text without pages
            if edge.chars().any(char::is_alphabetic) && !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    if !edges.is_empty() {
        flow.composer().heading(0, "");
    }
    for edge in edges {
        flow.paragraph(Kind::Text, &edge);
    }
    let mut composer = flow.finish();
    composer.declare_title(document.metadata.title.as_deref().unwrap_or_default());
    composer
}

fn show_block(flow: &mut Flow, block: &Block) {
    match block {
        Block::Paragraph(paragraph) => show_paragraph(flow, paragraph),
        Block::Table(table) => show_table(flow, table),
        Block::Note { label, content } => {
            let lines: Vec<String> = content.iter().map(text).collect();
            flow.paragraph(Kind::Text, &format!("[{label}] {}", lines.join("\n")));
        }
        Block::PageBreak | Block::SectionBreak | Block::Image { .. } => {}
    }
}

fn show_paragraph(flow: &mut Flow, paragraph: &Paragraph) {
    let text = text(paragraph);
    let level = paragraph.heading.level();
    if level > 0 {
        return flow.paragraph(Kind::Heading(level), &text);
    }
    let Some(list) = paragraph.list_info.as_ref().filter(|_| !text.trim().is_empty()) else {
        return flow.paragraph(Kind::Text, &text);
    };
    let marker = match (&list.list_type, list.number) {
        (ListType::Numbered, Some(number)) => format!("{number}. "),
        (ListType::Numbered | ListType::Bullet, _) => "- ".to_owned(),
        (ListType::None, _) => String::new(),
    };
    flow.paragraph(Kind::Item(usize::from(list.level)), &format!("{marker}{text}"));
}

/// Adds a table. Nested tables are read as the text of their cells.
fn show_table(flow: &mut Flow, table: &Table) {
    flow.open_table();
    for row in &table.rows {
        flow.open_row();
        if row.is_header {
            flow.mark_header();
        }
        for cell in &row.cells {
            flow.open_cell();
            flow.widen_cell(usize::try_from(cell.col_span).unwrap_or(1));
            for paragraph in &cell.content {
                show_paragraph(flow, paragraph);
            }
            let mut inner: Vec<&Table> = cell.nested_tables.iter().rev().collect();
            while let Some(table) = inner.pop() {
                for cell in table.rows.iter().flat_map(|row| &row.cells) {
                    for paragraph in &cell.content {
                        show_paragraph(flow, paragraph);
                    }
                    inner.extend(cell.nested_tables.iter().rev());
                }
            }
        }
    }
    flow.close_table();
}

fn text(paragraph: &Paragraph) -> String {
    let mut found = String::new();
    for run in &paragraph.runs {
        if run.revision == RevisionType::Deleted {
            continue;
        }
        found.push_str(&run.text);
        if let Some(note) = &run.note {
            found.extend(["[", note, "]"]);
        }
        if run.line_break || run.page_break {
            found.push('\n');
        }
    }
    found
}
