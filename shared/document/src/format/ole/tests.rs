//! OLE compound files, built with the crate that reads them.

use std::io::Write;

use super::*;
use crate::extract;

fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        file.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    file.into_inner().into_inner()
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

#[test]
fn locked_files_are_told_by_what_they_are_called() {
    let bytes = compound(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"x")]);
    assert_eq!(extract("a.docx", &bytes), Err(Refusal::Encrypted { format: "a Word document (DOCX)" }));
    assert!(matches!(extract("a", &bytes), Err(Refusal::Encrypted { .. })));
}

#[test]
fn damage_is_told_and_other_compound_files_are_not_claimed() {
    for name in ["WordDocument", "PowerPoint Document", "Workbook"] {
        let bytes = compound(&[(name, b"x")]);
        assert!(matches!(extract("a", &bytes), Err(Refusal::Damaged { .. })), "{name}");
        let cut = bytes.get(..bytes.len() - 600).unwrap();
        assert!(
            matches!(extract("a", cut), Err(Refusal::Damaged { .. } | Refusal::Unsupported { .. })),
            "{name}"
        );
    }
    assert!(matches!(extract("a", &compound(&[("Other", b"x")])), Err(Refusal::Unsupported { .. })));
}

/// A text property, as Outlook stores it.
fn unicode(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The properties of fixed size: when the message was sent, after a header.
fn properties(header: usize) -> Vec<u8> {
    let time: u64 = (1_700_000_000 + 11_644_473_600) * 10_000_000;
    let sent =
        [&0x0040_u16.to_le_bytes()[..], &0x0039_u16.to_le_bytes(), &[0; 4], &time.to_le_bytes()].concat();
    [vec![0; header], sent].concat()
}

fn message(more: &[(&str, &[u8])]) -> Vec<u8> {
    let streams: Vec<(&str, Vec<u8>)> = [
        ("__properties_version1.0", properties(32)),
        ("__substg1.0_0037001F", unicode("Leave in August")),
        ("__substg1.0_0C1A001F", unicode("Ada Lovelace")),
        ("__substg1.0_5D01001F", unicode("ada@example.com")),
        ("__substg1.0_0E04001F", unicode("Charles Babbage; Team")),
    ]
    .into_iter()
    .chain(more.iter().map(|(name, bytes)| (*name, bytes.to_vec())))
    .collect();
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        if let Some((storage, _)) = name.rsplit_once('/') {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(name).unwrap().write_all(&bytes).unwrap();
    }
    file.into_inner().into_inner()
}

#[test]
fn a_message_of_outlook_is_read_as_any_message() {
    let found =
        extract("a.msg", &message(&[("__substg1.0_1000001F", &unicode("See below.\r\n\r\nBye"))])).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("msg", Some("Leave in August")));
    assert_eq!(
        found.text,
        "Leave in August\n\nFrom: Ada Lovelace <ada@example.com>; To: Charles Babbage; Team; \
         Date: Tue, 14 Nov 2023 22:13:20 +0000\n\nSee below.\n\nBye"
    );
    let page = b"<html><p>As a <b>list</b>:<ul><li>\xe9t\xe9</ul>";
    let plain = unicode("as a list");
    let found =
        extract("a", &message(&[("__substg1.0_10130102", page), ("__substg1.0_1000001F", &plain)])).unwrap();
    assert!(found.text.ends_with("As a list:\n\n- \u{e9}t\u{e9}"), "{}", found.text);
    let rtf = [&[0; 8][..], b"MELA", &[0; 4], b"{\\rtf1 only rtf\\par}"].concat();
    let empty: &[u8] = b"<html></html>";
    let found =
        extract("a", &message(&[("__substg1.0_10090102", &rtf), ("__substg1.0_10130102", empty)])).unwrap();
    assert!(found.text.ends_with("only rtf"), "{}", found.text);
}

#[test]
fn attachments_of_a_message_of_outlook_are_documents_under_their_names() {
    let inner = "__attach_version1.0_#00000001/__substg1.0_3701000D";
    let streams: Vec<(String, Vec<u8>)> = vec![
        ("__attach_version1.0_#00000000/__substg1.0_3707001F".to_owned(), unicode("list.csv")),
        ("__attach_version1.0_#00000000/__substg1.0_37010102".to_owned(), b"name,price\napple,1\n".to_vec()),
        ("__attach_version1.0_#00000001/__substg1.0_3001001F".to_owned(), unicode("Re: Leave")),
        (format!("{inner}/__properties_version1.0"), properties(24)),
        (format!("{inner}/__substg1.0_0037001F"), unicode("Re: Leave")),
        (format!("{inner}/__substg1.0_1000001F"), unicode("Of course.")),
        ("__attach_version1.0_#00000002/__substg1.0_3707001F".to_owned(), unicode("image001.png")),
        ("__attach_version1.0_#00000002/__substg1.0_3712001F".to_owned(), unicode("image001@x")),
        ("__attach_version1.0_#00000002/__substg1.0_37010102".to_owned(), b"\x89PNG\r\n\x1a\nx".to_vec()),
        ("__attach_version1.0_#00000003/__substg1.0_3707001F".to_owned(), unicode("scan.png")),
        ("__attach_version1.0_#00000003/__substg1.0_37010102".to_owned(), b"\x89PNG\r\n\x1a\nx".to_vec()),
    ];
    let streams: Vec<(&str, &[u8])> =
        streams.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let found = extract("a.msg", &message(&streams)).unwrap();
    let names: Vec<_> = found.parts.iter().filter_map(|part| part.name.as_deref()).collect();
    assert_eq!(names, ["list.csv", "Re: Leave"]);
    assert!(
        found.text.contains("apple | 1")
            && found.text.contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\n\nOf course.")
    );
    // a picture that the body shows is layout, one that somebody attached is told
    assert_eq!(found.left_out.iter().map(|out| out.name.as_str()).collect::<Vec<_>>(), ["scan.png"]);
}

#[test]
fn a_message_that_is_encrypted_or_nested_without_end_is_told() {
    let class = unicode("IPM.Note.SMIME");
    let sealed = message(&[("__substg1.0_001A001F", &class)]);
    assert_eq!(extract("a", &sealed), Err(Refusal::Encrypted { format: "an Outlook message (MSG)" }));
    let level = "__attach_version1.0_#00000000/__substg1.0_3701000D/";
    let deepest = format!("{}__substg1.0_1000001F", level.repeat(6));
    let mut streams = vec![(deepest, unicode("deep"))];
    for depth in 1..=6 {
        streams.push((format!("{}__properties_version1.0", level.repeat(depth)), properties(24)));
    }
    let streams: Vec<(&str, &[u8])> =
        streams.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let found = extract("a", &message(&streams)).unwrap();
    assert!(!found.text.contains("deep") && found.left_out.len() == 1, "{:?}", found.left_out);
}

#[test]
fn cells_far_apart_are_refused_before_they_are_laid_out() {
    let cell = |row: u16, column: u16| {
        record(0x0203, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0; 10]].concat())
    };
    let book = [cell(0, 0), cell(u16::MAX, 255)].concat();
    assert!(matches!(extract("a", &compound(&[("Workbook", &book)])), Err(Refusal::TooComplex { .. })));
}
