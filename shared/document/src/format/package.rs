//! ZIP packages: what office files, books and archives are packed in.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Refusal, Source, encoding};

/// Most bytes of a file that are looked at to know what the package is.
const HEAD_BYTES: u64 = 256 << 10;

/// An open package. Everything in it is unpacked through [`Source::unpack`].
pub(super) struct Package<'a> {
    source: Source<'a>,
    format: &'static str,
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

/// The names in a package, from its directory; none when the bytes are no package. For `by_content`.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    if !bytes.starts_with(b"PK") {
        return Vec::new();
    }
    ZipArchive::new(Cursor::new(bytes))
        .map(|archive| archive.file_names().flatten().map(Cow::into_owned).collect())
        .unwrap_or_default()
}

/// The first bytes of one of the files in a package; nothing when it has none of this name, or is no package. For
/// `by_content`, which must stay cheap.
pub(super) fn head(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let file = archive.by_name(name).ok()?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}

impl<'a> Package<'a> {
    /// Opens a package; `format` names what it is, with its article.
    pub(super) fn open(source: &Source<'a>, format: &'static str) -> Result<Self, Refusal> {
        let archive = ZipArchive::new(Cursor::new(source.bytes)).map_err(|error| damaged(format, &error))?;
        Ok(Self { source: *source, format, archive })
    }

    /// The names in the package, in the order of its directory.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().flatten().map(Cow::into_owned).collect()
    }

    /// How many entries its directory has.
    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    /// The name of an entry; nothing when it is a folder or a link.
    pub(super) fn file_at(&self, index: usize) -> Result<Option<String>, Refusal> {
        let entry = self.archive.by_index_data(index).map_err(|error| damaged(self.format, &error))?;
        let name = encoding::name(entry.name_raw());
        Ok((entry.is_file() && !name.ends_with('/')).then_some(name))
    }

    /// The bytes of an entry.
    pub(super) fn read_at(&mut self, index: usize) -> Result<Vec<u8>, Refusal> {
        match self.archive.by_index(index) {
            Ok(file) => self.source.unpack(self.format, file),
            Err(error) => Err(unreadable(self.format, &error)),
        }
    }

    /// The bytes of one of its files; nothing when there is none of this name.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(unreadable(self.format, &error)),
        };
        self.source.unpack(self.format, file).map(Some)
    }
}

fn unreadable(format: &'static str, error: &ZipError) -> Refusal {
    if matches!(error, ZipError::UnsupportedArchive(cause) if *cause == ZipError::PASSWORD_REQUIRED) {
        return Refusal::Encrypted { format };
    }
    damaged(format, error)
}

fn damaged(format: &'static str, error: &ZipError) -> Refusal {
    Refusal::Damaged { format, cause: error.to_string() }
}

/// A package of these files, for tests.
#[cfg(test)]
pub(super) fn pack(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;

    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
