//! EPUB books: the pages in reading order, each read as by [`super::html`], under the book's title.
//!
//! Headings carry over from one page to the next, because a chapter may be split over several. What surrounds the
//! content on a web page is content in a book (notes in `<aside>`, titles in `<header>`), except for navigation.

mod package;

use self::package::Book;
use super::package::{Package, names};
use super::{Format, Source, has_extension, html};
use crate::composer::Composer;
use crate::{Extracted, Refusal};

/// What a book is called in a refusal.
const FORMAT: &str = "an EPUB book";
/// The first file of a book declares its type, uncompressed, after the 30-byte header of an archive entry.
const MARK: &[u8] = b"mimetypeapplication/epub+zip";
const MARK_AT: usize = 30;

/// Books, recognised by their first file or by the files in the archive.
pub(super) struct Epub;

impl Format for Epub {
    fn name(&self) -> &'static str {
        "epub"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        if !bytes.starts_with(b"PK\x03\x04") {
            return false;
        }
        if bytes.get(MARK_AT..).is_some_and(|rest| rest.starts_with(MARK)) {
            return true;
        }
        let names = names(bytes);
        let holds = |wanted: &dyn Fn(&str) -> bool| names.iter().any(|name| wanted(name));
        holds(&|name| name == package::CONTAINER) && holds(&|name| has_extension(name, &["opf"]))
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut archive = Package::open(source, FORMAT)?;
        package::refuse_locked(&mut archive)?;
        let book = Book::open(&mut archive)?;
        let mut composer = Composer::new();
        if let Some(title) = &book.title {
            composer.declare_title(title);
            composer.show_title();
        }
        for page in &book.pages {
            if let Err(refusal) = read_page(&mut composer, &mut archive, page) {
                if refusal.ends_all() || matches!(refusal, Refusal::Encrypted { .. }) {
                    return Err(refusal);
                }
                composer.leave_out(&page.path, &refusal.to_string());
            }
        }
        let mut extracted = composer.finish(self.name());
        extracted.language = book.language;
        Ok(extracted)
    }
}

fn read_page(
    composer: &mut Composer,
    archive: &mut Package<'_>,
    page: &package::Page,
) -> Result<(), Refusal> {
    let damaged = |cause: &str| Refusal::Damaged { format: "a page of a book", cause: cause.to_owned() };
    if !page.is_text() {
        return Err(damaged("it is a picture or a recording"));
    }
    let bytes = archive.read(&page.path)?.ok_or_else(|| damaged("the archive does not hold it"))?;
    html::read_whole(composer, &bytes, None)
}

#[cfg(test)]
mod tests;
