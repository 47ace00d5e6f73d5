//! ZIP archives that no office or book format claims.

use super::super::package::Package;
use super::super::{Format, Source, signature};
use super::{Members, is_clutter};
use crate::{Extracted, Refusal};

const FORMAT: &str = "a ZIP archive";
/// Files that packages of Microsoft's formats have, or packages that declare their type.
const OFFICE: [&str; 2] = ["[Content_Types].xml", "mimetype"];

/// Any ZIP archive. Comes after all formats packed as ZIP.
pub(in crate::format) struct Zip;

impl Format for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        // the second is an archive without files
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let kind = signature::packed(source.bytes);
        let mut package = Package::open(source, kind)?;
        // an office file that no format above recognises: its parts are not documents
        let is_office = |name: &String| OFFICE.contains(&name.as_str());
        if package.names().iter().any(is_office) {
            let format = if kind == FORMAT { "an office file of a rare kind" } else { kind };
            return Err(Refusal::Unsupported { format });
        }
        let mut members = Members::new(source, FORMAT);
        for index in 0..package.len() {
            let Some(path) = package.file_at(index)? else { continue };
            if is_clutter(&path) {
                continue;
            }
            match package.read_at(index) {
                Ok(bytes) => members.add(&path, &bytes)?,
                Err(refusal) => members.refuse(&path, refusal)?,
            }
        }
        members.finish(self.name())
    }
}
