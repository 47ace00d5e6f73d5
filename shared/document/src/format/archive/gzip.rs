//! GZIP: a single compressed file, read under its name without `.gz`.

use flate2::bufread::GzDecoder;

use super::super::{Format, Source};
use crate::{Extracted, Refusal};

const FORMAT: &str = "a GZIP file";
const MAGIC: &[u8] = b"\x1f\x8b";
const ENDINGS: &[(&str, &str)] = &[("gz", ""), ("gzip", ""), ("tgz", ".tar"), ("svgz", ".svg")];

/// Any GZIP file.
pub(in crate::format) struct Gzip;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut rest = source.bytes;
        let mut bytes = Vec::new();
        // a file may be packed in several members; what follows the last is padding, as for `gzip`
        while rest.starts_with(MAGIC) {
            let piece = source.unpack(FORMAT, GzDecoder::new(&mut rest))?;
            if bytes.is_empty() { bytes = piece } else { bytes.extend_from_slice(&piece) }
        }
        source.member(&without_ending(source.key, ENDINGS), &bytes)
    }
}

/// The name of the packed file, by the endings and what they stand for. The name in the header is ignored, because it may be
/// outdated.
pub(super) fn without_ending(key: &str, endings: &[(&str, &str)]) -> String {
    let Some((stem, ending)) = key.rsplit_once('.') else { return key.to_owned() };
    let found = endings.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
    found.map_or_else(|| key.to_owned(), |(_, instead)| format!("{stem}{instead}"))
}
