//! Archives: files within a file. Each is read as its own document, under a heading with its path.
//!
//! Silently skipped, because nobody put them there as files: folders, links, and what macOS adds to archives
//! (`__MACOSX/`, `._…`, `.DS_Store`). An unreadable file is left out with its cause; an archive without any readable
//! file is refused.

mod gzip;
mod mbox;
mod packed;
mod tar;
mod zip;

use message::PartKind;

pub(super) use self::gzip::Gzip;
pub(super) use self::mbox::Mbox;
pub(super) use self::packed::{BZIP2, XZ, ZSTD};
pub(super) use self::tar::Tar;
pub(super) use self::zip::Zip;
use super::Source;
use crate::composer::Composer;
use crate::{Extracted, Refusal};

/// Collects an archive's content.
struct Members<'a> {
    source: Source<'a>,
    format: &'static str,
    composer: Composer,
    number: u32,
    read: usize,
    text: usize,
    first_refusal: Option<(String, Refusal)>,
}

impl<'a> Members<'a> {
    /// Starts an archive; `format` is its description with an article.
    fn new(source: &Source<'a>, format: &'static str) -> Self {
        Self {
            source: *source,
            format,
            composer: Composer::new(),
            number: 0,
            read: 0,
            text: 0,
            first_refusal: None,
        }
    }

    /// Reads one file, which may be refused; an error ends the whole archive.
    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), Refusal> {
        match self.source.member(path, bytes) {
            Ok(extracted) => self.show(path, &extracted),
            Err(refusal) => self.refuse(path, refusal),
        }
    }

    /// Records an unreadable file; an error ends the whole archive.
    fn refuse(&mut self, path: &str, refusal: Refusal) -> Result<(), Refusal> {
        if refusal.ends_all() {
            return Err(refusal);
        }
        self.number = self.number.saturating_add(1);
        self.composer.leave_out(path, &refusal.to_string());
        self.first_refusal.get_or_insert_with(|| (path.to_owned(), refusal));
        Ok(())
    }

    fn show(&mut self, path: &str, extracted: &Extracted) -> Result<(), Refusal> {
        let limit = self.source.bounds().text;
        self.number = self.number.saturating_add(1);
        self.read += 1;
        self.text = self.text.saturating_add(extracted.text.len());
        if self.text > limit {
            return Err(Refusal::TooMuchText { limit });
        }
        // a file without text would leave only its heading to be found
        if !extracted.text.is_empty() {
            self.composer.begin_part(PartKind::Member, self.number, Some(path));
            self.composer.heading(1, path);
        }
        self.composer.embed(path, extracted);
        Ok(())
    }

    /// Ends the archive; `name` is the format's name in records.
    fn finish(self, name: &'static str) -> Result<Extracted, Refusal> {
        match self.first_refusal {
            Some((_, refusal @ Refusal::Encrypted { .. })) if self.read == 0 => Err(refusal),
            Some((path, refusal)) if self.read == 0 => {
                Err(Refusal::NothingReadable { format: self.format, name: path, cause: refusal.to_string() })
            }
            _ => {
                // a file's path is not a title
                let mut extracted = self.composer.finish(name);
                extracted.title = None;
                Ok(extracted)
            }
        }
    }
}

/// Whether macOS adds this path when it packs an archive.
fn is_clutter(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').any(|part| part == "__MACOSX") || name == ".DS_Store" || name.starts_with("._")
}

#[cfg(test)]
mod tests;
