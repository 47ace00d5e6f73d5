//! XHTML for a reader of HTML: there an element that is closed in its own tag is not closed at all, and an empty
//! `<title/>` or `<script/>` would take the rest of the page with it.

use std::borrow::Cow;

/// Elements that have no content in HTML either.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Writes an end tag after each element of an XML document that is closed in its own tag. Other pages stay as they are.
pub(super) fn with_end_tags(source: &str) -> Cow<'_, str> {
    if !source.trim_start().starts_with("<?xml") {
        return Cow::Borrowed(source);
    }
    let mut whole = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at(at);
        whole.push_str(text);
        let length = tag_length(markup);
        let (tag, after) = markup.split_at(length);
        let name: &str = tag.get(1..).unwrap_or_default();
        let name = name.split(|next: char| next.is_ascii_whitespace() || matches!(next, '/' | '>')).next();
        match (name, tag.strip_suffix("/>")) {
            (Some(name), Some(open))
                if name.starts_with(|first: char| first.is_ascii_alphabetic()) && !VOID.contains(&name) =>
            {
                whole.extend([open, "></", name, ">"]);
            }
            _ => whole.push_str(tag),
        }
        rest = after;
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// How long the tag, comment or section is that the markup begins with.
fn tag_length(markup: &str) -> usize {
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if markup.starts_with(start) {
            return markup.find(end).map_or(markup.len(), |found| found + end.len());
        }
    }
    let mut quote = None;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    markup.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_elements_of_xml_that_close_themselves_get_an_end_tag() {
        let source = "<?xml version='1.0'?><html><title/><a x='1/>' y=\"<\"/>b<br/><!-- <p/> --><script src='s' />c < d</html>";
        assert_eq!(
            with_end_tags(source),
            "<?xml version='1.0'?><html><title></title><a x='1/>' y=\"<\"></a>b<br/><!-- <p/> --><script src='s' ></script>c < d</html>"
        );
        assert_eq!(with_end_tags("<p/>x"), "<p/>x");
        assert_eq!(with_end_tags("<?xml?><p title='open"), "<?xml?><p title='open");
    }
}
