//! ZIP archives: those that no office or book format claims.

use super::super::package::Package;
use super::super::{Format, Source, package, signature};
use super::{Members, is_clutter};
use crate::{Extracted, Refusal};

const FORMAT: &str = "a ZIP archive";
/// What a package of Microsoft's office formats has.
const OFFICE_TYPES: &str = "[Content_Types].xml";

/// Any ZIP archive. It stands behind all formats that are packed as ZIP.
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
        if kind != FORMAT || package::names(source.bytes).iter().any(|name| name == OFFICE_TYPES) {
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
