//! The meaning of an inline HTML tag for the surrounding text.

/// What to show of a tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Markup or a comment: nothing is shown.
    Nothing,
    /// `<br>`.
    LineBreak,
    /// Not HTML at all, but a word in angle brackets such as `<bucket-name>`.
    Word,
}

/// HTML elements, current and historical, that occur within running text.
const KNOWN: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "audio",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "figcaption",
    "figure",
    "font",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "map",
    "mark",
    "meta",
    "meter",
    "nobr",
    "noscript",
    "object",
    "ol",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Classifies one tag, comment or declaration from the parser.
pub(super) fn meaning(tag: &str) -> Meaning {
    let inner = tag.trim_start_matches('<').trim_start_matches('/');
    if inner.starts_with(['!', '?']) {
        return Meaning::Nothing;
    }
    let end = inner.find(|character: char| character.is_whitespace() || matches!(character, '/' | '>'));
    let name = inner.get(..end.unwrap_or(inner.len())).unwrap_or(inner);
    if name.eq_ignore_ascii_case("br") {
        return Meaning::LineBreak;
    }
    // with attributes it is a component of a page framework; words have none
    let has_attributes = tag.contains('=');
    if has_attributes || KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        Meaning::Nothing
    } else {
        Meaning::Word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_words() {
        for (tag, expected) in [
            ("<a name=\"x\">", Meaning::Nothing),
            ("</a>", Meaning::Nothing),
            ("<!-- note -->", Meaning::Nothing),
            ("<BR/>", Meaning::LineBreak),
            ("<br>", Meaning::LineBreak),
            ("<bucket-name>", Meaning::Word),
            ("<yourEndpoint>", Meaning::Word),
            ("<Tabs value=\"a\">", Meaning::Nothing),
        ] {
            assert_eq!(meaning(tag), expected, "{tag}");
        }
    }
}
