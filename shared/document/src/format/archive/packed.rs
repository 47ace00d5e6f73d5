//! BZIP2, XZ and ZSTD: single compressed files, each read under its name without the ending.

use bzip2::read::MultiBzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use super::super::{Format, Source};
use super::gzip::without_ending;
use crate::{Extracted, Refusal};

/// A way to compress one file.
pub(in crate::format) struct Packed {
    name: &'static str,
    /// What it is called in a refusal.
    format: &'static str,
    magic: &'static [u8],
    /// The endings, with those of the packed file.
    endings: &'static [(&'static str, &'static str)],
    unpack: fn(&Source<'_>, &'static str) -> Result<Vec<u8>, Refusal>,
}

pub(in crate::format) const BZIP2: Packed = Packed {
    name: "bzip2",
    format: "a BZIP2 file",
    magic: b"BZh",
    endings: &[("bz2", ""), ("tbz2", ".tar"), ("tbz", ".tar")],
    unpack: |source, format| source.unpack(format, MultiBzDecoder::new(source.bytes)),
};
pub(in crate::format) const XZ: Packed = Packed {
    name: "xz",
    format: "an XZ file",
    magic: b"\xfd7zXZ\0",
    endings: &[("xz", ""), ("txz", ".tar")],
    unpack: |source, format| source.unpack(format, XzReader::new_mem_limit(source.bytes, true, XZ_MEMORY)),
};
pub(in crate::format) const ZSTD: Packed = Packed {
    name: "zstd",
    format: "a ZSTD file",
    magic: ZSTD_MAGIC,
    endings: &[("zst", ""), ("zstd", ""), ("tzst", ".tar")],
    unpack: frames,
};

/// Memory for a dictionary in KiB: `xz -9` needs 65 MiB.
const XZ_MEMORY: u32 = 256 << 10;
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";

/// The frames of a ZSTD file, which may be several.
fn frames(source: &Source<'_>, format: &'static str) -> Result<Vec<u8>, Refusal> {
    let mut rest = source.bytes;
    let mut bytes = Vec::new();
    while rest.starts_with(ZSTD_MAGIC) {
        let frame = StreamingDecoder::new(&mut rest)
            .map_err(|error| Refusal::Damaged { format, cause: error.to_string() })?;
        let piece = source.unpack(format, frame)?;
        if bytes.is_empty() { bytes = piece } else { bytes.extend_from_slice(&piece) }
    }
    Ok(bytes)
}

impl Format for Packed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.magic)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let bytes = (self.unpack)(source, self.format)?;
        source.member(&without_ending(source.key, self.endings), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bounds, Refusal, extract, extract_within};

    /// `echo '# Packed' | bzip2`, `xz` and `zstd`.
    const FILES: [(&str, &str); 3] = [
        (
            "a.md.bz2",
            "425a6839314159265359d5e5089100000253800010480040002e08044020002201a3208069a68c5371630ad5c478bb9229c28486af284488",
        ),
        (
            "a.md.xz",
            "fd377a585a000004e6d6b4460200210116000000742fe5a301000e23205061636b65640a0a746578740a00008f41bf8e109a62da0001270fdf1afc6a1fb6f37d010000000004595a",
        ),
        ("a.md.zst", "28b52ffd045879000023205061636b65640a0a746578740a391c4828"),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn a_packed_file_is_read_under_its_own_name() {
        for (key, packed) in FILES {
            let packed = bytes(packed);
            assert_eq!(extract(key, &packed).unwrap().title.as_deref(), Some("Packed"), "{key}");
            let twice = [packed.as_slice(), &packed].concat();
            assert_eq!(extract(key, &twice).unwrap().text.matches("Packed").count(), 2, "{key}");
            let cut = packed.get(..packed.len() - 12).unwrap();
            assert!(matches!(extract(key, cut), Err(Refusal::Damaged { .. })), "{key}");
            let bounds = Bounds { unpacked: 4, ..Bounds::default() };
            assert_eq!(
                extract_within(&bounds, key, &packed),
                Err(Refusal::UnpacksTooFar { limit: 4 }),
                "{key}"
            );
        }
    }
}
