//! The role of each JATS element for a reader.

/// Metadata elements, or elements that repeat others.
const ABOUT: [&str; 24] = [
    "journal-meta",
    "article-id",
    "article-categories",
    "pub-date",
    "history",
    "permissions",
    "counts",
    "custom-meta-group",
    "custom-meta",
    "self-uri",
    "volume-id",
    "object-id",
    "contrib-id",
    "tex-math",
    "textual-form",
    "related-article",
    "journal-id",
    "processing-meta",
    "pub-history",
    "award-group",
    "alt-text",
    "alt-title",
    "elocation-id",
    "article-version",
];
/// Inline elements.
const INLINE: [&str; 25] = [
    "caption",
    "italic",
    "bold",
    "sup",
    "sub",
    "sc",
    "monospace",
    "underline",
    "overline",
    "strike",
    "roman",
    "sans-serif",
    "xref",
    "ext-link",
    "named-content",
    "styled-content",
    "email",
    "uri",
    "abbrev",
    "inline-formula",
    "inline-graphic",
    "break",
    "math",
    "milestone-start",
    "milestone-end",
];
/// Elements whose text forms a block.
const BLOCKS: [&str; 37] = [
    "front",
    "article-meta",
    "body",
    "back",
    "floats-group",
    "sub-article",
    "response",
    "front-stub",
    "aff",
    "author-notes",
    "corresp",
    "fn-group",
    "fn",
    "p",
    "title",
    "subtitle",
    "fig",
    "fig-group",
    "table-wrap",
    "table-wrap-foot",
    "supplementary-material",
    "media",
    "disp-formula",
    "disp-quote",
    "def-list",
    "def-item",
    "def",
    "term",
    "ref",
    "app-group",
    "verse-group",
    "verse-line",
    "speech",
    "statement",
    "attrib",
    "funding-group",
    "funding-statement",
];

/// How an element takes part in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Root,
    /// Skipped, including its children.
    Skipped,
    /// Part of the surrounding text.
    Inline,
    /// The same, but separated from an element directly before it, because style sheets put punctuation between them.
    Word,
    Block,
    /// The number of a figure, note or section: it begins the block.
    Label,
    /// The group with the title of the article itself, not of one it refers to.
    TitleGroup,
    /// Entries with commas between them, and one of them.
    Entries,
    Entry,
    /// The name of an author.
    Name,
    /// A heading.
    Title,
    /// A section, with its default heading.
    Section(Option<&'static str>),
    List,
    Item,
    Table,
    Code,
}

/// The role of an element within another one.
pub(super) fn role(name: &str, within: Option<Role>) -> Role {
    match name {
        "article" if within.is_none() => Role::Root,
        "volume" | "issue" | "fpage" | "lpage" | "page-range" if within == Some(Role::Block) => Role::Skipped,
        "title-group" => Role::TitleGroup,
        "article-title" if within == Some(Role::TitleGroup) => Role::Title,
        "contrib-group" | "kwd-group" => Role::Entries,
        "contrib" | "kwd" => Role::Entry,
        "name" if within == Some(Role::Entry) => Role::Name,
        "title" if matches!(within, Some(Role::Section(_))) => Role::Title,
        "sec" | "ack" | "app" | "glossary" | "boxed-text" | "notes" | "bio" => Role::Section(None),
        "abstract" | "trans-abstract" => Role::Section(Some("Abstract")),
        "ref-list" => Role::Section(Some("References")),
        "list" => Role::List,
        "list-item" => Role::Item,
        "table" => Role::Table,
        "code" | "preformat" => Role::Code,
        "label" => Role::Label,
        _ if ABOUT.contains(&name) => Role::Skipped,
        _ if INLINE.contains(&name) => Role::Inline,
        _ if BLOCKS.contains(&name) => Role::Block,
        _ => Role::Word,
    }
}
