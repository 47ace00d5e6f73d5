//! PPTX as `PowerPoint` and other programs write it.

use super::*;
use crate::extract;
use crate::format::package::pack;

fn slide(title: &str, shapes: &str) -> String {
    format!(
        "<p:sld><p:spTree>{shapes}<p:sp><p:nvPr><p:ph type='title'/></p:nvPr><p:txBody><a:p><a:r><a:t>{title}</a:t></a:r>\
         </a:p></p:txBody></p:sp><p:sp><p:nvPr><p:ph type='sldNum'/></p:nvPr><p:txBody><a:p><a:fld><a:t>7</a:t></a:fld>\
         </a:p></p:txBody></p:sp></p:spTree></p:sld>"
    )
}

#[test]
fn slides_come_in_their_order_with_titles_notes_and_comments() {
    let list = "<p:sp><p:nvPr><p:ph idx='1'/></p:nvPr><p:txBody><a:p><a:r><a:t>one</a:t></a:r></a:p><a:p><a:pPr lvl='1'>\
                <a:buAutoNum type='alphaLcParenR'/></a:pPr><a:r><a:t>two &amp;</a:t></a:r><a:r><a:t> three</a:t></a:r></a:p>\
                </p:txBody></p:sp>";
    let table = "<p:graphicFrame><a:tbl><a:tr><a:tc gridSpan='2'><a:txBody><a:p><a:r><a:t>A</a:t></a:r></a:p></a:txBody>\
                 </a:tc><a:tc hMerge='1'><a:txBody><a:p/></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>B</a:t></a:r></a:p>\
                 </a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>";
    let notes = "<p:notes><p:sp><p:nvPr><p:ph type='body'/></p:nvPr><p:txBody><a:p><a:r><a:t>Say it.</a:t></a:r></a:p>\
                 </p:txBody></p:sp></p:notes>";
    let bytes = pack(&[
        (
            "[Content_Types].xml",
            "<Types><Override ContentType='application/vnd.openxmlformats-officedocument.presentationml.slideshow.\
             main+xml'/></Types>",
        ),
        (
            "ppt/presentation.xml",
            "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='rB'/><p:sldId id='257' r:id='rA'/></p:sldIdLst></p:presentation>",
        ),
        (
            "ppt/_rels/presentation.xml.rels",
            "<Relationships><Relationship Id='rA' Type='x/slide' Target='slides/slide1.xml'/>\
             <Relationship Id='rB' Type='x/slide' Target='slides/slide2.xml'/>\
             <Relationship Id='rC' Type='x/commentAuthors' Target='authors.xml'/></Relationships>",
        ),
        ("ppt/authors.xml", "<p:cmAuthorLst><p:cmAuthor id='0' name='Bob'/></p:cmAuthorLst>"),
        ("ppt/slides/slide1.xml", &slide("", table)),
        ("ppt/slides/slide2.xml", &slide("First", list)),
        (
            "ppt/slides/_rels/slide2.xml.rels",
            "<Relationships><Relationship Id='n' Type='x/notesSlide' Target='../notesSlides/n.xml'/>\
             <Relationship Id='c' Type='x/comments' Target='../comments/c.xml'/></Relationships>",
        ),
        ("ppt/notesSlides/n.xml", notes),
        ("ppt/comments/c.xml", "<p:cmLst><p:cm authorId='0'><p:text>Hm.</p:text></p:cm></p:cmLst>"),
    ]);
    let found = extract("a", &bytes).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("pptx", Some("First")));
    assert_eq!(
        found.text,
        "First\n\n- one\n  a) two & three\n\nNotes: Say it.\n\nComment by Bob: Hm.\n\nA |  | B"
    );
    let parts: Vec<_> = found.parts.iter().map(|part| (part.kind, part.number)).collect();
    assert_eq!(parts, [(PartKind::Slide, 1), (PartKind::Slide, 2)]);
    assert!(
        found.blocks.last().unwrap().heading_path.is_empty(),
        "a slide without title is not under the one before"
    );
}
