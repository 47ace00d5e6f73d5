//! DOCX as Word and other programs write it.

use super::*;
use crate::format::package::pack;
use crate::{BlockKind, extract};

const TYPES: &str = "<Types><Override ContentType='application/vnd.openxmlformats-officedocument.\
                     wordprocessingml.document.main+xml'/></Types>";
const LINKS: &str = "<Relationships>\
    <Relationship Id='r1' Type='x/styles' Target='styles.xml'/>\
    <Relationship Id='r2' Type='x/numbering' Target='numbering.xml'/>\
    <Relationship Id='r3' Type='x/footnotes' Target='footnotes.xml'/>\
    <Relationship Id='r4' Type='x/comments' Target='/word/comments.xml'/>\
    <Relationship Id='r5' Type='x/header' Target='header1.xml'/>\
    <Relationship Id='r6' Type='x/header' Target='header2.xml'/>\
    <Relationship Id='r7' Type='x/chart' Target='charts/chart1.xml'/></Relationships>";
const STYLES: &str = "<w:styles>\
    <w:style w:styleId='berschrift1'><w:name w:val='heading 1'/><w:pPr><w:outlineLvl w:val='0'/></w:pPr></w:style>\
    <w:style w:styleId='Mine'><w:basedOn w:val='berschrift1'/><w:pPr><w:outlineLvl w:val='1'/></w:pPr></w:style>\
    <w:style w:styleId='Titel'><w:name w:val='Title'/></w:style>\
    <w:style w:styleId='Round'><w:basedOn w:val='Round'/></w:style>\
    <w:style w:styleId='Src'><w:name w:val='Source Code'/></w:style></w:styles>";
const NUMBERING: &str = "<w:numbering>\
    <w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/>\
    <w:lvlText w:val='%1.'/></w:lvl><w:lvl w:ilvl='1'><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1.%2)'/></w:lvl>\
    </w:abstractNum><w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:numFmt w:val='bullet'/>\
    <w:lvlText w:val='o'/></w:lvl></w:abstractNum>\
    <w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num>\
    <w:num w:numId='3'><w:abstractNumId w:val='0'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='7'/></w:lvlOverride>\
    </w:num></w:numbering>";

fn document(body: &str) -> Vec<u8> {
    let body = format!("<?xml version='1.0'?><w:document><w:body>{body}</w:body></w:document>");
    let header = "<w:hdr><w:p><w:r><w:t>Firm</w:t></w:r></w:p></w:hdr>";
    pack(&[
        ("[Content_Types].xml", TYPES),
        ("word/document.xml", &body),
        ("word/_rels/document.xml.rels", LINKS),
        ("word/styles.xml", STYLES),
        ("word/numbering.xml", NUMBERING),
        (
            "word/footnotes.xml",
            "<w:footnotes><w:footnote w:type='separator' w:id='0'><w:p/></w:footnote>\
            <w:footnote w:id='2'><w:p><w:r><w:t>Said by Ann.</w:t></w:r></w:p></w:footnote></w:footnotes>",
        ),
        (
            "word/comments.xml",
            "<w:comments><w:comment w:id='1' w:author='Bob'><w:p><w:r><w:t>Sure?</w:t></w:r></w:p>\
            </w:comment></w:comments>",
        ),
        ("word/header1.xml", if body.contains("sectPr") { header } else { "<w:hdr/>" }),
        ("word/header2.xml", if body.contains("sectPr") { header } else { "<w:hdr/>" }),
        (
            "word/charts/chart1.xml",
            "<c:chart><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title><c:cat>\
            <c:v>May</c:v></c:cat><c:val><c:v>3</c:v></c:val></c:chart>",
        ),
    ])
}

fn text(body: &str) -> String {
    extract("a", &document(body)).unwrap().text
}

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>")
}

#[test]
fn styles_make_headings_titles_and_code() {
    let style = |id: &str, text: &str| paragraph(&format!("<w:pStyle w:val='{id}'/>"), text);
    let code = style("Src", "fn a() {") + &style("Src", "    b()") + &style("Src", "}");
    let body =
        style("Titel", "T") + &style("berschrift1", "A") + &style("Mine", "B") + &code + &style("Round", "x");
    let found = extract("a", &document(&body)).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("docx", Some("T")));
    assert_eq!(found.text, "T\n\nA\n\nB\n\nfn a() {\n    b()\n}\n\nx");
    assert_eq!(found.blocks[3].kind, BlockKind::Code);
    assert_eq!(found.blocks[4].heading_path.join(">"), "T>A>B");
}

