//! Books as publishers pack them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::format::extract_as;

const CONTAINER: &str = "<?xml version='1.0'?><container><rootfiles><rootfile full-path='OEBPS/content.opf' \
     media-type='application/oebps-package+xml'/></rootfiles></container>";
const OPF: &str = "<?xml version='1.0'?><package xmlns:dc='x'><metadata><dc:title id='t'>The  Book &amp; I</dc:title>\
     <dc:title>Sub</dc:title><dc:language>de-CH</dc:language></metadata><manifest>\
     <item id='nav' href='nav.xhtml' properties='nav' media-type='application/xhtml+xml'/>\
     <item id='b' href='text/two%20b.xhtml' media-type='application/xhtml+xml'/>\
     <item id='a' href='text/one.xhtml' media-type='application/xhtml+xml'/>\
     <item id='p' href='p.svg' media-type='image/svg+xml'/>\
     <item id='gone' href='gone.xhtml' media-type='application/xhtml+xml'/></manifest>\
     <spine><itemref idref='nav'/><itemref idref='a'/><itemref idref='b' linear='no'/><itemref idref='a'/>\
     <itemref idref='p'/><itemref idref='gone'/></spine></package>";
const NAV: &str = "<html><body><nav epub:type='toc'><h1>Contents</h1><ol><li>One</ol></nav></body></html>";
const ONE: &str = "<?xml version='1.0'?><html><head><title/></head><body><header><h1>One</h1></header><p>text\
     <aside epub:type='footnote'>A note</aside></p><h2>Part</h2><p>more</p></body></html>";
const TWO: &str = "<html><body><p>goes on</p></body></html>";

fn book(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in files {
        writer.start_file(*name, stored).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn whole() -> Vec<(&'static str, &'static str)> {
    vec![
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", CONTAINER),
        ("OEBPS/content.opf", OPF),
        ("OEBPS/nav.xhtml", NAV),
        ("OEBPS/text/one.xhtml", ONE),
        ("OEBPS/text/two b.xhtml", TWO),
    ]
}

#[test]
fn a_book_is_its_pages_in_reading_order_under_its_title() {
    let found = crate::extract("x", &book(&whole())).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("epub", Some("The Book & I")));
    assert_eq!(found.language.as_deref(), Some("de"));
    assert_eq!(found.text, "The Book & I\n\nOne\n\ntext\n\nA note\n\nPart\n\nmore\n\ngoes on");
    let last = found.blocks.last().unwrap();
    assert_eq!(last.heading_path.join(">"), "The Book & I>One>Part", "a chapter goes on over pages");
    let left_out: Vec<_> = found.left_out.iter().map(|out| out.name.as_str()).collect();
    assert_eq!(left_out, ["OEBPS/p.svg", "OEBPS/gone.xhtml"]);
}

#[test]
fn books_are_known_by_their_first_file_or_their_package() {
    let files = whole();
    assert!(Epub.by_content(&book(&files)));
    assert!(Epub.by_content(&book(&files[1..])), "without mimetype");
    assert!(!Epub.by_content(&book(&files[3..])));
    assert!(!Epub.by_content(b"PK\x03\x04"));
}

#[test]
fn locked_books_are_refused_and_locked_fonts_are_not() {
    let encryption = |algorithm: &str| {
        format!(
            "<encryption><EncryptedData><EncryptionMethod Algorithm='{algorithm}'/></EncryptedData></encryption>"
        )
    };
    let (fonts, all) = (encryption("http://www.idpf.org/2008/embedding"), encryption("http://x#aes128-cbc"));
    let mut files = whole();
    files.push(("META-INF/encryption.xml", &fonts));
    assert!(extract_as(&Epub, &book(&files)).is_ok());
    files.pop();
    files.push(("META-INF/encryption.xml", &all));
    assert_eq!(extract_as(&Epub, &book(&files)), Err(Refusal::Encrypted { format: FORMAT }));
}

#[test]
fn books_without_a_package_document_are_damaged() {
    for files in [&whole()[..2], &whole()[..1]] {
        let refusal = extract_as(&Epub, &book(files)).unwrap_err();
        assert!(matches!(refusal, Refusal::Damaged { .. }), "{refusal}");
    }
    let empty = [("mimetype", "application/epub+zip"), ("a.opf", "<package><spine/></package>")];
    assert!(matches!(extract_as(&Epub, &book(&empty)), Err(Refusal::Damaged { .. })));
}
