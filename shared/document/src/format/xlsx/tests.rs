//! XLSX as Excel and other programs write it.

use super::*;
use crate::format::package::pack;
use crate::{Bounds, extract, extract_within};

fn workbook(sheet: &str, strings: &str) -> Vec<u8> {
    pack(&[
        (
            "[Content_Types].xml",
            "<Types><Override PartName='/xl/workbook.xml' ContentType='application/vnd.ms-excel.sheet.macroEnabled.main+xml'/></Types>",
        ),
        (
            "_rels/.rels",
            "<Relationships><Relationship Id='r' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
             officeDocument' Target='xl/workbook.xml'/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
             xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets>\
             <sheet name='Sum &amp; all' sheetId='1' state='hidden' r:id='r1'/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
             worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='r2' Type='http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/sharedStrings' Target='sharedStrings.xml'/><Relationship Id='r3' \
             Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles' Target='styles.xml'/>\
             </Relationships>",
        ),
        (
            "xl/styles.xml",
            "<styleSheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><cellXfs><xf numFmtId='0'/>\
             <xf numFmtId='14'/><xf numFmtId='9'/></cellXfs></styleSheet>",
        ),
        ("xl/sharedStrings.xml", strings),
        (
            "xl/worksheets/sheet1.xml",
            &format!(
                "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>{sheet}</sheetData></worksheet>"
            ),
        ),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            "<Relationships><Relationship Id='c' Type='x/comments' Target='../comments1.xml'/></Relationships>",
        ),
        (
            "xl/comments1.xml",
            "<comments><authors><author>Bob</author></authors><commentList><comment ref='B2' authorId='0'><text><r><t>Late</t></r>\
             </text></comment></commentList></comments>",
        ),
    ])
}

const STRINGS: &str = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>Name</t></si>\
                       <si><t>Day</t></si><si><t>Share</t></si></sst>";

#[test]
fn sheets_are_tables_with_values_as_shown() {
    let sheet = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c><c r='C1' t='s'><v>2</v></c></row>\
                 <row r='2'><c r='A2' t='inlineStr'><is><t>Ann</t></is></c><c r='B2' s='1'><v>45943</v></c>\
                 <c r='C2' s='2'><v>0.25</v></c></row><row r='9'><c r='XFD9' s='1'/></row>";
    let found = extract("a", &workbook(sheet, STRINGS)).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("xlsx", None));
    assert_eq!(
        found.text,
        "Sum & all\n\nName | Day | Share\nAnn | 2025-10-13 | 25%\n\nComment on B2 by Bob: Late"
    );
    assert_eq!((found.parts[0].kind, found.parts[0].name.as_deref()), (PartKind::Sheet, Some("Sum & all")));
    assert_eq!(found.blocks[1].header, "Name | Day | Share".len());
}

#[test]
fn empty_cells_cost_nothing_and_packed_size_is_bounded() {
    let row = |at: u32| format!("<row r='{at}'><c r='A{at}' s='1'/><c r='XFD{at}' s='1'/></row>");
    let sheet: String = (1..20_000).map(row).collect();
    let bytes = workbook(&sheet, STRINGS);
    assert_eq!(extract("a", &bytes).unwrap().text, "Sum & all\n\nComment on B2 by Bob: Late");
    let bounds = Bounds { unpacked: 100_000, ..Bounds::default() };
    assert!(matches!(extract_within(&bounds, "a", &bytes), Err(Refusal::UnpacksTooFar { .. })));
}

#[test]
fn entities_of_a_workbook_do_not_unpack() {
    let bomb =
        format!("<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>{}", STRINGS.replace("Name", "&b;"));
    let sheet = "<row r='1'><c r='A1' t='s'><v>0</v></c></row>";
    assert!(matches!(extract("a", &workbook(sheet, &bomb)), Err(Refusal::Damaged { .. })));
}
