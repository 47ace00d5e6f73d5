//! What of a message is its body, and what is attached to it.

use encoding_rs::Encoding;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::head::Head;
use super::mime::{Entity, MimeTree};
use crate::composer::Composer;
use crate::format::{html, text};
use crate::{Extracted, Refusal, encoding};

/// An alternative that says less than one part in so many of an earlier one is not the better one.
const SAYS_LESS: usize = 2;

/// The texts of a body in reading order, and the numbers of the entities that are attached.
#[derive(Default)]
pub(super) struct Content {
    pub(super) texts: Vec<Extracted>,
    pub(super) attachments: Vec<usize>,
    /// Parts of the body that could not be read, each with its cause.
    pub(super) left_out: Vec<(String, String)>,
}

impl Content {
    fn append(&mut self, mut other: Self) {
        self.texts.append(&mut other.texts);
        self.attachments.append(&mut other.attachments);
        self.left_out.append(&mut other.left_out);
    }

    /// How much it says: bytes of words that are no address of a page.
    fn says(&self) -> usize {
        let words = self.texts.iter().flat_map(|text| text.text.split_whitespace());
        words.filter(|word| !word.contains("://")).map(str::len).sum()
    }
}

/// Reads the body of a message.
///
/// # Errors
/// When a body that is alone cannot be read.
pub(super) fn gather(tree: &MimeTree, message: &[u8]) -> Result<Content, Refusal> {
    match tree.root() {
        None => Ok(Content::default()),
        Some(root) if root.children.is_empty() && is_body(&root.head) => {
            Ok(Content { texts: vec![read(root, message)?], ..Content::default() })
        }
        Some(_) => Ok(below(tree, message, 0)),
    }
}

/// What one entity and those in it hold; as deep as multiparts may nest.
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

/// Chooses among alternatives. What is attached to those that are not chosen is still attached.
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

/// Text that is shown with the message; multiparts without parts are shown as they stand.
fn is_body(head: &Head) -> bool {
    let shown = matches!(head.kind.as_str(), "" | "text/plain" | "text/html" | "text/enriched");
    (shown || head.kind.starts_with("multipart/")) && !head.attached && head.name.is_none()
}

/// What has no text of its own: pictures and style sheets. With a name they are files that someone attached.
fn belongs_to_layout(kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or_default();
    matches!(family, "image" | "audio" | "video" | "font") || kind == "text/css"
}

/// What only proves who sent the message.
fn is_signature(kind: &str) -> bool {
    matches!(
        kind,
        "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature"
    )
}

fn read(entity: &Entity, message: &[u8]) -> Result<Extracted, Refusal> {
    let head = &entity.head;
    // what was not packed as it says is shown as it stands
    let bytes = entity.decoded(message).unwrap_or_else(|| entity.raw(message).into());
    let label = head.charset.as_deref().unwrap_or_default().as_bytes();
    let declared = Encoding::for_label(label);
    if head.kind == "text/html" {
        let mut composer = Composer::new();
        html::read_whole(&mut composer, &bytes, declared)?;
        return Ok(composer.finish("html"));
    }
    let read = match (declared, charset_decoder(label)) {
        // charsets of mail that browsers do not know, such as utf-7
        (None, Some(decode)) if !label.is_empty() => decode(&bytes),
        _ => encoding::decode(&bytes, declared)?,
    };
    Ok(text::read_text(if head.flowed { unflow(&read) } else { read }))
}

/// Joins lines that were broken for a narrow window (RFC 3676): a space at the end goes on.
fn unflow(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let goes_on = content.ends_with(' ') && content != "-- " && !content.starts_with('>');
        whole.push_str(if goes_on { content } else { line });
    }
    whole
}
