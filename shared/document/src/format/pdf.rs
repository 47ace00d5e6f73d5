//! PDF: the positioned characters of each page, assembled into lines, columns and paragraphs.
//!
//! hayro parses the file and interprets its pages; its drawing operations are collected as text ([`page`]), and
//! [`layout`] finds the reading order. Only bookmarks define headings. Lines at the same place of most pages are left
//! out ([`running`]). A page with pictures but no characters is left out with its cause.

mod column;
mod layout;
mod outline;
mod page;
mod paragraph;
mod row;
mod running;
mod string;

use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf as File};
use message::PartKind;

use self::layout::Block;
use self::outline::Outline;
use self::page::Mapped;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, ocr};

/// Bytes in which the header may occur; readers accept leading junk.
const HEADER_WINDOW: usize = 1_024;
/// The format's description with an article.
const NAME: &str = "a PDF document";
const PICTURES: &str = "it holds pictures and no text, and no text recognition (OCR) is built in";
const NO_CHARACTERS: &str =
    "its fonts do not say which characters all or some of their glyphs are; run OCR over it";

/// PDF documents, recognised by their header.
pub(super) struct Pdf;

impl Format for Pdf {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        let head = bytes.get(..HEADER_WINDOW).unwrap_or(bytes);
        head.windows(5).any(|window| window == b"%PDF-") && !quotes_the_header(bytes, head)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["pdf"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let file = File::new(source.bytes.to_vec()).map_err(|error| refusal(error, source.bytes))?;
        if file.pages().is_empty() {
            return Err(damaged("it has no pages"));
        }
        let pages = read_pages(&file, source.bounds().text);
        if let Some(what) = what_needs_recognition(&pages) {
            return ocr::recognise(&what, source.bytes);
        }
        let mut composer = Composer::new();
        if let Some(title) = string::title(&file) {
            composer.declare_title(&title);
        }
        compose(&mut composer, pages, &Outline::read(&file));
        Ok(composer.finish(self.name()))
    }
}

/// Whether a header further in is only quoted: a text about PDF files is text.
fn quotes_the_header(bytes: &[u8], head: &[u8]) -> bool {
    !bytes.starts_with(b"%PDF-") && !head.contains(&0) && head.utf8_chunks().take(2).count() == 1
}

fn refusal(error: LoadPdfError, bytes: &[u8]) -> Refusal {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Encrypted { format: NAME },
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            damaged("its encryption is of an unknown kind")
        }
        LoadPdfError::Decryption(DecryptionError::MissingIDEntry | DecryptionError::InvalidEncryption) => {
            damaged("its encryption is invalid")
        }
        // a custom encryption cannot be told from damage
        LoadPdfError::Invalid if bytes.windows(8).any(|window| window == b"/Encrypt") => {
            Refusal::Encrypted { format: NAME }
        }
        LoadPdfError::Invalid => damaged("neither its table of objects nor its objects lead to a page"),
    }
}

fn damaged(cause: &str) -> Refusal {
    Refusal::Damaged { format: NAME, cause: cause.to_owned() }
}

/// One page as it is read.
struct ReadPage {
    blocks: Vec<Block>,
    unread: Option<&'static str>,
}

/// Reads the pages; characters beyond `limit` are only counted, and their number refuses the document.
fn read_pages(file: &File, limit: usize) -> Vec<ReadPage> {
    let cache = InterpreterCache::new();
    let mut left = limit.saturating_add(1);
    let mut pages = Vec::new();
    for page in file.pages().iter() {
        let drawn = page::draw(page, &cache, left);
        left = left.saturating_sub(drawn.glyphs.len());
        let mapped = drawn.mapped();
        let unread = match mapped {
            Mapped::Nothing | Mapped::Part => Some(NO_CHARACTERS),
            Mapped::All if drawn.glyphs.is_empty() && drawn.pictures > 0 => Some(PICTURES),
            Mapped::All => None,
        };
        let blocks = if mapped == Mapped::Nothing { Vec::new() } else { layout::blocks(&drawn) };
        pages.push(ReadPage { blocks, unread });
    }
    running::remove(&mut pages);
    pages
}

/// A description of the document, if nothing in it can be read without OCR.
fn what_needs_recognition(pages: &[ReadPage]) -> Option<String> {
    let is_blank = pages.iter().all(|page| page.blocks.is_empty());
    let causes: Vec<_> = pages.iter().filter_map(|page| page.unread).collect();
    if !is_blank || causes.is_empty() {
        return None;
    }
    let plural = if causes.len() == 1 { "" } else { "s" };
    Some(if causes.contains(&PICTURES) {
        format!("{NAME} of {} scanned page{plural} holds pictures and no text", causes.len())
    } else {
        format!(
            "{NAME} of {} page{plural} has fonts that do not say which characters its glyphs are",
            causes.len()
        )
    })
}

fn compose(composer: &mut Composer, pages: Vec<ReadPage>, outline: &Outline) {
    for (number, page) in (1..).zip(pages) {
        composer.begin_part(PartKind::Page, number, None);
        if let Some(cause) = page.unread {
            composer.leave_out(&format!("page {number}"), cause);
        }
        for block in page.blocks {
            match block {
                Block::Table(rows) => composer.table(&rows, 0),
                Block::Paragraph(paragraph) => match outline.level(&paragraph.text) {
                    Some(level) => composer.heading(level, &paragraph.text),
                    None => composer.block(BlockKind::Paragraph, &paragraph.text),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
