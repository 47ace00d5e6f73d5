//! HTML, as the text that a reader sees in a browser, without what surrounds the content.
//!
//! Dropped: scripts, styles, navigation, controls, hidden elements; on a web page also its header, footer and
//! sidebars (see [`content`]). Kept: headings as the heading path, list markers, `<pre>` verbatim, tables as lines
//! with cells separated by ` | ` (a layout table is read as the blocks in it), the `alt` of images. White space
//! collapses, entities are decoded. Time and memory are bounded whatever the markup: see [`tree`].

mod article;
mod attributes;
mod content;
mod declared;
mod element;
mod language;
mod table;
mod tree;
mod xhtml;

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use encoding_rs::Encoding;
use scraper::Node;

use self::content::Content;
use self::element::{Role, role};
pub(super) use self::language::language_code;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal, encoding};

/// Bytes in which a page must declare its encoding, and in which its first tag is searched.
const HEAD_BYTES: usize = 4_096;

/// HTML and XHTML, recognised by the first tag or by the file extension.
pub(super) struct Html;

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        opens_as_html(bytes)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["html", "htm", "xhtml"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        read_page(source.bytes)
    }
}

/// Reads a web page.
///
/// # Errors
/// When it cannot be decoded, or is built to exhaust its reader.
fn read_page(bytes: &[u8]) -> Result<Extracted, Refusal> {
    let source = markup(bytes, None)?;
    let page = tree::parse(&source)?;
    let mut composer = Composer::new();
    if let Some(title) = page.tree.nodes().find_map(title_of) {
        composer.declare_title(&title);
    }
    read(&mut composer, &Content::main(page.tree.root()));
    let mut extracted = composer.finish(Html.name());
    if declared::is_article(page.tree.root()) {
        extracted = article::only(&source, page.tree.root(), extracted);
    }
    extracted.language = page.tree.nodes().find_map(language_of);
    Ok(extracted)
}

/// Reads a page that is content as a whole, such as a page of a book or a message, into the surrounding text;
/// `declared` is the encoding stated outside of it.
///
/// # Errors
/// When it cannot be decoded, or is built to exhaust its reader.
pub(super) fn read_whole(
    composer: &mut Composer,
    bytes: &[u8],
    declared: Option<&'static Encoding>,
) -> Result<(), Refusal> {
    let page = parse(bytes, declared)?;
    read(composer, &Content::whole(page.tree.root()));
    Ok(())
}

/// Reads markup within another document into its text.
///
/// # Errors
/// When the markup is built to exhaust its reader.
pub(super) fn read_fragment(composer: &mut Composer, markup: &str) -> Result<(), Refusal> {
    let page = tree::parse(markup)?;
    read(composer, &Content::whole(page.tree.root()));
    Ok(())
}

