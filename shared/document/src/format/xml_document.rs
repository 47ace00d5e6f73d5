//! XML of an unknown kind: one block for each element with text of its own, headings from `<title>`.
//!
//! Attributes are not shown. A document with nothing else, or one that is not well-formed, is read as text. Markup
//! within text (as in news feeds) is read as HTML.

use super::xml::{self, Node, Xml};
use super::{Format, Source, has_extension, html, text};
use crate::composer::Composer;
use crate::{Extracted, Refusal};

/// What it is called in a refusal.
const FORMAT: &str = "an XML document";
/// Maximum depth of headings.
const DEEPEST_HEADING: usize = 9;

/// XML, recognised by its declaration or by the file extension.
pub(super) struct XmlDocument;

impl Format for XmlDocument {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        html::head(bytes).trim_start().starts_with("<?xml")
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["xml", "rss", "atom"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let decoded = xml::decode(FORMAT, source.bytes)?;
        let mut composer = Composer::new();
        match read(&mut composer, &decoded) {
            Ok(()) if !composer.is_empty() => Ok(composer.finish(self.name())),
            Ok(()) | Err(Refusal::Damaged { .. }) => text::Text.extract(source),
            Err(refusal) => Err(refusal),
        }
    }
}

fn read(composer: &mut Composer, source: &str) -> Result<(), Refusal> {
    let mut xml = Xml::new(FORMAT, source);
    let (mut depth, mut collected) = (0_usize, String::new());
    // the outermost element with text of its own; everything in it belongs to the same block
    let mut block: Option<usize> = None;
    let mut title = None;
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => {
                depth += 1;
                if block.is_none() && title.is_none() && matches!(tag.name(), "title" | "head") {
                    title = Some(depth);
                }
            }
            Node::Text(text) => {
                if block.is_none() && !text.trim().is_empty() {
                    block = Some(depth);
                }
                collected.push_str(&text);
            }
            Node::Close(_) => {
                if title == Some(depth) {
                    let level = depth.saturating_sub(1).clamp(1, DEEPEST_HEADING);
                    composer.heading(u8::try_from(level).unwrap_or(1), &collected);
                    (title, block) = (None, None);
                    collected.clear();
                } else if block == Some(depth) || block.is_none() {
                    add(composer, &std::mem::take(&mut collected))?;
                    block = None;
                }
                depth = depth.saturating_sub(1);
            }
        }
    }
    Ok(())
}

fn add(composer: &mut Composer, text: &str) -> Result<(), Refusal> {
    if text.contains("</") || text.contains("<br") {
        return html::read_fragment(composer, text);
    }
    composer.inline(text);
    composer.flush();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::extract_as;

    fn read(source: &str) -> Extracted {
        extract_as(&XmlDocument, source.as_bytes()).unwrap()
    }

    #[test]
    fn an_element_with_text_is_a_block_and_a_title_is_a_heading() {
        let found = read(
            "<?xml version='1.0'?><rss><channel><title>News &amp; more</title><item><title>One <i>x</i></title>\
             <description>&lt;p&gt;A &lt;b&gt;b&lt;/b&gt;&lt;/p&gt;<![CDATA[<ul><li>c</ul></p>]]></description></item>\
             <item><title>Two</title><p>mixed <b>text</b> here</p> tail<empty a='1'/></item></channel></rss>",
        );
        let blocks: Vec<_> = found
            .blocks
            .iter()
            .map(|block| (block.heading_path.join(">"), &found.text[block.range.clone()]))
            .collect();
        let expected = [
            ("", "News & more"),
            ("News & more", "One x"),
            ("News & more>One x", "A b"),
            ("News & more>One x", "- c"),
            ("News & more", "Two"),
            ("News & more>Two", "mixed text here"),
            ("News & more>Two", "tail"),
        ];
        assert_eq!(blocks, expected.map(|(path, text)| (path.to_owned(), text)));
    }

    #[test]
    fn what_has_no_text_or_is_not_well_formed_is_read_as_text() {
        for source in ["<?xml version='1.0'?><bean id='x'/>", "<?xml version='1.0'?><a>text<b></a>", "<a"] {
            let found = read(source);
            assert_eq!((found.format.as_str(), found.text.as_str()), ("text", source));
        }
        assert_eq!(crate::extract("x.txt", b" <?xml version='1.0'?><a>b</a>").unwrap().format, "xml");
        assert_eq!(crate::extract("x.md", b"<p>not xml</p>").unwrap().format, "markdown");
    }
}
