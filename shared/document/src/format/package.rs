//! ZIP packages: the container of office files, books and archives.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Refusal, Source, encoding};

/// Maximum number of bytes of a file read to recognise the package.
const HEAD_BYTES: u64 = 256 << 10;

/// An open package. Everything is unpacked through [`Source::unpack`].
pub(super) struct Package<'a> {
    source: Source<'a>,
    format: &'static str,
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

/// The names in a package's directory; empty when the bytes are not a package. For `by_content`.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    if !bytes.starts_with(b"PK") {
        return Vec::new();
    }
    ZipArchive::new(Cursor::new(bytes))
        .map(|archive| archive.file_names().flatten().map(Cow::into_owned).collect())
        .unwrap_or_default()
}

/// The first bytes of a file in a package; none when there is no such file, or no package. For `by_content`, which
/// must stay cheap.
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
    /// Opens a package; `format` is its description with an article.
    pub(super) fn open(source: &Source<'a>, format: &'static str) -> Result<Self, Refusal> {
        let archive = ZipArchive::new(Cursor::new(source.bytes)).map_err(|error| damaged(format, &error))?;
        Ok(Self { source: *source, format, archive })
    }

    /// The names in the package, in directory order.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().flatten().map(Cow::into_owned).collect()
    }

    /// The number of entries in its directory.
    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    /// The name of an entry; none for a folder or a link.
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

    /// The content of a file; none when there is no such file.
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
