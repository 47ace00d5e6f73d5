//! MSG: messages as Outlook saves them, a tree of properties (MS-OXMSG), read as other messages are: subject, one line
//! with sender, recipients and date, the body, then the attachments.
//!
//! Of the bodies the page is read, unless it says nothing; else the plain text, else the RTF. Pictures that the page
//! shows belong to the layout.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_16LE};
use mail_parser::DateTime;
use message::PartKind;

use super::packed_rtf;
use crate::composer::Composer;
use crate::format::rtf::charset::code_page;
use crate::format::{eml, has_extension, html, text};
use crate::{Extracted, Refusal, Source, encoding};

const FORMAT: &str = "an Outlook message (MSG)";
/// The stream of a message's properties of fixed size.
pub(super) const PROPERTIES: &str = "__properties_version1.0";
/// Bytes before the first property of a message, and of one within another.
const HEADERS: [usize; 2] = [32, 24];
/// Bytes of a property.
const PROPERTY: usize = 16;
/// Seconds from 1601, where times begin, to 1970.
const EPOCH: i64 = 11_644_473_600;

/// Numbers of properties (MS-OXPROPS).
mod tag {
    pub(super) const CLASS: u16 = 0x001a;
    pub(super) const SUBJECT: u16 = 0x0037;
    pub(super) const SENT: u16 = 0x0039;
    pub(super) const DELIVERED: u16 = 0x0e06;
    pub(super) const SENDER: u16 = 0x0c1a;
    pub(super) const SENDER_ADDRESS: [u16; 2] = [0x5d01, 0x0c1f];
    pub(super) const TO: u16 = 0x0e04;
    pub(super) const CC: u16 = 0x0e03;
    pub(super) const CODE_PAGES: [u16; 2] = [0x3fde, 0x3ffd];
    pub(super) const PLAIN: u16 = 0x1000;
    pub(super) const RTF: u16 = 0x1009;
    pub(super) const HTML: u16 = 0x1013;
    pub(super) const NAMES: [u16; 3] = [0x3707, 0x3704, 0x3001];
    pub(super) const CONTENT: u16 = 0x3701;
    pub(super) const CONTENT_ID: u16 = 0x3712;
}

pub(super) fn read(source: &Source<'_>) -> Result<Extracted, Refusal> {
    let file = cfb::CompoundFile::open(Cursor::new(source.bytes))
        .map_err(|error| Refusal::Damaged { format: FORMAT, cause: error.to_string() })?;
    let mut message = Message { file, source: *source, at: PathBuf::from("/"), depth: 0, number: 0 };
    let mut composer = Composer::new();
    message.show(&mut composer)?;
    Ok(composer.finish("msg"))
}

/// The message that is being read, or one within it.
struct Message<'a> {
    file: cfb::CompoundFile<Cursor<&'a [u8]>>,
    source: Source<'a>,
    /// The storage of the message.
    at: PathBuf,
    depth: usize,
    /// Number of attachments so far.
    number: u32,
}

