//! `OpenDocument` as `LibreOffice` and other programs write it.

use message::PartKind;

use super::*;
use crate::extract;
use crate::format::package::pack;

fn package(media: &str, styles: &str, body: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles>{styles}</office:automatic-styles>\
                           <office:body>{body}</office:body></office:document-content>"
    );
    pack(&[("mimetype", media), ("content.xml", &content)])
}

#[test]
fn texts_have_headings_lists_tables_and_notes() {
    let styles = "<style:style style:name='P1' style:parent-style-name='Title'/><text:list-style style:name='L1'>\
        <text:list-level-style-number text:level='1' style:num-format='1' style:num-suffix='.'/>\
        <text:list-level-style-bullet text:level='2'/></text:list-style>";
    let body = "<office:text><text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p></text:deletion>\
        </text:changed-region></text:tracked-changes><text:p text:style-name='P1'>T</text:p>\
        <text:h text:outline-level='1'>A<text:s text:c='2'/>b</text:h><text:p>Claim<text:note><text:note-citation>1</text:note-citation>\
        <text:note-body><text:p>Why.</text:p></text:note-body></text:note>\n goes<text:line-break/>on.</text:p>\
        <text:list text:style-name='L1'><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deep</text:p>\
        </text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>\
        <table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>N</text:p></table:table-cell>\
        <table:table-cell><text:p>M</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row>\
        <table:table-cell table:number-columns-spanned='2'><text:p>1</text:p></table:table-cell><table:covered-table-cell/>\
        </table:table-row></table:table></office:text>";
    let found = extract("a", &package("application/vnd.oasis.opendocument.text", styles, body)).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("odt", Some("T")));
    assert_eq!(
        found.text,
        "T\n\nA b\n\nClaim[1] goes\non.\n\n[1] Why.\n\n1. one\n  - deep\n2. two\n\nN | M\n1"
    );
}

#[test]
fn pages_of_a_presentation_are_slides() {
    let body = "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>body</text:p></draw:text-box></draw:frame>\
        <draw:frame presentation:class='title'><draw:text-box><text:p>T1</text:p></draw:text-box></draw:frame>\
        <presentation:notes><draw:frame><draw:text-box><text:p>say</text:p></draw:text-box></draw:frame></presentation:notes>\
        </draw:page><draw:page><draw:frame><draw:text-box><text:p>x</text:p></draw:text-box></draw:frame></draw:page>\
        </office:presentation>";
    let found = extract("a", &package("application/vnd.oasis.opendocument.presentation", "", body)).unwrap();
    assert_eq!(found.text, "T1\n\nbody\n\nNotes: say\n\nx");
    assert_eq!(found.parts.iter().map(|part| part.kind).collect::<Vec<_>>(), [PartKind::Slide; 2]);
    assert!(found.blocks.last().unwrap().heading_path.is_empty());
}

#[test]
fn sheets_show_what_their_cells_say_and_repeat_within_bounds() {
    let body = "<office:spreadsheet><table:table table:name='S'><table:table-row><table:table-cell><text:p>Day</text:p>\
        </table:table-cell><table:table-cell><text:p>Sum</text:p></table:table-cell></table:table-row><table:table-row>\
        <table:table-cell office:value-type='date'><text:p>1.2.2024</text:p></table:table-cell><table:table-cell \
        office:value-type='float'><text:p>1,50</text:p></table:table-cell><table:table-cell \
        table:number-columns-repeated='16000'/></table:table-row><table:table-row table:number-rows-repeated='1048000'>\
        <table:table-cell table:number-columns-repeated='16384'/></table:table-row></table:table></office:spreadsheet>";
    let found = extract("a", &package("application/vnd.oasis.opendocument.spreadsheet", "", body)).unwrap();
    assert_eq!((found.text.as_str(), found.title), ("S\n\nDay | Sum\n1.2.2024 | 1,50", None));
    let bomb = body
        .replace(
            "table:number-rows-repeated='1048000'><table:table-cell ",
            "table:number-rows-repeated='1048000'><table:table-cell office:value-type='string' ",
        )
        .replace("'16384'/>", "'16384'><text:p>x</text:p></table:table-cell>");
    let found = extract("a", &package("application/vnd.oasis.opendocument.spreadsheet", "", &bomb)).unwrap();
    assert!(found.text.len() < 100_000, "{}", found.text.len());
}

#[test]
fn locked_and_damaged_packages_are_told() {
    let media = "application/vnd.oasis.opendocument.text";
    let locked = pack(&[
        ("mimetype", media),
        ("META-INF/manifest.xml", "<m><encryption-data/></m>"),
        ("content.xml", "x"),
    ]);
    assert!(matches!(extract("a", &locked), Err(Refusal::Encrypted { .. })));
    assert!(matches!(extract("a", &pack(&[("mimetype", media)])), Err(Refusal::Damaged { .. })));
}
