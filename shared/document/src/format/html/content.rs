//! Finds the content of a web page, as opposed to what surrounds it.
//!
//! Measured against a statistical extractor (see FORMATS.md): markup is right more often, and where it is wrong the
//! page is read whole. Nothing is dropped for its class alone: navigation must consist of links, a cookie notice must
//! be short, and neither may contain the page's heading. Losing content is worse than keeping some of its
//! surroundings.

use std::collections::HashSet;

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::Node;

use super::element::{Role, name, role};

/// Minimum text in a `<main>` in bytes for it to be trusted.
const ENOUGH: usize = 200;
/// Maximum length of a cookie notice.
const LONGEST_NOTICE: usize = 3_000;
/// Maximum number of level-1 headings remembered.
const MOST_HEADINGS: usize = 100;
/// Common classes and ids of navigation.
const NAVIGATION: [&str; 24] = [
    "nav",
    "navbar",
    "navigation",
    "main-nav",
    "site-nav",
    "menu",
    "main-menu",
    "sidebar",
    "side-bar",
    "sidenav",
    "side-nav",
    "breadcrumb",
    "breadcrumbs",
    "pagination",
    "pager",
    "skip-link",
    "skip-nav",
    "skiplink",
    "site-header",
    "site-footer",
    "footer",
    "social",
    "share",
    "toc",
];
/// Common ids of elements around the content.
const CONTENT: [&str; 4] = ["content", "main-content", "main", "bodyContent"];

/// The part of a page to read.
pub(super) struct Content<'a> {
    pub(super) root: NodeRef<'a, Node>,
    /// The elements in it to skip.
    pub(super) dropped: HashSet<NodeId>,
    /// The page's heading, if it is outside of the content.
    pub(super) heading: Option<NodeRef<'a, Node>>,
}

impl<'a> Content<'a> {
    /// Everything except elements that are never content.
    pub(super) fn whole(root: NodeRef<'a, Node>) -> Self {
        Self { root, dropped: HashSet::new(), heading: None }
    }

    /// The main content of a web page.
    pub(super) fn main(root: NodeRef<'a, Node>) -> Self {
        let weighed = weigh(root);
        let total = weighed.total.text;
        let dropped: HashSet<NodeId> = weighed
            .found
            .iter()
            .filter(|found| found.is_around(total))
            .map(|found| found.node.id())
            .collect();
        let only = |kind: Kind, enough: &dyn Fn(usize) -> bool| {
            let mut found = weighed.found.iter().filter(|found| found.kind == kind && found.weight.text > 0);
            match (found.next(), found.next()) {
                (Some(found), None) if enough(found.weight.text) => Some(found.node),
                _ => None,
            }
        };
        let content = only(Kind::Main, &|text| text >= ENOUGH || text * 4 >= total)
            .or_else(|| only(Kind::Article, &|text| text * 3 >= total))
            .or_else(|| only(Kind::Content, &|text| text * 2 >= total))
            .unwrap_or(root);
        let read = |node: &NodeRef<'a, Node>| {
            node.ancestors().any(|above| above.id() == content.id())
                && !node.ancestors().any(|above| dropped.contains(&above.id()))
        };
        let headings = &weighed.headings;
        let heading = if headings.iter().any(read) { None } else { headings.first().copied() };
        Self { root: content, dropped, heading }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Main,
    Article,
    /// By its id.
    Content,
    /// By its role.
    Around,
    /// By its class or id.
    Navigation,
    Notice,
}

/// An element that may decide where the content is.
struct Found<'a> {
    node: NodeRef<'a, Node>,
    kind: Kind,
    weight: Weight,
}

/// The amount of content in an element.
#[derive(Clone, Copy, Default)]
struct Weight {
    /// Bytes of text other than white space.
    text: usize,
    /// How many of these bytes are in links.
    links: usize,
    /// Number of headings of the page, and of elements that claim to be its content.
    content: usize,
    buttons: usize,
}

impl Weight {
    /// The difference to an earlier state.
    fn since(self, before: Self) -> Self {
        Self {
            text: self.text.saturating_sub(before.text),
            links: self.links.saturating_sub(before.links),
            content: self.content.saturating_sub(before.content),
            buttons: self.buttons.saturating_sub(before.buttons),
        }
    }
}

