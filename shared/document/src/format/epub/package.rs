//! The content of a book: `container.xml` names the package document, which lists the files and their order.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::FORMAT;
use crate::Refusal;
use crate::format::has_extension;
use crate::format::package::Package;
use crate::format::xml::{self, Node, Xml};

/// The file with the path of the package document.
pub(super) const CONTAINER: &str = "META-INF/container.xml";
/// The file that lists encrypted files.
const ENCRYPTION: &str = "META-INF/encryption.xml";
/// Encryption used only to protect fonts; never used for text.
const OF_FONTS: [&str; 2] = ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];

/// One page of a book.
pub(super) struct Page {
    /// Its name in the archive.
    pub(super) path: String,
    kind: String,
}

impl Page {
    /// Whether it is text: XHTML, or its predecessor.
    pub(super) fn is_text(&self) -> bool {
        self.kind.is_empty()
            || self.kind.contains("html")
            || self.kind.contains("xml") && !self.kind.contains("svg")
    }
}

/// A book.
#[derive(Default)]
pub(super) struct Book {
    pub(super) title: Option<String>,
    /// Its language as ISO 639-1.
    pub(super) language: Option<String>,
    /// Its pages in reading order, without duplicates.
    pub(super) pages: Vec<Page>,
}

/// Rejects a book in which more than the fonts is encrypted.
pub(super) fn refuse_locked(archive: &mut Package<'_>) -> Result<(), Refusal> {
    let Some(bytes) = archive.read(ENCRYPTION)? else { return Ok(()) };
    let source = xml::decode(FORMAT, &bytes)?;
    let mut xml = Xml::new(FORMAT, &source);
    while let Some(node) = xml.next()? {
        if let Node::Open(tag) = node
            && tag.name() == "EncryptionMethod"
            && !OF_FONTS.contains(&tag.attribute("Algorithm").unwrap_or_default().as_str())
        {
            return Err(Refusal::Encrypted { format: FORMAT });
        }
    }
    Ok(())
}

impl Book {
    /// Reads the package document.
    ///
    /// # Errors
    /// When it is missing, or lists nothing.
    pub(super) fn open(archive: &mut Package<'_>) -> Result<Self, Refusal> {
        let damaged = |cause: &str| Refusal::Damaged { format: FORMAT, cause: cause.to_owned() };
        let path = package_document(archive)?.ok_or_else(|| damaged("nothing names its package document"))?;
        let bytes = archive.read(&path)?.ok_or_else(|| damaged("it has no package document"))?;
        let source = xml::decode(FORMAT, &bytes)?;
        let mut reader = Reader::default();
        let mut xml = Xml::new(FORMAT, &source);
        while let Some(node) = xml.next()? {
            reader.node(&mut xml, node)?;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let book = reader.book(folder);
        if book.pages.is_empty() { Err(damaged("it lists no pages")) } else { Ok(book) }
    }
}

fn package_document(archive: &mut Package<'_>) -> Result<Option<String>, Refusal> {
    let Some(bytes) = archive.read(CONTAINER)? else {
        // without a container, use the only package document there is
        return Ok(archive.names().into_iter().find(|name| has_extension(name, &["opf"])));
    };
    let source = xml::decode(FORMAT, &bytes)?;
    let mut xml = Xml::new(FORMAT, &source);
    while let Some(node) = xml.next()? {
        if let Node::Open(tag) = node
            && tag.name() == "rootfile"
        {
            return Ok(tag.attribute("full-path"));
        }
    }
    Ok(None)
}

/// Collects the content of the package document.
#[derive(Default)]
struct Reader {
    title: Option<String>,
    language: Option<String>,
    /// Path and media type by identifier.
    files: HashMap<String, (String, String)>,
    order: Vec<String>,
}

impl Reader {
    fn node(&mut self, xml: &mut Xml<'_>, node: Node<'_>) -> Result<(), Refusal> {
        let Node::Open(tag) = node else { return Ok(()) };
        match tag.name() {
            "title" => set(&mut self.title, xml.text()?),
            "language" => set(&mut self.language, xml.text()?),
            "item" => {
                if let Some((id, href)) = tag.attribute("id").zip(tag.attribute("href")) {
                    let kind = tag.attribute("media-type").unwrap_or_default();
                    self.files.entry(id).or_insert((href, kind));
                }
            }
            "itemref" => self.order.extend(tag.attribute("idref")),
            _ => {}
        }
        Ok(())
    }

    fn book(mut self, folder: &str) -> Book {
        let files = self.order.iter().filter_map(|id| self.files.remove(id));
        let pages = files.map(|(href, kind)| Page { path: resolve(folder, &href), kind }).collect();
        let language = self.language.and_then(|tag| crate::format::html::language_code(&tag));
        Book { title: self.title, language, pages }
    }
}

fn set(field: &mut Option<String>, text: String) {
    if field.is_none() && !text.trim().is_empty() {
        *field = Some(text);
    }
}

/// Resolves a relative reference to a name in the archive.
fn resolve(folder: &str, href: &str) -> String {
    let path = href.split('#').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').filter(|_| !path.starts_with('/')).chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_within_the_archive() {
        for (folder, href, expected) in [
            ("OEBPS", "a%20b.xhtml#x", "OEBPS/a b.xhtml"),
            ("OEBPS/text", "../c.html", "OEBPS/c.html"),
            ("", "./d/../../e.html", "e.html"),
            ("OEBPS", "/f.html", "f.html"),
        ] {
            assert_eq!(resolve(folder, href), expected);
        }
    }
}
