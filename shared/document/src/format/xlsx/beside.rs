//! What a sheet has beside its cells: comments, text boxes, charts and diagrams.

use std::collections::BTreeMap;

use crate::composer::Composer;
use crate::format::ooxml;
use crate::format::package::Package;
use crate::format::xml::{Node, Xml};
use crate::{BlockKind, Refusal};

use super::FORMAT;

/// The parts of the sheets.
pub(super) struct Beside<'a> {
    package: Package<'a>,
    /// The part of each sheet, by its name.
    sheets: BTreeMap<String, String>,
}

impl<'a> Beside<'a> {
    /// For a workbook of which only the cells are read.
    pub(super) fn none(package: Package<'a>) -> Self {
        Self { package, sheets: BTreeMap::new() }
    }

    pub(super) fn read(
        mut package: Package<'a>,
        main: &str,
        composer: &mut Composer,
    ) -> Result<Self, Refusal> {
        let links = ooxml::relationships(&mut package, FORMAT, main)?;
        let text = ooxml::spare_part(&mut package, FORMAT, main, composer)?.unwrap_or_default();
        let (mut xml, mut sheets) = (Xml::new(FORMAT, &text), BTreeMap::new());
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            if let ("sheet", Some(name), Some(id)) = (tag.name(), tag.attribute("name"), tag.prefixed("id"))
                && let Some(link) = links.iter().find(|link| link.id == id)
            {
                sheets.insert(name, link.target.clone());
            }
        }
        Ok(Self { package, sheets })
    }

    /// Writes what a sheet has beside its cells.
    pub(super) fn show(&mut self, sheet: &str, composer: &mut Composer) -> Result<(), Refusal> {
        let Some(part) = self.sheets.get(sheet).cloned() else { return Ok(()) };
        let links = ooxml::relationships(&mut self.package, FORMAT, &part);
        for link in ooxml::spare(composer, &part, links)?.unwrap_or_default() {
            match link.kind.as_str() {
                "comments" => {
                    let Some(text) = self.text(&link.target, composer)? else { continue };
                    let comments = ooxml::spare(composer, &link.target, read_comments(&text))?;
                    for comment in comments.unwrap_or_default() {
                        composer.block(BlockKind::Paragraph, &comment);
                    }
                }
                "drawing" => self.drawing(&link.target, composer)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &str, composer: &mut Composer) -> Result<Option<String>, Refusal> {
        ooxml::spare_part(&mut self.package, FORMAT, name, composer)
    }

    fn drawing(&mut self, name: &str, composer: &mut Composer) -> Result<(), Refusal> {
        let mut parts = vec![name.to_owned()];
        let links = ooxml::relationships(&mut self.package, FORMAT, name);
        let links = ooxml::spare(composer, name, links)?.unwrap_or_default();
        let shown = links.into_iter().filter(|link| matches!(link.kind.as_str(), "chart" | "diagramData"));
        parts.extend(shown.map(|link| link.target));
        for part in parts {
            let Some(text) = self.text(&part, composer)? else { continue };
            let said = ooxml::spare(composer, &part, ooxml::drawing_text(FORMAT, &text))?;
            composer.block(BlockKind::Paragraph, &said.unwrap_or_default().join("\n"));
        }
        Ok(())
    }
}

fn read_comments(text: &str) -> Result<Vec<String>, Refusal> {
    let (mut xml, mut authors, mut found) = (Xml::new(FORMAT, text), Vec::new(), Vec::<String>::new());
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match (tag.name(), found.last_mut()) {
            ("author", _) => authors.push(xml.text()?),
            ("comment", _) => {
                let author = tag.number("authorId").and_then(|at: usize| authors.get(at));
                // a comment thread has its own id in place of an author
                let author = author.filter(|author| !author.trim().is_empty() && !author.starts_with("tc="));
                let by = author.map(|author| format!(" by {author}")).unwrap_or_default();
                let cell = tag.attribute("ref").unwrap_or_default();
                found.push(format!("Comment on {cell}{by}: "));
            }
            // pronunciation hints
            ("rPh" | "extLst", _) => xml.skip()?,
            ("t", Some(comment)) => comment.push_str(&xml.text()?),
            _ => {}
        }
    }
    for comment in &mut found {
        // Excel's notice to older readers, above a thread
        if let (Some(head), Some((_, said))) =
            (comment.find("[Threaded comment]"), comment.split_once("\nComment:"))
        {
            *comment = format!("{}{}", comment.get(..head).unwrap_or_default(), said.trim());
        }
    }
    Ok(found)
}
