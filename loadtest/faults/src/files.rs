//! Builds small files in common formats from paragraphs; the same paragraphs give the same bytes. Pure.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// Lines per PDF page.
const LINES: usize = 40;

/// The `[Content_Types].xml` of a Word file with a single document part.
const TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument."#,
    r#"wordprocessingml.document.main+xml"/></Types>"#,
);
const RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/"#,
    r#"relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/"#,
    r#"officeDocument" Target="word/document.xml"/></Relationships>"#,
);
const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// A ZIP archive of these files; empty when one cannot be packed, which these names and sizes never cause.
#[must_use]
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    pack(members).unwrap_or_default()
}

fn pack(members: &[(&str, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // The default timestamp is constant, which keeps the bytes constant.
    let options = SimpleFileOptions::default();
    for (name, bytes) in members {
        writer.start_file(*name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// A Word file of these paragraphs; they may hold letters, digits and spaces.
#[must_use]
pub fn docx(paragraphs: &[&str]) -> Vec<u8> {
    let mut body = String::new();
    for paragraph in paragraphs {
        body.extend(["<w:p><w:r><w:t xml:space=\"preserve\">", paragraph, "</w:t></w:r></w:p>"]);
    }
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>"#
    );
    archive(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", RELATIONS.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A PDF of these paragraphs, one line for each sentence; they may hold letters, digits, spaces and full stops.
#[must_use]
pub fn pdf(paragraphs: &[&str]) -> Vec<u8> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        lines.extend(paragraph.split_inclusive(". ").map(|line| line.trim().to_owned()));
        lines.push(String::new());
    }
    let pages: Vec<&[String]> = lines.chunks(LINES).collect();
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let kids = kids.join(" ");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (number, page) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + 2 * number
        ));
        let text: Vec<String> = page.iter().map(|line| format!("({line}) Tj T*")).collect();
        let stream = format!("BT /F1 9 Tf 18 TL 40 800 Td\n{}\nET", text.join("\n"));
        objects.push(format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()));
    }
    written(&objects)
}

/// The file's bytes: all objects, then the cross-reference table.
fn written(objects: &[String]) -> Vec<u8> {
    let mut text = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        table += format!("{:010} 00000 n \n", text.len()).as_str();
        text += format!("{} 0 obj\n{object}\nendobj\n", number + 1).as_str();
    }
    let place = text.len();
    let trailer =
        format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n", objects.len() + 1);
    [text, table, trailer].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_gives_every_sentence_back() {
        let long: Vec<String> =
            (0..60).map(|n| format!("The mill number {n} grinds. The weir holds.")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let text = long.join("\n\n");
        let files = [
            ("a.docx", docx(&long)),
            ("a.pdf", pdf(&long)),
            ("a.zip", archive(&[("a.txt", text.as_bytes()), ("b.md", b"# B\n\nThe pond.")])),
        ];
        for (key, bytes) in files {
            let extracted = format!("{:?}", document::extract(key, &bytes).unwrap());
            for number in 0..60 {
                assert!(extracted.contains(&format!("number {number} grinds")), "{key}: {number}");
            }
        }
        assert_eq!(docx(&long), docx(&long));
    }
}
