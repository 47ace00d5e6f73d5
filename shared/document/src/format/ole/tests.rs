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

#[test]
fn cells_far_apart_are_refused_before_they_are_laid_out() {
    let cell = |row: u16, column: u16| {
        record(0x0203, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0; 10]].concat())
    };
    let book = [cell(0, 0), cell(u16::MAX, 255)].concat();
    assert!(matches!(extract("a", &compound(&[("Workbook", &book)])), Err(Refusal::TooComplex { .. })));
}
