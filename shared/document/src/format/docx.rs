//! DOCX, as the text that a reader sees in Word.
//!
//! Headings, titles and code are recognised by style, lists have the markers that Word computes, tables are read by
//! rows, notes and comments follow the block that refers to them, text boxes precede the paragraph they are anchored
//! to, charts, diagrams and embedded documents are in their place, page headers and footers come once at the end.
//! Dropped: deleted or moved text, field codes, hidden text, and duplicates for older readers.

mod body;
pub(in crate::format) mod math;
pub(in crate::format) mod numbering;
mod styles;

use self::body::{Body, Elsewhere};
use self::numbering::Numbering;
use self::styles::Styles;
use super::ooxml::{self, Application, Relationship};
use super::package::Package;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{Extracted, Refusal};

const FORMAT: &str = "a Word document (DOCX)";

/// Word documents and templates, with or without macros.
pub(super) struct Docx;

impl Format for Docx {
    fn name(&self) -> &'static str {
        "docx"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        ooxml::application(bytes) == Some(Application::Word)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["docx", "docm", "dotx", "dotm"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut package = Package::open(source, FORMAT)?;
        let main = ooxml::main_part(&mut package, FORMAT, "word/document.xml")?;
        let links = ooxml::relationships(&mut package, FORMAT, &main)?;
        let mut composer = Composer::new();
        let Some(text) = ooxml::part(&mut package, FORMAT, &main)? else {
            return Err(Refusal::Damaged { format: FORMAT, cause: format!("it has no {main}") });
        };
        let mut parts = Parts { package: &mut package, links: &links, composer: &mut composer };
        let styles = parts.first("styles", Styles::read)?;
        let mut numbering = parts.first("numbering", Numbering::read)?;
        let elsewhere = parts.elsewhere(source, &styles, &mut numbering)?;
        let mut edges = Vec::new();
        for kind in ["header", "footer"] {
            edges.extend(parts.all(kind)?);
        }
        let mut body = Body::new(composer, &styles, &mut numbering, &elsewhere);
        body.read(FORMAT, &text)?;
        drop(text);
        let mut composer = body.finish();
        show_edges(&mut composer, edges, &styles)?;
        ooxml::declare_core_title(&mut package, FORMAT, &mut composer)?;
        Ok(composer.finish(self.name()))
    }
}

/// Adds the page headers and footers, each distinct text once.
fn show_edges(composer: &mut Composer, edges: Vec<(String, String)>, styles: &Styles) -> Result<(), Refusal> {
    let mut shown: Vec<String> = Vec::new();
    for (name, text) in edges {
        let (mut numbering, elsewhere) = (Numbering::default(), Elsewhere::default());
        let mut body = Body::new(Composer::new(), styles, &mut numbering, &elsewhere);
        if ooxml::spare(composer, &name, body.read(FORMAT, &text))?.is_none() {
            continue;
        }
        let found = body.finish().finish("");
        // page numbers alone mean nothing in a text without pages
        if !found.text.chars().any(char::is_alphabetic) || shown.contains(&found.text) {
            continue;
        }
        if shown.is_empty() {
            composer.heading(0, "");
        }
        composer.embed(&name, &found);
        shown.push(found.text);
    }
    Ok(())
}

/// The parts that the main part links to.
struct Parts<'p, 'a> {
    package: &'p mut Package<'a>,
    links: &'p [Relationship],
    composer: &'p mut Composer,
}

impl Parts<'_, '_> {
    /// Reads the first part of a kind; a missing or damaged one counts as empty.
    fn first<T: Default>(
        &mut self,
        kind: &str,
        read: fn(&'static str, &str) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let Some(link) = self.links.iter().find(|link| link.kind == kind) else { return Ok(T::default()) };
        let Some(text) = ooxml::spare_part(self.package, FORMAT, &link.target, self.composer)? else {
            return Ok(T::default());
        };
        Ok(ooxml::spare(self.composer, &link.target, read(FORMAT, &text))?.unwrap_or_default())
    }

    /// All parts of a kind, by the id of their link and their name, without duplicates.
    fn all(&mut self, kind: &str) -> Result<Vec<(String, String)>, Refusal> {
        let mut found: Vec<(String, String)> = Vec::new();
        for link in self.links.iter().filter(|link| link.kind == kind) {
            if let Some(text) = ooxml::spare_part(self.package, FORMAT, &link.target, self.composer)? {
                found.push((link.id.clone(), text));
            }
        }
        Ok(found)
    }

    fn elsewhere(
        &mut self,
        source: &Source<'_>,
        styles: &Styles,
        numbering: &mut Numbering,
    ) -> Result<Elsewhere, Refusal> {
        let (mut found, none) = (Elsewhere::default(), Elsewhere::default());
        for kind in ["footnotes", "endnotes", "comments"] {
            for (name, text) in self.all(kind)? {
                let mut notes = Body::new(Composer::new(), styles, numbering, &none);
                if ooxml::spare(self.composer, &name, notes.read(FORMAT, &text))?.is_none() {
                    continue;
                }
                match kind {
                    "footnotes" => found.footnotes = notes.notes(),
                    "endnotes" => found.endnotes = notes.notes(),
                    _ => found.comments = notes.notes(),
                }
            }
        }
        for kind in ["chart", "diagramData"] {
            for (id, text) in self.all(kind)? {
                let lines = ooxml::spare(self.composer, kind, ooxml::drawing_text(FORMAT, &text))?;
                found.drawings.insert(id, lines.unwrap_or_default());
            }
        }
        for link in self.links.iter().filter(|link| link.kind == "aFChunk") {
            let read = self
                .package
                .read(&link.target)
                .and_then(|bytes| bytes.map(|bytes| source.member(&link.target, &bytes)).transpose());
            if let Some(import) = ooxml::spare(self.composer, &link.target, read)?.flatten() {
                found.imports.insert(link.id.clone(), import);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
