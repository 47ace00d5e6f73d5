//! Recognises binary formats by their first bytes, so that a refusal can name the format.

/// Bytes of a ZIP archive searched for names that identify an office file.
const ZIP_WINDOW: usize = 64 * 1_024;

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE compound file (such as VSD)"),
    (b"%!PS", "a PostScript document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7Z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an OGG recording"),
    (b"fLaC", "a FLAC recording"),
    (b"\0asm", "a WebAssembly program"),
];

/// The description, with an article, of a known format without an extractor.
pub(super) fn unsupported(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"RIFF") && matches!(bytes.get(8..12), Some(b"WEBP" | b"WAVE" | b"AVI ")) {
        return Some("a WEBP, WAV or AVI file");
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some("an MP4 recording or HEIF image");
    }
    SIGNATURES.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

/// The format of a ZIP package, by a name in it.
const INSIDE: &[(&[u8], &str)] = &[
    (b"application/epub+zip", "an EPUB book"),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file other than ODT, ODS and ODP"),
    (b"word/", "a Word document (DOCX)"),
    (b"xl/", "an Excel workbook (XLSX)"),
    (b"ppt/", "a PowerPoint presentation (PPTX)"),
];

/// The content of a ZIP archive, by the first names in it; works even if it cannot be opened.
pub(super) fn packed(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..ZIP_WINDOW).unwrap_or(bytes);
    INSIDE.iter().find(|(name, _)| contains(head, name)).map_or("a ZIP archive", |(_, name)| *name)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
