use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use message::PartKind;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Bounds, Extracted, Refusal, extract, extract_within};

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
            continue;
        }
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parts(extracted: &Extracted) -> Vec<(u32, &str, u64)> {
    extracted
        .parts
        .iter()
        .inspect(|part| assert_eq!(part.kind, PartKind::Member))
        .map(|part| (part.number, part.name.as_deref().unwrap(), part.start))
        .collect()
}

const FILES: &[(&str, &[u8])] = &[
    ("docs/", b""),
    ("docs/a.md", b"# Title\n\nfirst"),
    ("docs/empty.txt", b""),
    ("__MACOSX/docs/._a.md", b"\0\0"),
    (".DS_Store", b"\0\0"),
    ("docs/b.png", b"\x89PNG\r\n\x1a\n"),
    ("c.txt", b"last"),
];

#[test]
fn each_file_is_read_under_a_heading_with_its_path() {
    for (format, bytes) in
        [("zip", zipped(FILES)), ("tar", tarred(&FILES[1..])), ("tar", gzipped(&tarred(&FILES[1..])))]
    {
        let extracted = extract("x", &bytes).unwrap();
        assert_eq!(extracted.format, format);
        assert_eq!(extracted.text, "docs/a.md\n\nTitle\n\nfirst\n\nc.txt\n\nlast");
        assert_eq!(extracted.title, None);
        let first = extracted.blocks.iter().find(|block| &extracted.text[block.range.clone()] == "first");
        let path: Vec<&str> = first.unwrap().heading_path.iter().map(|heading| &**heading).collect();
        assert_eq!(path, ["docs/a.md", "Title"]);
        assert_eq!(parts(&extracted), [(1, "docs/a.md", 0), (4, "c.txt", 23)]);
        let [png] = extracted.left_out.as_slice() else { panic!("{:?}", extracted.left_out) };
        assert!(png.name == "docs/b.png" && png.cause.contains("a PNG image"));
    }
}

#[test]
fn archives_lie_within_one_another_as_deep_as_the_bounds_allow() {
    let mut bytes = zipped(&[("a.txt", b"text")]);
    for name in ["1.zip", "2.zip", "3.zip"] {
        bytes = zipped(&[(name, bytes.as_slice())]);
    }
    assert_eq!(extract("", &bytes).unwrap().text, "3.zip\n\n2.zip\n\n1.zip\n\na.txt\n\ntext");
    let bytes = zipped(&[("4.zip", bytes.as_slice())]);
    let refusal = extract("", &bytes).unwrap_err();
    assert!(refusal.to_string().contains("more than 4 deep"), "{refusal}");
}

#[test]
fn a_gzip_is_the_file_in_it() {
    for (key, expected) in
        [("a.md.gz", "markdown"), ("a.txt.GZ", "text"), ("a", "text"), ("x.html.gzip", "html")]
    {
        let extracted = extract(key, &gzipped(b"# T")).unwrap();
        assert_eq!((extracted.format.as_str(), extracted.parts.len()), (expected, 0), "{key}");
    }
    let pieces = [gzipped(b"one "), gzipped(b"two"), vec![0; 20]].concat();
    assert_eq!(extract("a.txt.gz", &pieces).unwrap().text, "one two");
}

#[test]
fn damaged_and_truncated_archives_say_so() {
    let long = b"a line of text that is long enough to be cut\n".repeat(100);
    let (zip, gzip) = (zipped(&[("a.txt", &long)]), gzipped(&long));
    for (bytes, format) in [
        (&zip[..zip.len() / 2], "a ZIP archive"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"PK\x03\x04\x14\0\0\0\0\0word/document.xml", "a Word document (DOCX)"),
        (&gzip[..gzip.len() / 2], "a GZIP file"),
        (&gzip[..12], "a GZIP file"),
    ] {
        let refusal = extract("", bytes).unwrap_err();
        assert!(matches!(refusal, Refusal::Damaged { format: found, .. } if found == format), "{refusal}");
    }
    let mut wrong = zip;
    wrong[45] ^= 0xff;
    let refusal = extract("", &wrong).unwrap_err();
    assert!(matches!(refusal, Refusal::NothingReadable { .. }), "{refusal}");
}

