//! MBOX: messages one after another, each after a line that begins with `From `, as mail programs export folders
//! (RFC 4155). A line of a message that begins so is quoted by `>`, or does not follow an empty line.

use super::super::{Format, Source, eml, has_extension};
use super::Members;
use crate::{Extracted, Refusal};

const FORMAT: &str = "a mailbox (MBOX)";
const MARK: &[u8] = b"From ";

/// Mailboxes, recognised by a second message after the first, or by the file extension.
pub(in crate::format) struct Mbox;

impl Format for Mbox {
    fn name(&self) -> &'static str {
        "mbox"
    }

    fn by_content(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(MARK) && eml::opens_message(bytes) && messages(bytes).nth(1).is_some()
    }

    fn by_name(&self, key: &str) -> bool {
        has_extension(key, &["mbox", "mbx"])
    }

    fn extract(&self, source: &Source<'_>) -> Result<Extracted, Refusal> {
        let mut members = Members::new(source, FORMAT);
        for (number, message) in (1..).zip(messages(source.bytes)) {
            members.add(&format!("message-{number}.eml"), &unquoted(message))?;
        }
        members.finish(self.name())
    }
}

/// The messages, each without the line before it.
fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let head = if rest.starts_with(MARK) { line_end(rest) } else { 0 };
        let end = next_mark(rest, head).unwrap_or(rest.len());
        let message = rest.get(head..end).unwrap_or_default();
        rest = rest.get(end..).unwrap_or_default();
        Some(message)
    })
}

/// Where the next message begins: after an empty line, with a field of a header below it.
fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut is_after_empty = false;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let end = line_end(rest);
        if is_after_empty && rest.starts_with(MARK) && rest.get(end..).is_some_and(eml::begins_with_field) {
            return Some(at);
        }
        is_after_empty = matches!(rest.get(..end), Some(b"\n" | b"\r\n"));
        at += end;
    }
    None
}

/// The length of the first line with its end.
fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

/// A message without the marks that quote `From ` at the beginning of a line.
fn unquoted(message: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let unmarked = line.iter().position(|byte| *byte != b'>').and_then(|at| line.get(at..));
        let is_quoted = line.starts_with(b">") && unmarked.is_some_and(|rest| rest.starts_with(MARK));
        whole.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
    }
    whole
}

#[cfg(test)]
mod tests {
    use crate::extract;

    const MAILBOX: &str = "From a@x Thu Jan  1 00:00:00 2026\nFrom: a@x\nSubject: One\nDate: then\n\nFirst text.\n>From here on it is quoted.\n\nFrom \
                           this line on it is not a message.\n\nFrom b@x Fri Jan  2 00:00:00 2026\nFrom: b@x\nSubject: Two\nDate: later\n\nSecond text.\n";

    #[test]
    fn each_message_of_a_mailbox_is_a_document_of_its_own() {
        for key in ["a.mbox", "export"] {
            let found = extract(key, MAILBOX.as_bytes()).unwrap();
            assert_eq!(found.format, "mbox", "{key}");
            assert_eq!(found.parts.len(), 2);
            let text = |needle: &str| {
                let block = found
                    .blocks
                    .iter()
                    .find(|block| found.text[block.range.clone()].contains(needle))
                    .unwrap();
                (block.heading_path.join(" > "), found.text[block.range.clone()].to_owned())
            };
            assert_eq!(text("First text").0, "message-1.eml > One");
            assert!(
                text("First text").1.ends_with("\nFrom here on it is quoted."),
                "{}",
                text("First text").1
            );
            assert_eq!(text("not a message").0, "message-1.eml > One");
            assert_eq!(text("Second text").0, "message-2.eml > Two");
        }
    }

    #[test]
    fn one_message_alone_stays_a_message_unless_its_name_says_otherwise() {
        let one = MAILBOX.split("\n\nFrom this").next().unwrap();
        assert_eq!(extract("a", one.as_bytes()).unwrap().format, "eml");
        assert_eq!(extract("a.mbox", one.as_bytes()).unwrap().format, "eml", "content is asked first");
        assert_eq!(extract("a.mbox", b"From a@x 2026\nFrom: a\n\nx").unwrap().format, "mbox");
    }
}
