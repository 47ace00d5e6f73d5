//! OLE compound files: Office files before 2007 (DOC, PPT, XLS), messages of Outlook (MSG), and password-protected newer files.
//!
//! undoc reads texts and presentations, calamine the cells of workbooks.

mod message;
mod packed_rtf;
mod text;
mod workbook;

use std::io::Cursor;

use super::{Format, Source, has_extension};
use crate::{Extracted, Refusal};

const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Size of a directory entry of a compound file in bytes; the first 64 are its name.
const ENTRY: usize = 128;

/// The content of a compound file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Word,
    PowerPoint,
    Excel,
    Message,
    /// A password-protected newer file.
    Locked,
}

/// The streams that identify the content, outermost first.
const STREAMS: [(&str, Content); 6] = [
    ("EncryptedPackage", Content::Locked),
    ("PowerPoint Document", Content::PowerPoint),
    ("WordDocument", Content::Word),
    ("Workbook", Content::Excel),
    ("Book", Content::Excel),
    (message::PROPERTIES, Content::Message),
];

fn content(bytes: &[u8]) -> Option<Content> {
    if !bytes.starts_with(MAGIC) {
        return None;
    }
    let names: Vec<String> = match cfb::CompoundFile::open(Cursor::new(bytes)) {
        Ok(file) => file.read_root_storage().map(|entry| entry.name().to_owned()).collect(),
        // the names alone tell what it was
        Err(_) => bytes.chunks(ENTRY).filter_map(entry_name).collect(),
    };
    STREAMS.iter().find(|(stream, _)| names.iter().any(|name| name == stream)).map(|(_, content)| *content)
}

/// The name in a potential directory entry; none when it is not one.
fn entry_name(entry: &[u8]) -> Option<String> {
    let units = entry.get(..64)?.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    if name.is_empty() { None } else { String::from_utf16(&name).ok() }
}

/// Word documents before 2007.
pub(super) struct Doc;
/// `PowerPoint` presentations before 2007.
pub(super) struct Ppt;
/// Excel workbooks before 2007.
pub(super) struct Xls;
/// Messages as Outlook saves them.
pub(super) struct Msg;
/// Password-protected Office files.
pub(super) struct Locked;

impl Format for Doc {
    fn name(&self) -> &'static str {
        "doc"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        content(bytes) == Some(Content::Word)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        text::read(source, self.name(), "a Word document (DOC)")
    }
}

impl Format for Ppt {
    fn name(&self) -> &'static str {
        "ppt"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        content(bytes) == Some(Content::PowerPoint)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        text::read(source, self.name(), "a PowerPoint presentation (PPT)")
    }
}

impl Format for Xls {
    fn name(&self) -> &'static str {
        "xls"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        content(bytes) == Some(Content::Excel)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        workbook::read(source)
    }
}

impl Format for Msg {
    fn name(&self) -> &'static str {
        "msg"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        content(bytes) == Some(Content::Message)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        message::read(source)
    }
}

impl Format for Locked {
    fn name(&self) -> &'static str {
        "office"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        content(bytes) == Some(Content::Locked)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let format = match source.key {
            key if has_extension(key, &["docx", "docm", "dotx", "dotm"]) => "a Word document (DOCX)",
            key if has_extension(key, &["pptx", "pptm", "ppsx", "potx"]) => {
                "a PowerPoint presentation (PPTX)"
            }
            key if has_extension(key, &["xlsx", "xlsm", "xltx", "xlsb"]) => "an Excel workbook (XLSX)",
            _ => "an office document (DOCX, PPTX or XLSX)",
        };
        Err(Refusal::Encrypted { format })
    }
}

#[cfg(test)]
mod tests;
