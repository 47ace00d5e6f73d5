//! E-mail messages (RFC 5322 with MIME), as a reader sees them: subject, one line with sender, recipients and date,
//! the body, then the attachments.
//!
//! Of several alternatives only the richest is read: the last one, as the standard orders them, unless it says much
//! less than an earlier one (such as a page of pictures beside a full text). Attachments are documents of their own.
//! Pictures without a name belong to the layout, and signatures to the transport; both are skipped. Pages saved as
//! MHTML are messages too.

mod body;
mod head;
mod mime;

use encoding_rs::{UTF_16BE, UTF_16LE};
use message::PartKind;

use self::head::Head;
use self::mime::Entity;
use super::{Format, Source, has_extension};
use crate::composer::Composer;
use crate::{Extracted, Refusal, encoding};

pub(super) use self::head::opens_message;

/// Whether the first line is a field of a header.
pub(super) fn begins_with_field(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    head::field_name(line).is_some()
}

/// What a message is called in a refusal.
const FORMAT: &str = "an e-mail message";

/// Messages, recognised by their header or by the file extension.
pub(super) struct Eml;

impl Format for Eml {
    fn name(&self) -> &'static str {
        "eml"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        head::opens_message(bytes)
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["eml", "mht", "mhtml"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let unpacked;
        let bytes = if is_utf16(source.bytes) {
            unpacked = encoding::decode(source.bytes, None)?.into_bytes();
            &unpacked
        } else {
            source.bytes
        };
        let tree = mime::parse(bytes)?;
        if tree.root().is_some_and(|root| is_encrypted(&root.head)) {
            return Err(Refusal::Encrypted { format: FORMAT });
        }
        let mut composer = Composer::new();
        if let Some(root) = tree.root() {
            show_head(&mut composer, &root.head);
        }
        let content = body::gather(&tree, bytes)?;
        for text in &content.texts {
            composer.embed("", text);
        }
        for (name, cause) in &content.left_out {
            composer.leave_out(name, cause);
        }
        let mut number = 0;
        for entity in content.attachments.iter().filter_map(|index| tree.entity(*index)) {
            attach(&mut composer, source, &mut number, entity, bytes)?;
        }
        Ok(composer.finish(self.name()))
    }
}

/// A message may be saved as UTF-16 as a whole; its own declarations then do not apply.
fn is_utf16(bytes: &[u8]) -> bool {
    let marked = encoding_rs::Encoding::for_bom(bytes);
    marked.is_some_and(|(encoding, _)| encoding == UTF_16BE || encoding == UTF_16LE)
        || matches!(bytes.get(..4), Some([0, _, 0, _] | [_, 0, _, 0]))
}

fn is_encrypted(head: &Head) -> bool {
    let sealed = |kind: &str| kind.ends_with("pkcs7-mime") && head.smime == "enveloped-data";
    head.kind == "multipart/encrypted" || sealed(&head.kind)
}

fn show_head(composer: &mut Composer, head: &Head) {
    let fields = [("From", &head.from), ("To", &head.to), ("Cc", &head.cc), ("Date", &head.date)];
    show_fields(composer, head.subject.as_deref(), &fields.map(|(name, value)| (name, value.clone())));
}

/// Shows what stands above any message: its subject as the title, and the fields that are there in one line.
pub(super) fn show_fields(composer: &mut Composer, subject: Option<&str>, fields: &[(&str, Option<String>)]) {
    if let Some(subject) = subject {
        composer.declare_title(subject);
        composer.show_title();
    }
    let shown: Vec<_> = fields
        .iter()
        .filter_map(|(name, value)| {
            value.as_ref().filter(|value| !value.is_empty()).map(|value| format!("{name}: {value}"))
        })
        .collect();
    composer.inline(&shown.join("; "));
    composer.flush();
}

/// Adds an attachment under its name; an unreadable one is left out with its cause.
fn attach(
    composer: &mut Composer,
    source: &Source<'_>,
    number: &mut u32,
    entity: &Entity,
    bytes: &[u8],
) -> Result<(), Refusal> {
    *number = number.saturating_add(1);
    let head = &entity.head;
    let subtype = head.kind.rsplit('/').next().unwrap_or_default();
    let key = head.name.clone().unwrap_or_else(|| match subtype {
        "rfc822" | "global" => format!("message-{number}.eml"),
        _ => format!("part-{number}.{subtype}"),
    });
    let read = match entity.decoded(bytes) {
        Some(content) => source.member(&key, &content),
        None => Err(Refusal::Damaged { format: "an attachment", cause: "its base64 is broken".to_owned() }),
    };
    match read {
        Ok(inner) => {
            composer.begin_part(PartKind::Member, *number, Some(&key));
            composer.heading(1, &key);
            composer.embed(&key, &inner);
        }
        Err(refusal) if refusal.ends_all() => return Err(refusal),
        Err(refusal) => composer.leave_out(&key, &refusal.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
