//! PPTX, as the text that a reader sees: the slides in order, including hidden ones.
//!
//! Each slide is a part with its title as a heading; then its shapes, tables, charts and diagrams, its notes and
//! comments. Page numbers are dropped, footers shown once.

mod slide;

use std::collections::BTreeMap;

use message::PartKind;

use self::slide::Slide;
use super::ooxml::{self, Application, Relationship};
use super::package::Package;
use super::xml::{Node, Xml};
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal};

const FORMAT: &str = "a PowerPoint presentation (PPTX)";

/// `PowerPoint` presentations, shows and templates, with or without macros.
pub(super) struct Pptx;

impl Format for Pptx {
    fn name(&self) -> &'static str {
        "pptx"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        ooxml::application(bytes) == Some(Application::PowerPoint)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut package = Package::open(source, FORMAT)?;
        let main = ooxml::main_part(&mut package, FORMAT, "ppt/presentation.xml")?;
        let links = ooxml::relationships(&mut package, FORMAT, &main)?;
        let order = slide_order(&mut package, &main)?;
        let mut reader =
            Reader { package, composer: Composer::new(), authors: BTreeMap::new(), footers: Vec::new() };
        for link in links.iter().filter(|link| matches!(link.kind.as_str(), "commentAuthors" | "authors")) {
            reader.read_authors(&link.target)?;
        }
        let slides = order.iter().filter_map(|id| links.iter().find(|link| link.id == *id));
        for (number, link) in (1..).zip(slides) {
            reader.slide(number, &link.target)?;
        }
        ooxml::declare_core_title(&mut reader.package, FORMAT, &mut reader.composer)?;
        Ok(reader.composer.finish(self.name()))
    }
}

/// The slides' parts, in presentation order.
fn slide_order(package: &mut Package<'_>, main: &str) -> Result<Vec<String>, Refusal> {
    let mut order = Vec::new();
    let text = ooxml::part(package, FORMAT, main)?.unwrap_or_default();
    let mut xml = Xml::new(FORMAT, &text);
    while let Some(node) = xml.next()? {
        if let Node::Open(tag) = node
            && tag.name() == "sldId"
        {
            order.extend(tag.prefixed("id"));
        }
    }
    Ok(order)
}

struct Reader<'a> {
    package: Package<'a>,
    composer: Composer,
    authors: BTreeMap<String, String>,
    /// Footers already shown.
    footers: Vec<String>,
}

impl Reader<'_> {
    fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        ooxml::spare_part(&mut self.package, FORMAT, name, &mut self.composer)
    }

    fn read_authors(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(text) = self.text(name)? else { return Ok(()) };
        let mut xml = Xml::new(FORMAT, &text);
        // if the authors cannot be read, their comments have no name
        while let Ok(Some(node)) = xml.next() {
            if let Node::Open(tag) = node
                && let (Some(id), Some(name)) = (tag.attribute("id"), tag.attribute("name"))
            {
                self.authors.insert(id, name);
            }
        }
        Ok(())
    }

    fn slide(&mut self, number: u32, name: &str) -> Result<(), Refusal> {
        self.composer.begin_part(PartKind::Slide, number, None);
        // what follows does not belong to the previous slide's title
        self.composer.heading(1, "");
        let Some(text) = self.text(name)? else { return Ok(()) };
        let links = ooxml::relationships(&mut self.package, FORMAT, name);
        let links = ooxml::spare(&mut self.composer, name, links)?.unwrap_or_default();
        let drawings = self.drawings(&links)?;
        let mut slide = Slide::new(&drawings);
        if ooxml::spare(&mut self.composer, name, slide.read(FORMAT, &text))?.is_none() {
            return Ok(());
        }
        self.composer.heading(1, &slide.title);
        let footers = std::mem::take(&mut slide.footers);
        self.composer.embed(name, &slide.finish().finish(""));
        for footer in footers {
            if !self.footers.contains(&footer) {
                self.composer.block(BlockKind::Paragraph, &footer);
                self.footers.push(footer);
            }
        }
        for link in &links {
            match link.kind.as_str() {
                "notesSlide" => self.notes(&link.target)?,
                "comments" => self.comments(&link.target)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn drawings(&mut self, links: &[Relationship]) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
        let mut found = BTreeMap::new();
        for link in links.iter().filter(|link| matches!(link.kind.as_str(), "chart" | "diagramData")) {
            let Some(text) = self.text(&link.target)? else { continue };
            let said = ooxml::drawing_text(FORMAT, &text);
            let said = ooxml::spare(&mut self.composer, &link.target, said)?;
            found.insert(link.id.clone(), said.unwrap_or_default());
        }
        Ok(found)
    }

    fn notes(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(text) = self.text(name)? else { return Ok(()) };
        let none = BTreeMap::new();
        let mut page = Slide::new(&none);
        if ooxml::spare(&mut self.composer, name, page.read(FORMAT, &text))?.is_some() {
            let notes = page.finish().finish("").text;
            // the notes placeholder is a list only by the rule for slides
            let notes: Vec<&str> = notes
                .lines()
                .map(|line| line.trim().trim_start_matches("- "))
                .filter(|line| !line.is_empty())
                .collect();
            if !notes.is_empty() {
                self.composer.block(BlockKind::Paragraph, &format!("Notes: {}", notes.join("\n")));
            }
        }
        Ok(())
    }

    fn comments(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(text) = self.text(name)? else { return Ok(()) };
        let comments = read_comments(&text, &self.authors);
        for comment in ooxml::spare(&mut self.composer, name, comments)?.unwrap_or_default() {
            self.composer.block(BlockKind::Paragraph, &comment);
        }
        Ok(())
    }
}

fn read_comments(text: &str, authors: &BTreeMap<String, String>) -> Result<Vec<String>, Refusal> {
    let (mut xml, mut found) = (Xml::new(FORMAT, text), Vec::<String>::new());
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match (tag.name(), found.last_mut()) {
            ("cm" | "reply", _) => {
                let author = tag.attribute("authorId").and_then(|id| authors.get(&id));
                found.push(author.map_or("Comment: ".to_owned(), |author| format!("Comment by {author}: ")));
            }
            ("text" | "t", Some(comment)) => comment.push_str(&xml.text()?),
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
