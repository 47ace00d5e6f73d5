//! Journal articles in JATS (`.nxml`): title, authors, abstract, sections, tables, notes, references.
//!
//! Metadata (identifiers, dates, licences, counts) is not part of the text; of a formula given in two forms, one is
//! read.

mod element;
mod table;

use self::element::{Role, role};
use super::xml::{self, Node, Tag, Xml};
use super::{Format, Source, has_extension, html};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal};

/// What it is called in a refusal.
const FORMAT: &str = "a journal article (JATS)";
/// Sections nested deeper than this get no level of their own.
const DEEPEST_SECTION: u8 = 8;

/// Articles, recognised by their start or by the file extension.
pub(super) struct Jats;

impl Format for Jats {
    fn name(&self) -> &'static str {
        "jats"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        let head = html::head(bytes);
        let Some((before, root)) = head.split_once("<article") else { return false };
        let starts = before.trim_start().is_empty() || before.trim_start().starts_with("<?xml");
        let declared = before.contains("jats") || before.contains("//nlm//");
        let tag = root.split('>').next().unwrap_or_default();
        declared && before.trim_start().starts_with('<')
            || starts && (tag.contains("article-type=") || root.contains("<front>"))
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["nxml"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let decoded = xml::decode(FORMAT, source.bytes)?;
        let mut reader = Reader {
            xml: Xml::new(FORMAT, &decoded),
            composer: Composer::new(),
            open: Vec::new(),
            sections: 0,
            unnamed: None,
            after_element: false,
            after_label: false,
            language: None,
        };
        reader.read()?;
        let mut extracted = reader.composer.finish(self.name());
        extracted.language = reader.language;
        Ok(extracted)
    }
}

/// Follows the elements of an article.
struct Reader<'a> {
    xml: Xml<'a>,
    composer: Composer,
    open: Vec<Role>,
    /// Number of open sections.
    sections: u8,
    /// The default heading of the section just opened, in case it has no title.
    unnamed: Option<&'static str>,
    /// Whether an element that forms its own word has just ended.
    after_element: bool,
    /// Whether a block's label has just ended, so that the block continues.
    after_label: bool,
    language: Option<String>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Refusal> {
        while let Some(node) = self.xml.next()? {
            match node {
                Node::Open(tag) => self.open(&tag)?,
                Node::Text(text) => {
                    self.composer.inline(&text);
                    self.after_element = false;
                    self.after_label &= text.trim().is_empty();
                }
                Node::Close(_) => self.close(),
            }
        }
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        let role = role(tag.name(), self.open.last().copied());
        if let Some(name) = self.unnamed.take()
            && role != Role::Title
        {
            self.composer.heading(self.level(), name);
        }
        match role {
            Role::Skipped => return self.xml.skip(),
            Role::Code => {
                let code = self.xml.text()?;
                self.composer.flush();
                self.composer.block(BlockKind::Code, &code);
                return Ok(());
            }
            Role::Table => {
                self.composer.flush();
                let (rows, header_rows) = table::read(&mut self.xml)?;
                self.composer.table(&rows, header_rows);
                return Ok(());
            }
            Role::Root => {
                self.language = tag.attribute("lang").and_then(|tag| html::language_code(&tag));
            }
            Role::Inline => {}
            Role::Entry => self.composer.inline(" "),
            Role::Word => {
                if std::mem::take(&mut self.after_element) {
                    self.composer.inline(" ");
                }
            }
            Role::Name => {
                let name = self.name()?;
                self.composer.inline(&name);
                return Ok(());
            }
            Role::Block | Role::Title | Role::TitleGroup => {
                if !std::mem::take(&mut self.after_label) {
                    self.composer.flush();
                }
            }
            Role::Label | Role::Entries => self.composer.flush(),
            Role::Section(name) => {
                self.composer.flush();
                self.sections = self.sections.saturating_add(1);
                self.unnamed = name;
            }
            Role::List => {
                let numbered = tag.attribute("list-type").as_deref() == Some("order");
                self.composer.open_list(numbered.then_some(1));
            }
            Role::Item => self.composer.open_item(),
        }
        self.open.push(role);
        Ok(())
    }

    fn close(&mut self) {
        self.after_element = false;
        match self.open.pop() {
            Some(Role::Title) => {
                let title = self.composer.take_line();
                let level = self.level();
                self.composer.heading(level, &title);
            }
            Some(Role::Section(_)) => {
                self.composer.flush();
                // what follows does not belong to its heading
                self.composer.heading(self.level(), "");
                self.sections = self.sections.saturating_sub(1);
            }
            Some(Role::Block | Role::Root | Role::TitleGroup) => self.composer.flush(),
            Some(Role::Label) => {
                self.composer.inline(" ");
                self.after_label = true;
            }
            Some(Role::Entry) => self.composer.edit_line(|line| format!("{line},")),
            Some(Role::Entries) => {
                self.composer.edit_line(|line| line.trim_end_matches([',', ' ']).to_owned());
                self.composer.flush();
            }
            Some(Role::List) => self.composer.close_list(),
            Some(Role::Item) => self.composer.close_item(),
            Some(Role::Word) => self.after_element = true,
            Some(Role::Inline | Role::Skipped | Role::Code | Role::Table | Role::Name) | None => {}
        }
    }

    /// Reads an opened name, in spoken order.
    fn name(&mut self) -> Result<String, Refusal> {
        let (mut surname, mut others, mut depth) = (String::new(), String::new(), 1_usize);
        while depth > 0 {
            match self.xml.next()? {
                None => break,
                Some(Node::Close(_)) => depth -= 1,
                Some(Node::Open(tag)) if tag.name() == "surname" => surname = self.xml.text()?,
                Some(Node::Open(_)) => depth += 1,
                Some(Node::Text(text)) => {
                    others.push_str(&text);
                    others.push(' ');
                }
            }
        }
        Ok(format!("{} {} ", others.trim(), surname.trim()))
    }

    /// The level of a heading here; the article's title is 1.
    fn level(&self) -> u8 {
        self.sections.min(DEEPEST_SECTION).saturating_add(1)
    }
}

#[cfg(test)]
mod tests;