impl Found<'_> {
    /// Whether it surrounds the content of a page with this much text.
    fn is_around(&self, total: usize) -> bool {
        let Weight { text, links, content, buttons } = self.weight;
        match self.kind {
            Kind::Main | Kind::Article | Kind::Content => false,
            Kind::Around => text * 2 <= total || links * 2 > text && text < total,
            Kind::Navigation => links * 2 > text && content == 0,
            Kind::Notice => text * 2 <= total && text <= LONGEST_NOTICE && content == 0 && buttons > 0,
        }
    }
}

/// The candidates in document order.
#[derive(Default)]
struct Weighed<'a> {
    found: Vec<Found<'a>>,
    /// The first non-empty level-1 headings.
    headings: Vec<NodeRef<'a, Node>>,
    total: Weight,
    /// Number of open links.
    links: usize,
    /// The open candidates.
    open: Vec<usize>,
}

/// Weighs all candidates in one pass.
fn weigh(root: NodeRef<'_, Node>) -> Weighed<'_> {
    let mut weighed = Weighed::default();
    let mut skipped = None;
    for edge in root.traverse() {
        match edge {
            Edge::Open(_) if skipped.is_some() => {}
            Edge::Open(node) if role(node) == Role::Dropped => {
                weighed.total.buttons += usize::from(name(node) == Some("button"));
                skipped = Some(node.id());
            }
            Edge::Open(node) => weighed.open(node),
            Edge::Close(node) if skipped == Some(node.id()) => skipped = None,
            Edge::Close(_) if skipped.is_some() => {}
            Edge::Close(node) => weighed.close(node),
        }
    }
    weighed
}

impl<'a> Weighed<'a> {
    fn open(&mut self, node: NodeRef<'a, Node>) {
        if let Some(text) = node.value().as_text() {
            let length: usize = text.split_ascii_whitespace().map(str::len).sum();
            self.total.text += length;
            self.total.links += if self.links > 0 { length } else { 0 };
            return;
        }
        if let Some(kind) = kind(node) {
            self.open.push(self.found.len());
            self.found.push(Found { node, kind, weight: self.total });
        }
        match name(node) {
            Some("a") => self.links += 1,
            Some("main" | "article") => self.total.content += 1,
            Some("h1") => {
                self.total.content += 1;
                if self.headings.len() < MOST_HEADINGS && !super::text_of(node).trim().is_empty() {
                    self.headings.push(node);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, node: NodeRef<'a, Node>) {
        self.links -= usize::from(name(node) == Some("a"));
        let last = self.open.last().and_then(|last| self.found.get_mut(*last));
        if let Some(found) = last.filter(|found| found.node.id() == node.id()) {
            found.weight = self.total.since(found.weight);
            self.open.pop();
        }
    }
}

fn kind(node: NodeRef<'_, Node>) -> Option<Kind> {
    let element = node.value().as_element()?;
    match (element.name(), element.attr("role"), role(node)) {
        ("main", ..) | (_, Some("main"), _) => return Some(Kind::Main),
        ("article", ..) => return Some(Kind::Article),
        (_, _, Role::Around) => return Some(Kind::Around),
        ("div" | "ul" | "ol" | "p" | "section", ..) => {}
        _ => return None,
    }
    // a section's id is often derived from its heading
    let id = element.attr("id").filter(|_| element.name() != "section").unwrap_or_default();
    let class = element.attr("class").unwrap_or_default();
    let mut names = class.split_ascii_whitespace().chain([id]);
    let is = |known: &[&str], name: &str| known.iter().any(|known| name.eq_ignore_ascii_case(known));
    if names.clone().any(|name| is(&NAVIGATION, name)) {
        return Some(Kind::Navigation);
    }
    let about_cookies = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["cookie", "consent", "gdpr"].iter().any(|word| name.contains(word))
    };
    if names.any(about_cookies) {
        return Some(Kind::Notice);
    }
    is(&CONTENT, id).then_some(Kind::Content)
}