impl Message<'_> {
    fn show(&mut self, composer: &mut Composer) -> Result<(), Refusal> {
        let at = self.at.clone();
        let class = self.string(&at, tag::CLASS)?.unwrap_or_default();
        if class.starts_with("IPM.Note.SMIME") && !class.ends_with("MultipartSigned") {
            return Err(Refusal::Encrypted { format: FORMAT });
        }
        let subject = self.string(&at, tag::SUBJECT)?;
        let (name, address) = (self.string(&at, tag::SENDER)?, self.first(&at, &tag::SENDER_ADDRESS)?);
        // within an organisation the address is a path in its directory
        let address = address.filter(|address| address.contains('@'));
        let from = match (name, address) {
            (Some(name), Some(address)) if name != address => Some(format!("{name} <{address}>")),
            (name, address) => name.or(address),
        };
        let (to, cc) = (self.string(&at, tag::TO)?, self.string(&at, tag::CC)?);
        let date = self.date()?;
        let fields = [("From", from), ("To", to), ("Cc", cc), ("Date", date)];
        eml::show_fields(composer, subject.as_deref(), &fields);
        composer.embed("", &self.body()?);
        self.attachments(composer)
    }

    /// The body. One that cannot be read ends nothing as long as another one can.
    fn body(&mut self) -> Result<Extracted, Refusal> {
        let at = self.at.clone();
        let page = match self.bytes(&at, tag::HTML)? {
            Some(bytes) => Some((bytes, self.code_page()?)),
            None => self.string(&at, tag::HTML)?.map(|page| (page.into_bytes(), Some(encoding_rs::UTF_8))),
        };
        let mut read = None;
        if let Some((bytes, declared)) = page {
            let mut composer = Composer::new();
            read = Some(html::read_whole(&mut composer, &bytes, declared).map(|()| composer.finish("html")));
        }
        if let Some(Ok(page)) = read.take_if(|read| read.as_ref().is_ok_and(|page| !page.text.is_empty())) {
            return Ok(page);
        }
        if let Some(plain) = self.string(&at, tag::PLAIN)?.filter(|plain| !plain.trim().is_empty()) {
            return Ok(text::read_text(plain.replace("\r\n", "\n")));
        }
        if let Some(packed) = self.bytes(&at, tag::RTF)? {
            let rtf = self
                .source
                .unpack(FORMAT, Cursor::new(packed_rtf::unpacked(&packed, self.source.bytes.len())))?;
            return self.source.member("body.rtf", &rtf);
        }
        read.unwrap_or_else(|| Ok(text::read_text(String::new())))
    }

    /// Adds the attachments under their names; an unreadable one is left out with its cause.
    fn attachments(&mut self, composer: &mut Composer) -> Result<(), Refusal> {
        let entries = self.file.read_storage(&self.at).map_err(damaged)?;
        let storages =
            entries.filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"));
        let storages: Vec<PathBuf> = storages.map(|entry| entry.path().to_path_buf()).collect();
        for at in storages {
            self.number = self.number.saturating_add(1);
            let name = self.first(&at, &tag::NAMES)?.unwrap_or_else(|| format!("part-{}", self.number));
            let is_shown = self.string(&at, tag::CONTENT_ID)?.is_some_and(|id| !id.is_empty());
            if is_shown && has_extension(&name, &["png", "jpg", "jpeg", "gif", "bmp"]) {
                continue;
            }
            let number = self.number;
            match self.attached(&at, &name) {
                Ok(Some(inner)) => {
                    composer.begin_part(PartKind::Member, number, Some(&name));
                    composer.heading(1, &name);
                    composer.embed(&name, &inner);
                }
                Ok(None) => {}
                Err(refusal) if refusal.ends_all() => return Err(refusal),
                Err(refusal) => composer.leave_out(&name, &refusal.to_string()),
            }
        }
        Ok(())
    }

    /// What an attachment holds: a file, or another message; nothing for a link to a file elsewhere.
    fn attached(&mut self, at: &Path, name: &str) -> Result<Option<Extracted>, Refusal> {
        let inner = at.join(format!("__substg1.0_{:04X}000D", tag::CONTENT));
        if !self.file.is_storage(&inner) {
            let content = self.bytes(at, tag::CONTENT)?;
            return content.map(|content| self.source.member(name, &content)).transpose();
        }
        let limit = self.source.bounds().nesting;
        if self.depth >= limit {
            return Err(Refusal::NestedTooDeep { limit });
        }
        let outer = std::mem::replace(&mut self.at, inner);
        self.depth += 1;
        let mut composer = Composer::new();
        let shown = self.show(&mut composer);
        self.depth -= 1;
        self.at = outer;
        shown.map(|()| Some(composer.finish("msg")))
    }

    /// When the message was sent, as messages say it.
    fn date(&mut self) -> Result<Option<String>, Refusal> {
        let sent = match self.fixed(tag::SENT)? {
            None => self.fixed(tag::DELIVERED)?,
            sent => sent,
        };
        let seconds = sent.map(|sent| (i64::from_le_bytes(sent) / 10_000_000).saturating_sub(EPOCH));
        Ok(seconds
            .filter(|seconds| *seconds > 0)
            .map(|seconds| DateTime::from_timestamp(seconds).to_rfc822()))
    }

    /// The encoding of what is not Unicode.
    fn code_page(&mut self) -> Result<Option<&'static Encoding>, Refusal> {
        for tag in tag::CODE_PAGES {
            if let Some([a, b, c, d, ..]) = self.fixed(tag)? {
                return Ok(Some(code_page(i32::from_le_bytes([a, b, c, d]))));
            }
        }
        Ok(None)
    }

    /// A property of fixed size of the message.
    fn fixed(&mut self, tag: u16) -> Result<Option<[u8; 8]>, Refusal> {
        let at = self.at.join(PROPERTIES);
        let properties = self.stream(&at)?.unwrap_or_default();
        let [outer, inner] = HEADERS;
        let start = if self.depth == 0 { outer } else { inner };
        let mut all = properties.get(start..).unwrap_or_default().chunks_exact(PROPERTY);
        let found = all.find(|property| property.get(2..4) == Some(&tag.to_le_bytes()[..]));
        Ok(found.and_then(|property| property.get(8..)?.try_into().ok()))
    }

    /// The first of these properties that is there.
    fn first(&mut self, at: &Path, tags: &[u16]) -> Result<Option<String>, Refusal> {
        for tag in tags {
            if let Some(found) = self.string(at, *tag)?.filter(|found| !found.is_empty()) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A text property, without white space at its ends.
    fn string(&mut self, at: &Path, tag: u16) -> Result<Option<String>, Refusal> {
        if let Some(bytes) = self.stream(&at.join(format!("__substg1.0_{tag:04X}001F")))? {
            let text = UTF_16LE.decode_without_bom_handling(&bytes).0;
            return Ok(Some(text.trim_matches(['\0', ' ', '\r', '\n', '\t']).to_owned()));
        }
        let Some(bytes) = self.stream(&at.join(format!("__substg1.0_{tag:04X}001E")))? else {
            return Ok(None);
        };
        let declared = self.code_page()?;
        let text = encoding::decode(&bytes, declared)?;
        Ok(Some(text.trim_matches(['\0', ' ', '\r', '\n', '\t']).to_owned()))
    }

    fn bytes(&mut self, at: &Path, tag: u16) -> Result<Option<Vec<u8>>, Refusal> {
        self.stream(&at.join(format!("__substg1.0_{tag:04X}0102")))
    }

    fn stream(&mut self, at: &Path) -> Result<Option<Vec<u8>>, Refusal> {
        if !self.file.is_stream(at) {
            return Ok(None);
        }
        let stream = self.file.open_stream(at).map_err(damaged)?;
        self.source.unpack(FORMAT, stream).map(Some)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn damaged(error: std::io::Error) -> Refusal {
    Refusal::Damaged { format: FORMAT, cause: error.to_string() }
}
