//! Separates a message's body from its attachments.

use encoding_rs::Encoding;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::head::Head;
use super::mime::{Entity, MimeTree};
use crate::composer::Composer;
use crate::format::{html, text};
use crate::{Extracted, Refusal, encoding};

/// An alternative with less than 1 / this of an earlier one's text is not better.
const SAYS_LESS: usize = 2;

/// The texts of a body in reading order, and the numbers of the attached entities.
#[derive(Default)]
pub(super) struct Content {
    pub(super) texts: Vec<Extracted>,
    pub(super) attachments: Vec<usize>,
    /// Unreadable parts of the body, with their causes.
    pub(super) left_out: Vec<(String, String)>,
}

impl Content {
    fn append(&mut self, mut other: Self) {
        self.texts.append(&mut other.texts);
        self.attachments.append(&mut other.attachments);
        self.left_out.append(&mut other.left_out);
    }

    /// The amount of text: bytes of words that are not URLs.
    fn says(&self) -> usize {
        let words = self.texts.iter().flat_map(|text| text.text.split_whitespace());
        words.filter(|word| !word.contains("://")).map(str::len).sum()
    }
}

/// Reads the body of a message.
///
/// # Errors
/// When the only body cannot be read.
pub(super) fn gather(tree: &MimeTree, message: &[u8]) -> Result<Content, Refusal> {
    match tree.root() {
        None => Ok(Content::default()),
        Some(root) if root.children.is_empty() && is_body(&root.head) => {
            Ok(Content { texts: vec![read(root, message)?], ..Content::default() })
        }
        Some(_) => Ok(below(tree, message, 0)),
    }
}

/// The content of an entity and its children; recursion is bounded by the nesting of multiparts.
fn below(tree: &MimeTree, message: &[u8], index: usize) -> Content {
    let mut content = Content::default();
    let Some(entity) = tree.entity(index) else { return content };
    if entity.children.is_empty() {
        leaf(&mut content, index, entity, message);
        return content;
    }
    let children = || entity.children.iter().map(|child| below(tree, message, *child));
    match entity.head.kind.as_str() {
        "multipart/alternative" => richest(children()),
        "multipart/digest" => {
            content.attachments.clone_from(&entity.children);
            content
        }
        _ => {
            children().for_each(|child| content.append(child));
            content
        }
    }
}

fn leaf(content: &mut Content, index: usize, entity: &Entity, message: &[u8]) {
    let head = &entity.head;
    if is_body(head) {
        match read(entity, message) {
            Ok(text) => content.texts.push(text),
            Err(refusal) => content.left_out.push((head.kind.clone(), refusal.to_string())),
        }
    } else if !is_signature(&head.kind) && (head.name.is_some() || !belongs_to_layout(&head.kind)) {
        content.attachments.push(index);
    }
}

/// Chooses among alternatives. Attachments of the others are kept.
fn richest(alternatives: impl Iterator<Item = Content>) -> Content {
    let mut best = Content::default();
    for mut next in alternatives {
        let better = next.says() > 0 && next.says() * SAYS_LESS >= best.says();
        if better {
            std::mem::swap(&mut best, &mut next);
        }
        best.attachments.append(&mut next.attachments);
        best.left_out.append(&mut next.left_out);
    }
    best.attachments.sort_unstable();
    best
}

/// Whether the text is shown with the message; multiparts without parts are shown as they are.
fn is_body(head: &Head) -> bool {
    let shown = matches!(head.kind.as_str(), "" | "text/plain" | "text/html" | "text/enriched");
    (shown || head.kind.starts_with("multipart/")) && !head.attached && head.name.is_none()
}

/// Types without text of their own: pictures and style sheets. If they have a name, somebody attached them as files.
fn belongs_to_layout(kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or_default();
    matches!(family, "image" | "audio" | "video" | "font") || kind == "text/css"
}

/// Types that only prove who sent the message.
fn is_signature(kind: &str) -> bool {
    matches!(
        kind,
        "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature"
    )
}

fn read(entity: &Entity, message: &[u8]) -> Result<Extracted, Refusal> {
    let head = &entity.head;
    // a body with a wrong transfer encoding is shown as it is
    let bytes = entity.decoded(message).unwrap_or_else(|| entity.raw(message).into());
    let label = head.charset.as_deref().unwrap_or_default().as_bytes();
    let declared = Encoding::for_label(label);
    if head.kind == "text/html" {
        let mut composer = Composer::new();
        html::read_whole(&mut composer, &bytes, declared)?;
        return Ok(composer.finish("html"));
    }
    let read = match (declared, charset_decoder(label)) {
        // mail charsets that browsers do not know, such as utf-7
        (None, Some(decode)) if !label.is_empty() => decode(&bytes),
        _ => encoding::decode(&bytes, declared)?,
    };
    Ok(text::read_text(if head.flowed { unflow(&read) } else { read }))
}

/// Rejoins lines that were wrapped for display (RFC 3676): a space at the end continues the line.
fn unflow(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let goes_on = content.ends_with(' ') && content != "-- " && !content.starts_with('>');
        whole.push_str(if goes_on { content } else { line });
    }
    whole
}