#[test]
fn lists_are_counted_as_word_counts() {
    let item = |list: u8, level: u8, text: &str| {
        paragraph(&format!("<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{list}'/></w:numPr>"), text)
    };
    let body = [item(1, 0, "a"), item(1, 1, "b"), item(1, 1, "c"), item(2, 0, "d"), item(1, 0, "e")].concat()
        + &paragraph("", "x")
        + &[item(1, 1, "f"), item(3, 0, "g"), item(3, 0, "h"), item(0, 0, "i"), item(9, 0, "j")].concat();
    let expected = "1. a\n  1.a) b\n  1.b) c\n- d\n2. e\n\nx\n\n  2.a) f\n7. g\n8. h\n\ni\n\nj";
    assert_eq!(text(&body), expected);
}

#[test]
fn changes_fields_and_hidden_text_are_read_as_shown() {
    for (body, expected) in [
        (
            "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>",
            "new",
        ),
        (
            "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGE</w:instrText><w:t>code</w:t></w:r>\
             <w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>7</w:t></w:r>\
             <w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>",
            "7",
        ),
        (
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>seen</w:t></w:r></w:p>",
            "seen",
        ),
        (
            "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>",
            "a b\nc",
        ),
        (
            "<w:p><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink> <w:sdt><w:sdtContent><w:r><w:t> box</w:t></w:r></w:sdtContent></w:sdt></w:p>",
            "link box",
        ),
        (
            "<w:p><w:r><w:t>a</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p>\
             </w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent>\
             </mc:Fallback></mc:AlternateContent></w:r></w:p>",
            "box\n\na",
        ),
        (
            "<w:p><m:oMath><m:r><m:t>x=</m:t></m:r><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t>\
             </m:r></m:den></m:f><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>n</m:t></m:r></m:sup></m:sSup>\
             </m:oMath></w:p>",
            "x=(a+b)/2c^n",
        ),
    ] {
        assert_eq!(text(body), expected, "{body}");
    }
}

#[test]
fn notes_comments_charts_and_headers_stand_where_they_help() {
    let body = "<w:p><w:r><w:t>Claim</w:t><w:footnoteReference w:id='2'/><w:commentReference w:id='1'/></w:r></w:p>\
                <w:p><w:r><c:chart r:id='r7'/></w:r></w:p><w:p><w:r><w:t>End</w:t></w:r></w:p><w:sectPr/>";
    let expected = "Claim[1]\n\n[1] Said by Ann.\n\nComment by Bob: Sure?\n\nSales\nMay\n\nEnd\n\nFirm";
    assert_eq!(text(body), expected);
}

#[test]
fn tables_of_data_are_rows_and_tables_of_layout_are_blocks() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph("", text));
    let row =
        |cells: &[&str]| format!("<w:tr>{}</w:tr>", cells.iter().map(|text| cell(text)).collect::<String>());
    let data = format!(
        "<w:tbl>{}<w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>{}</w:tc>{}</w:tr>\
         <w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr>{}</w:tc>{}{}</w:tr></w:tbl>",
        row(&["A", "B", "C"]),
        paragraph("", "wide"),
        cell("3"),
        paragraph("", "again"),
        cell("5"),
        cell("6"),
    );
    let found = extract("a", &document(&data)).unwrap();
    assert_eq!(found.text, "A | B | C\nwide |  | 3\n| 5 | 6");
    assert_eq!((found.blocks[0].kind, found.blocks[0].header), (BlockKind::Table, 9));
    let layout =
        format!("<w:tbl>{}<w:tr><w:tc>{data}<w:p/></w:tc>{}</w:tr></w:tbl>", row(&["x", "y"]), cell("z"));
    assert_eq!(text(&layout), "x\n\ny\n\nA | B | C\nwide |  | 3\n| 5 | 6\n\nz");
}

#[test]
fn depth_and_damage_are_bounded() {
    let deep = 2_000;
    let body = format!(
        "{}x{}",
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>y</w:t></w:r></w:p>".repeat(deep),
        "</w:tc></w:tr></w:tbl>".repeat(deep)
    );
    assert_eq!(text(&body).matches('y').count(), deep);
    let missing = pack(&[("[Content_Types].xml", TYPES), ("word/styles.xml", STYLES)]);
    assert!(matches!(extract("a", &missing), Err(Refusal::Damaged { .. })));
    let cut = document("<w:p>");
    assert!(matches!(extract("a", &cut), Err(Refusal::Damaged { .. })));
    let mut broken = document(&paragraph("", "x"));
    broken.truncate(broken.len() - 30);
    assert!(matches!(extract("a", &broken), Err(Refusal::Damaged { .. })));
    let styles = pack(&[
        ("[Content_Types].xml", TYPES),
        ("word/document.xml", "<w:p><w:r><w:t>x</w:t></w:r></w:p>"),
        ("word/_rels/document.xml.rels", LINKS),
        ("word/styles.xml", "<w:styles>"),
    ]);
    let found = extract("a", &styles).unwrap();
    assert_eq!((found.text.as_str(), found.left_out[0].name.as_str()), ("x", "word/styles.xml"));
}
