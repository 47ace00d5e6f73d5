//! Prepares XHTML for an HTML parser, which ignores self-closing tags: an empty `<title/>` or `<script/>` would
//! swallow the rest of the page.

use std::borrow::Cow;

/// Elements without content in HTML.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Adds an end tag to each self-closed element of an XML document. Other pages are unchanged.
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

/// The length of the tag, comment or section at the start of the markup.
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
