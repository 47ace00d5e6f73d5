//! TAR archives.

use tar::{Archive, EntryType};

use super::super::{Format, Source};
use super::{Members, is_clutter};
use crate::{Extracted, Refusal, encoding};

const FORMAT: &str = "a TAR archive";
/// Size of a header in bytes, and the position of its checksum.
const HEADER: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Any TAR archive, recognised by the checksum of its first header, because the oldest variant has no other sign.
pub(in crate::format) struct Tar;

impl Format for Tar {
    fn name(&self) -> &'static str {
        "tar"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        bytes.get(..HEADER).is_some_and(|header| header.first() != Some(&0) && checksum_holds(header))
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut members = Members::new(source, FORMAT);
        let damaged = |cause: String| Refusal::Damaged { format: FORMAT, cause };
        let mut archive = Archive::new(source.bytes);
        let entries = archive.entries().map_err(|error| damaged(error.to_string()))?;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    members.refuse("all that follows", damaged(error.to_string()))?;
                    break;
                }
            };
            let path = encoding::name(&entry.path_bytes());
            if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous)
                || path.ends_with('/')
                || is_clutter(&path)
            {
                continue;
            }
            match content(source.bytes, entry.raw_file_position(), entry.size()) {
                Some(bytes) => members.add(&path, bytes)?,
                None => members.refuse(&path, damaged("the archive ends within this file".to_owned()))?,
            }
        }
        members.finish(self.name())
    }
}

/// The bytes of a file, which are stored unchanged.
fn content(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(start..end)
}

/// Whether a header's checksum is the sum of its bytes, with the checksum itself counted as spaces.
fn checksum_holds(header: &[u8]) -> bool {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if CHECKSUM.contains(&at) { 32 } else { u64::from(*byte) })
        .sum();
    let written = header.get(CHECKSUM).and_then(|field| std::str::from_utf8(field).ok());
    let written = written.map(|field| field.trim_matches([' ', '\0']));
    written.is_some_and(|octal| u64::from_str_radix(octal, 8) == Ok(sum))
}