fn parse(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<scraper::Html, Refusal> {
    tree::parse(&markup(bytes, declared)?)
}

/// The markup, decoded, as a parser of HTML reads it.
fn markup(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, Refusal> {
    let source = encoding::decode(bytes, declared.or_else(|| declared_encoding(bytes)))?;
    Ok(xhtml::with_end_tags(&source).into_owned())
}

/// The ASCII text at the start; zero bytes are dropped, so that UTF-16 can be read too.
pub(super) fn head(bytes: &[u8]) -> String {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    head.iter()
        .filter(|byte| byte.is_ascii() && **byte != 0)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

fn opens_as_html(bytes: &[u8]) -> bool {
    let head = head(bytes);
    let mut rest = head.trim_start();
    loop {
        let comment = rest.strip_prefix("<!--").and_then(|inner| inner.split_once("-->"));
        let declaration = rest.strip_prefix("<?").and_then(|inner| inner.split_once('>'));
        match comment.or(declaration) {
            Some((_, after)) => rest = after.trim_start(),
            None => break,
        }
    }
    let opening = |tag: &str| {
        rest.strip_prefix(tag)
            .is_some_and(|after| after.starts_with(|next: char| !next.is_ascii_alphanumeric()))
    };
    opening("<!doctype html") || opening("<html")
}

/// The encoding declared at the start of an HTML or XML document.
pub(super) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = head(bytes);
    ["charset=", "encoding="].into_iter().find_map(|key| {
        let (_, value) = head.split_once(key)?;
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let end = value
            .find(|next: char| next.is_whitespace() || matches!(next, '"' | '\'' | '>' | ';' | '/' | '?'));
        let encoding = Encoding::for_label(value.get(..end?)?.as_bytes())?;
        // a declaration readable as ASCII is not in UTF-16
        Some(if encoding.is_ascii_compatible() { encoding } else { encoding_rs::UTF_8 })
    })
}

fn title_of(node: NodeRef<'_, Node>) -> Option<String> {
    let in_head = || node.parent().and_then(|parent| element::name(parent)) == Some("head");
    (element::name(node) == Some("title") && in_head()).then(|| text_of(node))
}

/// All text below a node, as it stands.
fn text_of(node: NodeRef<'_, Node>) -> String {
    node.descendants().filter_map(|node| node.value().as_text().map(|text| &**text)).collect()
}

fn language_of(node: NodeRef<'_, Node>) -> Option<String> {
    let root = node.value().as_element().filter(|element| element.name() == "html")?;
    language_code(root.attr("lang").or_else(|| root.attr("xml:lang"))?)
}

/// Walks the tree in document order, without recursion, because markup may nest arbitrarily deep.
fn read(composer: &mut Composer, content: &Content<'_>) {
    if let Some(heading) = content.heading {
        composer.heading(1, &text_of(heading));
    }
    let mut skipped = None;
    let mut heading = None;
    for edge in content.root.traverse() {
        match edge {
            Edge::Open(_) if skipped.is_some() => {}
            Edge::Open(node) if content.dropped.contains(&node.id()) => skipped = Some(node.id()),
            Edge::Open(node) => {
                if let Some(text) = node.value().as_text() {
                    composer.inline(text);
                } else if heading.is_some() && !matches!(role(node), Role::Dropped) {
                    // everything in a heading is its text
                    composer.inline(" ".get(usize::from(role(node) == Role::Inline)..).unwrap_or_default());
                } else {
                    match open(composer, node) {
                        Inside::Read => {}
                        Inside::Skip => skipped = Some(node.id()),
                        Inside::Heading => heading = Some(node.id()),
                    }
                }
            }
            Edge::Close(node) if skipped == Some(node.id()) => skipped = None,
            Edge::Close(_) if skipped.is_some() => {}
            Edge::Close(node) if heading == Some(node.id()) => {
                heading = None;
                close(composer, node);
            }
            Edge::Close(_) if heading.is_some() => {}
            Edge::Close(node) => close(composer, node),
        }
    }
    composer.flush();
}

/// How to proceed with the children of an opened node.
enum Inside {
    Read,
    Skip,
    Heading,
}

fn open(composer: &mut Composer, node: NodeRef<'_, Node>) -> Inside {
    match role(node) {
        Role::Dropped => return Inside::Skip,
        Role::Inline => {}
        Role::Image => {
            composer.inline(&format!(" {} ", element::alternative(node)));
        }
        Role::LineBreak => composer.line_break(),
        Role::Block | Role::Around => composer.flush(),
        Role::Heading(_) => {
            composer.flush();
            return Inside::Heading;
        }
        Role::List => composer.open_list(None),
        Role::OrderedList => {
            let start = node.value().as_element().and_then(|list| list.attr("start"));
            composer.open_list(Some(start.and_then(|start| start.parse().ok()).unwrap_or(1)));
        }
        Role::Item => composer.open_item(),
        Role::Preformatted => {
            composer.flush();
            composer.block(BlockKind::Code, &text_of(node));
            return Inside::Skip;
        }
        Role::Table => {
            composer.flush();
            if let Some(table) = table::read(node) {
                composer.table(&table.rows, table.header_rows);
                return Inside::Skip;
            }
        }
    }
    Inside::Read
}

fn close(composer: &mut Composer, node: NodeRef<'_, Node>) {
    match role(node) {
        Role::Heading(level) => {
            let text = composer.take_line();
            // documentation generators put a link to itself after a heading
            composer.heading(level, text.trim_end_matches(['¶', '#', '\u{f0c1}']));
        }
        Role::List | Role::OrderedList => composer.close_list(),
        Role::Item => composer.close_item(),
        Role::Block | Role::Around | Role::Table => composer.flush(),
        Role::Dropped | Role::Inline | Role::Image | Role::LineBreak | Role::Preformatted => {}
    }
}

#[cfg(test)]
mod tests;