#[test]
fn a_truncated_tar_gives_what_is_whole() {
    let bytes = tarred(&[("a.txt", b"first"), ("b.txt", &[b'x'; 2_000])]);
    let extracted = extract("", &bytes[..2_000]).unwrap();
    assert_eq!(extracted.text, "a.txt\n\nfirst");
    assert_eq!(extracted.left_out[0].name, "b.txt");
    assert!(extracted.left_out[0].cause.contains("ends within this file"));
    let refusal = extract("", &bytes[..600]).map(|extracted| extracted.text);
    assert_eq!(refusal.as_deref(), Ok("a.txt\n\nfirst"), "the padding of the last file is not needed");
}

#[test]
fn an_encrypted_archive_asks_for_its_password() {
    let mut bytes = zipped(&[("a.txt", b"secret")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    assert_eq!(extract("", &bytes), Err(Refusal::Encrypted { format: "a ZIP archive" }));
}

#[test]
fn an_archive_is_refused_when_nothing_in_it_can_be_read() {
    let refusal = extract("", &zipped(&[("a.png", b"\x89PNG\r\n\x1a\n")])).unwrap_err().to_string();
    assert!(
        refusal.starts_with("this is a ZIP archive of which no file can be read; the first, a.png: this is")
    );
    for files in [&[][..], &[("a/", &b""[..])], &[("a.txt", b"")]] {
        assert_eq!(extract("", &zipped(files)).unwrap().text, "");
    }
}

#[test]
fn an_office_file_is_no_archive_and_a_folder_called_word_is_no_office_file() {
    let word: &[(&str, &[u8])] = &[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")];
    let refusal = super::super::extract_as(&super::Zip, &zipped(word)).unwrap_err();
    assert_eq!(refusal, Refusal::Unsupported { format: "a Word document (DOCX)" });
    assert_eq!(extract("", &zipped(&[("word/a.txt", b"text")])).unwrap().format, "zip");
}

#[test]
fn bounds_end_the_archive() {
    let zeros = vec![b' '; 3 << 20];
    let bounds = Bounds { unpacked: 1 << 20, ..Bounds::default() };
    for bytes in [zipped(&[("a.txt", &zeros)]), gzipped(&zeros)] {
        assert_eq!(extract_within(&bounds, "", &bytes), Err(Refusal::UnpacksTooFar { limit: 1 << 20 }));
    }
    let bounds = Bounds { members: 1, ..Bounds::default() };
    let two = zipped(&[("a.txt", b"a"), ("b.txt", b"b")]);
    assert_eq!(extract_within(&bounds, "", &two), Err(Refusal::TooManyMembers { limit: 1 }));
    let bounds = Bounds { text: 5, ..Bounds::default() };
    let two = zipped(&[("a.txt", b"abc"), ("b.txt", b"abc")]);
    assert_eq!(extract_within(&bounds, "", &two), Err(Refusal::TooMuchText { limit: 5 }));
}

#[test]
fn names_in_old_encodings_are_read() {
    let name = encoding_rs::GB18030.encode("对象存储服务文档.txt").0.into_owned();
    let placeholder = "x".repeat(name.len() - 4) + ".txt";
    let mut bytes = zipped(&[(placeholder.as_str(), b"text")]);
    for at in 0..bytes.len() - name.len() {
        if bytes[at..].starts_with(placeholder.as_bytes()) {
            bytes[at..at + name.len()].copy_from_slice(&name);
        }
    }
    assert_eq!(extract("", &bytes).unwrap().text, "对象存储服务文档.txt\n\ntext");
}
