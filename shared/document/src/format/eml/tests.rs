//! Messages as mail programs write them.

use super::*;
use crate::Block;
use crate::format::extract_as;

fn read(message: &str) -> Extracted {
    extract_as(&Eml, message.as_bytes()).unwrap()
}

fn multipart(kind: &str, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| format!("--b\n{part}\n")).collect::<Vec<_>>().concat();
    format!(
        "Subject: S\nFrom: a@x\nContent-Type: multipart/{kind}; boundary=\"b\"\n\npreamble\n{parts}--b--\nepilogue"
    )
}

fn blocks(found: &Extracted) -> Vec<&str> {
    found.blocks.iter().map(|Block { range, .. }| &found.text[range.clone()]).collect()
}

#[test]
fn a_message_is_its_subject_who_wrote_when_and_its_body() {
    let found = read(
        "Received: by x\r\n\tfor y\r\nFrom: =?UTF-8?B?w4lsw6lh?= <e@x.fr>\r\nTo: \"B, C\" <b@x>, d@x\r\n\
         Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\n =?utf-8?Q?_caf=C3=A9?=\r\nDate: Tue, 01 Oct 2024 12:34:56 -0500\r\n\
         Content-Type: text/plain; charset=gb2312; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         =B6=D4=CF=F3 \r\na =3D b=\r\nc =zz\r\n\r\nend\r\n",
    );
    assert_eq!(found.title.as_deref(), Some("日本 café"));
    assert_eq!(
        blocks(&found),
        [
            "日本 café",
            "From: Éléa <e@x.fr>; To: B, C <b@x>, d@x; Date: Tue, 01 Oct 2024 12:34:56 -0500",
            "对象\na = bc =zz",
            "end"
        ]
    );
    assert_eq!(&*found.blocks[2].heading_path[0], "日本 café");
}

#[test]
fn alternatives_are_read_once_and_the_richer_one_counts() {
    let html = "Content-Type: text/html; charset=utf-8\n\n<title>x</title><ul><li>one<li>two</ul>";
    let plain = "Content-Type: text/plain\n\n * one\n * two";
    let alternative = read(&multipart("alternative", &[plain, html]));
    assert_eq!(blocks(&alternative), ["S", "From: a@x", "- one", "- two"]);
    let stub = "Content-Type: text/html\n\n<img src=all.png>";
    assert_eq!(blocks(&read(&multipart("alternative", &[plain, stub])))[2], " * one\n * two");
    let links = format!("Content-Type: text/plain\n\none {}", "https://x.y/z ".repeat(50));
    assert_eq!(blocks(&read(&multipart("alternative", &[&links, html])))[2], "- one");
}

#[test]
fn attachments_are_documents_under_their_names() {
    let inner = "From: c@x\nSubject: Inner\nDate: then\n\nDeep text";
    let found = read(&multipart(
        "mixed",
        &[
            "Content-Type: text/plain\n\nBody",
            "Content-Type: text/markdown; name*0*=utf-8''n%C3%A9; name*1=w.md\nContent-Disposition: attachment\n\n# H\n\nnotes",
            "Content-Type: image/png; name=\"logo.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=",
            "Content-Type: image/gif\n\nGIF89a",
            "Content-Type: application/pgp-signature; name=\"s.asc\"\n\nabc",
            &format!("Content-Type: message/rfc822\n\n{inner}"),
            "Content-Type: application/octet-stream; name=x.bin\nContent-Transfer-Encoding: base64\n\n%%%",
        ],
    ));
    let expected = [
        "S",
        "From: a@x",
        "Body",
        "néw.md",
        "H",
        "notes",
        "message-3.eml",
        "Inner",
        "From: c@x; Date: then",
        "Deep text",
    ];
    assert_eq!(blocks(&found), expected);
    assert_eq!(found.blocks[9].heading_path.join(">"), "S>message-3.eml>Inner");
    let parts: Vec<_> = found.parts.iter().map(|part| (part.number, part.name.as_deref().unwrap())).collect();
    assert_eq!(parts, [(1, "néw.md"), (3, "message-3.eml")]);
    assert_eq!(found.parts[0].start, found.text.find("\n\nnéw.md").unwrap() as u64);
    let left_out: Vec<_> = found.left_out.iter().map(|out| out.name.as_str()).collect();
    assert_eq!(left_out, ["logo.png", "x.bin"]);
}

