//! Why a document cannot be read. Each cause is meant for a person, and ends up in a dead letter.

/// A document that this version cannot read. Trying again gives the same result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are of a known format without an extractor.
    #[error(
        "this is {format}, which is not supported yet; store its text as plain text, markdown or html, or exclude its prefix"
    )]
    Unsupported {
        /// The format with its article, e.g. `a PDF document`.
        format: &'static str,
    },
    /// The bytes are not text in any encoding.
    #[error(
        "this is binary data, not text ({sign}); store text, or exclude its prefix from what is ingested"
    )]
    NotText {
        /// What shows that it is binary.
        sign: &'static str,
    },
    /// The bytes look like text, but no encoding decodes them.
    #[error(
        "the text cannot be decoded: {encoding} fits best, and {damaged} of {characters} characters are damaged in it; store it as utf-8"
    )]
    Undecodable {
        /// The best guess, by its WHATWG name.
        encoding: &'static str,
        /// Number of characters that this encoding cannot decode.
        damaged: usize,
        /// Total number of characters in this encoding.
        characters: usize,
    },
    /// The markup is built to exhaust its reader.
    #[error("the markup has {what}, more than the {limit} that are read; simplify it, or store its text")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The document is password-protected or encrypted.
    #[error("this is {format} that needs a password; store it without one")]
    Encrypted {
        /// The format with its article.
        format: &'static str,
    },
    /// The file is damaged.
    #[error("this is {format} that is damaged ({cause}); open and save it again, or exclude it")]
    Damaged {
        /// The format with its article.
        format: &'static str,
        /// What is wrong, as reported by the parser.
        cause: String,
    },
    /// No file in an archive can be read.
    #[error("this is {format} of which no file can be read; the first, {name}: {cause}")]
    NothingReadable {
        /// The archive with its article.
        format: &'static str,
        /// The path of the first file.
        name: String,
        /// Why it cannot be read.
        cause: String,
    },
    /// The text in it must be recognised first (OCR).
    #[error("{what}, and no text recognition (OCR) is built in; run OCR over it and store the result")]
    NoTextLayer {
        /// What it is, with its article, and what it contains instead of text.
        what: String,
    },
    /// The unpacked content is too large.
    #[error(
        "it unpacks to more than {limit} bytes; raise MILLRACE_EXTRACT_UNPACKED, or store its files one by one"
    )]
    UnpacksTooFar {
        /// The limit in bytes.
        limit: u64,
    },
    /// There is not enough memory for the unpacked content.
    #[error(
        "unpacking it takes more memory than there is; raise MILLRACE_EXTRACT_MEMORY, or store its files one by one"
    )]
    OutOfMemory,
    /// The document has too much text.
    #[error("it has more than {limit} bytes of text; raise MILLRACE_EXTRACT_TEXT, or split the file")]
    TooMuchText {
        /// The limit in bytes.
        limit: usize,
    },
    /// Documents are nested too deep.
    #[error(
        "files lie more than {limit} deep within one another; raise MILLRACE_EXTRACT_NESTING, or unpack it"
    )]
    NestedTooDeep {
        /// The limit.
        limit: usize,
    },
    /// The document contains too many others.
    #[error("it holds more than {limit} files; raise MILLRACE_EXTRACT_MEMBERS, or store them one by one")]
    TooManyMembers {
        /// The limit.
        limit: usize,
    },
}

impl Refusal {
    /// Whether the enclosing document must be refused too: its bounds are used up, so the rest could not be read.
    /// Otherwise the member is left out with its cause, and its neighbours are read.
    #[must_use]
    pub fn ends_all(&self) -> bool {
        match self {
            Self::UnpacksTooFar { .. }
            | Self::OutOfMemory
            | Self::TooMuchText { .. }
            | Self::TooManyMembers { .. } => true,
            Self::Unsupported { .. }
            | Self::NotText { .. }
            | Self::Undecodable { .. }
            | Self::TooComplex { .. }
            | Self::Encrypted { .. }
            | Self::Damaged { .. }
            | Self::NoTextLayer { .. }
            | Self::NothingReadable { .. }
            | Self::NestedTooDeep { .. } => false,
        }
    }
}
