//! The role of each HTML element for a reader.

use ego_tree::NodeRef;
use scraper::Node;

/// How an element takes part in the reading text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Not content, including its children.
    Dropped,
    /// Surrounds the content of a page, unless the page consists of it: see [`super::content`].
    Around,
    /// Part of the surrounding text.
    Inline,
    /// Its `alt` text is part of the surrounding text.
    Image,
    LineBreak,
    /// Separates blocks before, in and after it.
    Block,
    Heading(u8),
    List,
    OrderedList,
    Item,
    Preformatted,
    Table,
}

/// The element's name; nothing for text and comments.
pub(super) fn name(node: NodeRef<'_, Node>) -> Option<&str> {
    node.value().as_element().map(scraper::node::Element::name)
}

/// The role of a node; a node that is not an element counts as inline.
pub(super) fn role(node: NodeRef<'_, Node>) -> Role {
    let Some(name) = name(node) else { return Role::Inline };
    if hidden(node) {
        return Role::Dropped;
    }
    if let Some(role) = stated(node) {
        return role;
    }
    match name {
        "head" | "script" | "style" | "template" | "noscript" | "nav" | "svg" | "iframe" | "object"
        | "embed" | "canvas" | "audio" | "video" | "button" | "select" | "textarea" | "datalist"
        | "input" => Role::Dropped,
        // only those of the page; in an article they hold its title and author
        "header" | "footer" if !within_content(node) => Role::Around,
        "aside" => Role::Around,
        "img" => Role::Image,
        "br" => Role::LineBreak,
        "h1" => Role::Heading(1),
        "h2" => Role::Heading(2),
        "h3" => Role::Heading(3),
        "h4" => Role::Heading(4),
        "h5" => Role::Heading(5),
        "h6" => Role::Heading(6),
        "ul" | "menu" | "dir" => Role::List,
        "ol" => Role::OrderedList,
        "li" => Role::Item,
        "pre" | "listing" | "xmp" | "plaintext" => Role::Preformatted,
        "table" => Role::Table,
        "html" | "body" | "main" | "article" | "section" | "header" | "footer" | "div" | "p"
        | "blockquote" | "center" | "address" | "details" | "summary" | "dialog" | "dl" | "dt" | "dd"
        | "figure" | "figcaption" | "form" | "fieldset" | "legend" | "hgroup" | "hr" | "search"
        | "caption" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" | "option" | "frameset"
        | "noframes" => Role::Block,
        _ => Role::Inline,
    }
}

/// The role that an element states in its attributes, whatever its name.
fn stated(node: NodeRef<'_, Node>) -> Option<Role> {
    let element = node.value().as_element()?;
    match element.attr("role")?.trim() {
        "navigation" | "search" | "menu" | "menubar" | "toolbar" => Some(Role::Dropped),
        "banner" | "contentinfo" if !within_content(node) => Some(Role::Around),
        "complementary" => Some(Role::Around),
        "heading" => {
            let level = element.attr("aria-level").and_then(|level| level.trim().parse().ok());
            Some(Role::Heading(level.unwrap_or(2).clamp(1, 6)))
        }
        _ => None,
    }
}

/// The text alternative of a picture.
pub(super) fn alternative(node: NodeRef<'_, Node>) -> &str {
    node.value().as_element().and_then(|image| image.attr("alt")).unwrap_or_default()
}

fn hidden(node: NodeRef<'_, Node>) -> bool {
    let Some(element) = node.value().as_element() else { return false };
    let closed_dialog = element.name() == "dialog" && element.attr("open").is_none();
    closed_dialog
        || element.attr("hidden").is_some_and(|value| !value.eq_ignore_ascii_case("until-found"))
        || element.attr("aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || element.attr("style").is_some_and(hides)
}

fn hides(style: &str) -> bool {
    style.split(';').filter_map(|rule| rule.split_once(':')).any(|(property, value)| {
        let value = value.trim().trim_end_matches("!important").trim_end();
        match property.trim().to_ascii_lowercase().as_str() {
            "display" => value.eq_ignore_ascii_case("none"),
            "visibility" => value.eq_ignore_ascii_case("hidden"),
            _ => false,
        }
    })
}

fn within_content(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().any(|above| matches!(name(above), Some("main" | "article" | "section")))
}
