//! `OpenDocument`: texts, presentations and spreadsheets, as a reader sees them.
//!
//! Headings by outline level, titles and code by style, lists with their markers, tables by rows, notes and comments
//! after the block they are attached to; slides and sheets as parts. Tracked deletions are dropped.

mod body;
mod sheet;
mod styles;

use self::body::{Body, gather};
use self::styles::Styles;
use super::package::{self, Package};
use super::xml::{Node, Xml};
use super::{Format, Source, has_extension, ooxml};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal};

/// Bytes at the start of a package that contain its media type.
const HEAD_BYTES: usize = 128;

/// One kind of `OpenDocument` file.
pub(super) struct Odf {
    name: &'static str,
    format: &'static str,
    /// Parts of the media types that identify it; the older one is that of `OpenOffice.org` 1.
    types: [&'static str; 2],
    extensions: &'static [&'static str],
}

/// Texts.
pub(super) const TEXT: Odf = Odf {
    name: "odt",
    format: "an OpenDocument text (ODT)",
    types: ["opendocument.text", "sun.xml.writer"],
    extensions: &["odt", "ott", "sxw"],
};

/// Presentations.
pub(super) const PRESENTATION: Odf = Odf {
    name: "odp",
    format: "an OpenDocument presentation (ODP)",
    types: ["opendocument.presentation", "sun.xml.impress"],
    extensions: &["odp", "otp", "sxi"],
};

/// Spreadsheets.
pub(super) const SPREADSHEET: Odf = Odf {
    name: "ods",
    format: "an OpenDocument spreadsheet (ODS)",
    types: ["opendocument.spreadsheet", "sun.xml.calc"],
    extensions: &["ods", "ots", "sxc"],
};

impl Format for Odf {
    fn name(&self) -> &'static str {
        self.name
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        if !head.starts_with(b"PK") {
            return false;
        }
        let names_kind = |said: &[u8]| self.types.iter().any(|media| contains(said, media));
        // the standard puts the uncompressed media type first; otherwise it is looked for in its file, then in the
        // manifest
        names_kind(head)
            || package::head(bytes, "mimetype")
                .or_else(|| package::head(bytes, "META-INF/manifest.xml"))
                .is_some_and(|said| names_kind(&said))
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, self.extensions)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let format = self.format;
        let mut package = Package::open(source, format)?;
        if let Ok(Some(manifest)) = ooxml::part(&mut package, format, "META-INF/manifest.xml")
            && manifest.contains("encryption-data")
        {
            return Err(Refusal::Encrypted { format });
        }
        let Some(content) = ooxml::part(&mut package, format, "content.xml")? else {
            return Err(Refusal::Damaged { format, cause: "it has no content.xml".to_owned() });
        };
        let mut composer = Composer::new();
        let shared =
            ooxml::spare_part(&mut package, format, "styles.xml", &mut composer)?.unwrap_or_default();
        let mut styles = Styles::default();
        ooxml::spare(&mut composer, "styles.xml", styles.read(format, &shared))?;
        styles.read(format, &content)?;
        let sheets = self.name == SPREADSHEET.name;
        if sheets {
            sheet::read(&mut composer, format, &content, source.bounds().text)?;
        } else {
            composer = Body::new(composer, &mut styles).read(format, &content)?;
        }
        drop(content);
        if self.name == TEXT.name {
            show_edges(&mut composer, format, &shared);
        }
        let titled = composer.has_title() || declare_title(&mut package, format, &mut composer)?;
        let mut extracted = composer.finish(self.name);
        if sheets && !titled {
            // the name of the first sheet is not a title
            extracted.title = None;
        }
        Ok(extracted)
    }
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Declares the title in the properties; returns whether there is one.
fn declare_title(
    package: &mut Package<'_>,
    format: &'static str,
    composer: &mut Composer,
) -> Result<bool, Refusal> {
    let Some(text) = ooxml::spare_part(package, format, "meta.xml", composer)? else { return Ok(false) };
    let mut xml = Xml::new(format, &text);
    while let Ok(Some(node)) = xml.next() {
        if let Node::Open(tag) = node
            && tag.name() == "title"
        {
            composer.declare_title(&xml.text().unwrap_or_default());
            break;
        }
    }
    Ok(composer.has_title())
}

/// Adds the page headers and footers, each distinct text once. Damage in them is reported where styles are read.
fn show_edges(composer: &mut Composer, format: &'static str, styles: &str) {
    let (mut xml, mut shown) = (Xml::new(format, styles), Vec::<String>::new());
    while let Ok(Some(node)) = xml.next() {
        let Node::Open(tag) = node else { continue };
        let name = tag.name().to_owned();
        if !matches!(
            name.as_str(),
            "header" | "footer" | "header-left" | "footer-left" | "header-first" | "footer-first"
        ) {
            continue;
        }
        let Ok(text) = gather(&mut xml, &name) else { return };
        // page numbers alone mean nothing in a text without pages
        if text.chars().any(char::is_alphabetic) && !shown.contains(&text) {
            if shown.is_empty() {
                composer.heading(0, "");
            }
            composer.block(BlockKind::Paragraph, &text);
            shown.push(text);
        }
    }
}

#[cfg(test)]
mod tests;
