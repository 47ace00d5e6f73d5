//! Parses markup as browsers do, within bounds.
//!
//! In the HTML standard a few bytes can create any number of elements: unclosed formatting is reopened in every
//! following block, so that a megabyte becomes gigabytes; each tag searches the stack of open elements, and each
//! attribute all earlier ones. Parsing therefore proceeds piece by piece and stops at a depth, a number of nodes and
//! a number of attributes that no page for readers has.

use std::borrow::Cow;
use std::cell::{Cell, Ref};

use ego_tree::NodeId;
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};
use scraper::{Html, HtmlTreeSink};

use super::attributes;
use crate::Refusal;

/// Browsers stop nesting at 512.
const DEEPEST: usize = 512;
/// About 200 MiB of tree.
const MOST_NODES: usize = 1_000_000;
/// One node in this many is measured; walking up from every node would cost the square of the depth.
const SAMPLE: usize = 16;
/// Bytes parsed between two checks of the bounds.
const PIECE_BYTES: usize = 512;

/// Parses a document.
///
/// # Errors
/// When a bound is exceeded.
pub(super) fn parse(source: &str) -> Result<Html, Refusal> {
    let inner = HtmlTreeSink::new(Html::new_document());
    let sink = Bounded { inner, nodes: Cell::new(0), deepest: Cell::new(0), said: Cell::new(0) };
    let mut parser = parse_document(sink, ParseOpts::default());
    let mut at = 0;
    // the start of the last piece for which the parser reported something, and the bytes until the next check
    let (mut spoke, mut patience) = (0, attributes::most());
    while at < source.len() {
        let end = source.floor_char_boundary(at + PIECE_BYTES);
        let said = parser.tokenizer.sink.sink.said.get();
        parser.process(StrTendril::from_slice(source.get(at..end).unwrap_or_default()));
        let sink = &parser.tokenizer.sink.sink;
        sink.check()?;
        if sink.said.get() != said {
            (spoke, patience) = (at, attributes::most());
        } else if end - spoke > patience * 2 {
            // an attribute takes at least two bytes
            if attributes::too_many(source.get(spoke..end).unwrap_or_default(), PIECE_BYTES) {
                return Err(Refusal::TooComplex {
                    what: "too many attributes in one tag",
                    limit: attributes::most(),
                });
            }
            patience *= 2;
        }
        at = end;
    }
    Ok(parser.finish())
}

/// Counts what the parser builds.
struct Bounded {
    inner: HtmlTreeSink,
    nodes: Cell<usize>,
    deepest: Cell<usize>,
    /// Number of calls showing that a tag was read completely.
    said: Cell<usize>,
}

impl Bounded {
    fn check(&self) -> Result<(), Refusal> {
        if self.deepest.get() > DEEPEST {
            return Err(Refusal::TooComplex { what: "elements nested too deep", limit: DEEPEST });
        }
        if self.nodes.get() > MOST_NODES {
            return Err(Refusal::TooComplex { what: "too many elements", limit: MOST_NODES });
        }
        Ok(())
    }

    fn count(&self) {
        self.said.set(self.said.get() + 1);
        self.nodes.set(self.nodes.get() + 1);
    }

    /// Counts a child and checks its depth, looking no further up than the bound.
    fn measure(&self, parent: NodeId, child: &NodeOrText<NodeId>) {
        match child {
            NodeOrText::AppendText(_) => return self.count(),
            // elements nest one by one, so a sample sees every depth but for a few levels
            NodeOrText::AppendNode(_) if !self.nodes.get().is_multiple_of(SAMPLE) => return,
            NodeOrText::AppendNode(_) => {}
        }
        let page = self.inner.0.borrow();
        let depth =
            page.tree.get(parent).map_or(0, |parent| parent.ancestors().take(DEEPEST + 1).count() + 1);
        self.deepest.set(self.deepest.get().max(depth));
    }
}

impl TreeSink for Bounded {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Html {
        self.inner.finish()
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.inner.parse_error(message);
    }

    fn get_document(&self) -> NodeId {
        self.inner.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.inner.elem_name(target)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.count();
        self.inner.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.count();
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.count();
        self.inner.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.measure(*parent, &child);
        self.inner.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.measure(*element, &child);
        self.inner.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.inner.append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.inner.get_template_contents(target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        self.inner.same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, node: NodeOrText<NodeId>) {
        self.measure(*sibling, &node);
        self.inner.append_before_sibling(sibling, node);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        self.inner.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        self.inner.reparent_children(node, parent);
    }
}
