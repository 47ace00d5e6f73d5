//! Why a document cannot be read. Each cause is one a person agrees with, and ends as the cause of a dead letter.

/// A document that this version does not read. The caller refuses it; trying again gives the same answer.
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
        /// What gave it away.
        sign: &'static str,
    },
    /// The bytes look like text, but no encoding reads them.
    #[error(
        "the text cannot be decoded: {encoding} fits best, and {damaged} of {characters} characters are damaged in it; store it as utf-8"
    )]
    Undecodable {
        /// The best guess, by its WHATWG name.
        encoding: &'static str,
        /// Characters that the guess cannot read.
        damaged: usize,
        /// All characters read with the guess.
        characters: usize,
    },
    /// The markup is built to exhaust its reader.
    #[error("the markup has {what}, more than the {limit} that are read; simplify it, or store its text")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// The largest number that is read.
        limit: usize,
    },
    /// The document is locked.
    #[error("this is {format} that needs a password; store it without one")]
    Encrypted {
        /// The format with its article.
        format: &'static str,
    },
    /// The bytes are not what the format asks for.
    #[error("this is {format} that is damaged ({cause}); open and save it again, or exclude it")]
    Damaged {
        /// The format with its article.
        format: &'static str,
        /// What is wrong, in the words of whoever noticed.
        cause: String,
    },
    /// Not one of the files in an archive can be read.
    #[error("this is {format} of which no file can be read; the first, {name}: {cause}")]
    NothingReadable {
        /// The archive with its article.
        format: &'static str,
        /// The path of the first file.
        name: String,
        /// Why it cannot be read.
        cause: String,
    },
    /// What it holds has to be recognised.
    #[error("{what}, and no text recognition (OCR) is built in; run OCR over it and store the result")]
    NoTextLayer {
        /// What it is, with its article, and what it holds instead of text.
        what: String,
    },
    /// What is packed in the document takes too much space.
    #[error(
        "it unpacks to more than {limit} bytes; raise MILLRACE_EXTRACT_UNPACKED, or store its files one by one"
    )]
    UnpacksTooFar {
        /// The limit in bytes.
        limit: u64,
    },
    /// There is no memory left for what is packed in the document.
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
    /// Documents lie too deep within one another.
    #[error(
        "files lie more than {limit} deep within one another; raise MILLRACE_EXTRACT_NESTING, or unpack it"
    )]
    NestedTooDeep {
        /// The limit.
        limit: usize,
    },
    /// The document holds too many others.
    #[error("it holds more than {limit} files; raise MILLRACE_EXTRACT_MEMBERS, or store them one by one")]
    TooManyMembers {
        /// The limit.
        limit: usize,
    },
}

impl Refusal {
    /// Whether it must also end the document around the one that is refused: its bounds are spent, and what follows
    /// could not be read. Any other member is left out with its cause, and its neighbours are read.
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