#[test]
fn what_is_malformed_is_still_shown() {
    for (message, expected) in [
        ("no header at all", "no header at all"),
        ("\n \nFrom x Mon\nFrom: a@x\nTo: b@x\n\nbody", "From: a@x; To: b@x\n\nbody"),
        ("From: a@x\nContent-Type: multipart/mixed; boundary=z\n\nnever", "From: a@x\n\nnever"),
        ("Content-Type: multipart/mixed; boundary=z\n\n--z\nno header here\n", "no header here"),
        ("Content-Type: multipart/mixed; boundary=z\n\n--z\n\ncut", "cut"),
        ("From: a@x\nContent-Transfer-Encoding: base64\n\n***", "From: a@x\n\n***"),
        ("From: a@x\nContent-Type: text/plain; charset=nonsense\n\n\u{e9}", "From: a@x\n\n\u{e9}"),
        ("From: a@x\nContent-Type: text/plain; charset=utf-7\n\nHi +AOk-", "From: a@x\n\nHi é"),
        ("", ""),
    ] {
        assert_eq!(read(message).text, expected, "{message}");
    }
    let raw = encoding_rs::GBK
        .encode("From: a@x\nSubject: 对象存储服务\n\n海量、安全、低成本、高可靠的云存储服务")
        .0;
    assert_eq!(extract_as(&Eml, &raw).unwrap().title.as_deref(), Some("对象存储服务"));
    let utf16: Vec<u8> =
        "\u{feff}From: a@x\nSubject: T\n\nx".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(crate::extract("a", &utf16).unwrap().text, "T\n\nFrom: a@x\n\nx");
}

#[test]
fn messages_are_known_by_their_header() {
    for (text, is) in [
        ("From: a\nTo: b\n\nx", true),
        ("From a Mon\nReceived: x\n\ty\nX-Y: z\nDate: d\r\n\r\nx", true),
        ("From: a\nsome text\nTo: b\n", false),
        ("From: a\n\nTo: b\n", false),
        ("Title: a\nDate: b\n\nx", false),
        ("# From: a\nTo: b\nDate: c", false),
        ("", false),
    ] {
        assert_eq!(Eml.by_content(text.as_bytes()), is, "{text}");
    }
}

#[test]
fn sealed_messages_are_refused_and_sealed_parts_left_out() {
    let sealed =
        multipart("encrypted; protocol=x", &["Content-Type: application/pgp-encrypted\n\nVersion: 1"]);
    assert_eq!(extract_as(&Eml, sealed.as_bytes()), Err(Refusal::Encrypted { format: FORMAT }));
    let smime =
        "From: a\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx";
    assert_eq!(extract_as(&Eml, smime.as_bytes()), Err(Refusal::Encrypted { format: FORMAT }));
}

#[test]
fn messages_built_to_exhaust_the_reader_end_in_bounded_time() {
    let nested = "Content-Type: message/rfc822\n\n".repeat(50_000);
    let found = read(&format!("From: a@x\n{nested}"));
    assert_eq!(found.left_out.len(), 1, "what lies too deep is left out");
    let deep: Vec<_> =
        (0..50_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    assert!(matches!(extract_as(&Eml, deep.concat().as_bytes()), Err(Refusal::TooComplex { .. })));
    let many = multipart("mixed", &vec!["\nx"; 20_000]);
    assert!(matches!(extract_as(&Eml, many.as_bytes()), Err(Refusal::TooComplex { .. })));
    let pieces: Vec<_> = (0..100_000).map(|n| format!(" name*{n}=a;\n")).collect();
    let pieces = format!("From: a@x\nContent-Type: text/plain;\n{}\n\nx", pieces.concat());
    assert!(read(&pieces).text.ends_with('x'));
    let long = format!("From: {}\nSubject: {}\n\nx", "(a".repeat(200_000), "=?utf-8?Q?a?= ".repeat(100_000));
    assert!(read(&long).text.ends_with('x'));
}
