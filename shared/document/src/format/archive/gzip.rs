//! GZIP: a single compressed file, read under its name without `.gz`.

use flate2::bufread::GzDecoder;

use super::super::{Format, Source};
use crate::{Extracted, Refusal};

const FORMAT: &str = "a GZIP file";
const MAGIC: &[u8] = b"\x1f\x8b";

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
        source.member(&unpacked_name(source.key), &bytes)
    }
}

/// The name of the packed file. The name in the header is ignored, because it may be outdated.
fn unpacked_name(key: &str) -> String {
    let Some((stem, ending)) = key.rsplit_once('.') else { return key.to_owned() };
    match ending.to_ascii_lowercase().as_str() {
        "gz" | "gzip" => stem.to_owned(),
        "tgz" => format!("{stem}.tar"),
        "svgz" => format!("{stem}.svg"),
        _ => key.to_owned(),
    }
}
