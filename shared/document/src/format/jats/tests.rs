//! Articles as journals deliver them.

use super::*;
use crate::format::extract_as;

const ARTICLE: &str = "<!DOCTYPE article PUBLIC '-//NLM//DTD JATS (Z39.96) v1.2//EN' 'x.dtd'>\
<article xml:lang='en' article-type='research-article'><front><journal-meta><journal-title>J</journal-title></journal-meta>\
<article-meta><article-id>1</article-id><title-group><article-title>The <italic>T</italic></article-title></title-group>\
<contrib-group><contrib><name><surname>Doe</surname><given-names>Jo A</given-names></name><xref><sup>1</sup></xref></contrib>\
<contrib><name><surname>Roe</surname></name></contrib></contrib-group><aff><label>1</label>Uni <country>X</country></aff>\
<volume>7</volume><abstract><p>Short.</p></abstract><kwd-group><kwd>a</kwd><kwd>b</kwd></kwd-group></article-meta></front>\
<body><sec><label>1</label><title>Intro</title><p>See<xref>1</xref> H<sub>2</sub>O.</p><sec><title>Deep</title>\
<fig><label>Fig. 1.</label><caption><title>Cap.</title><p>More.</p></caption><graphic/></fig>\
<table-wrap><table><thead><tr><th>n</th><th>v</th></tr></thead><tbody><tr><td>a</td><td><p>1</p><p>2</p></td></tr></tbody></table></table-wrap>\
<list list-type='order'><list-item><p>one</p></list-item></list></sec></sec></body>\
<back><ack><p>Thanks.</p></ack><ref-list><title>Literature</title><ref><label>1</label><element-citation><person-group><name><surname>Roe</surname>\
<given-names>R</given-names></name></person-group><year>2010</year><article-title>Cited</article-title><source>S</source><fpage>3</fpage>\
</element-citation></ref><ref><mixed-citation>A, <year>2011</year>; <volume>5</volume>:<fpage>1</fpage>.</mixed-citation></ref></ref-list></back></article>";

#[test]
fn an_article_is_its_title_authors_sections_and_references() {
    let found = crate::extract("x", ARTICLE.as_bytes()).unwrap();
    assert_eq!((found.format.as_str(), found.title.as_deref()), ("jats", Some("The T")));
    assert_eq!(found.language.as_deref(), Some("en"));
    let blocks: Vec<_> = found
        .blocks
        .iter()
        .map(|block| (block.heading_path.join(">"), &found.text[block.range.clone()]))
        .collect();
    let expected = [
        ("", "The T"),
        ("The T", "Jo A Doe 1, Roe"),
        ("The T", "1 Uni X"),
        ("The T", "Abstract"),
        ("The T>Abstract", "Short."),
        ("The T", "a, b"),
        ("The T", "1 Intro"),
        ("The T>1 Intro", "See1 H2O."),
        ("The T>1 Intro", "Deep"),
        ("The T>1 Intro>Deep", "Fig. 1. Cap."),
        ("The T>1 Intro>Deep", "More."),
        ("The T>1 Intro>Deep", "n | v\na | 1 2"),
        ("The T>1 Intro>Deep", "1. one"),
        ("The T", "Thanks."),
        ("The T", "Literature"),
        ("The T>Literature", "1 Roe R 2010 Cited S 3"),
        ("The T>Literature", "A, 2011; 5:1."),
    ];
    assert_eq!(blocks, expected.map(|(path, text)| (path.to_owned(), text)));
    assert_eq!(found.blocks[11].header, "n | v".len());
}

#[test]
fn articles_are_known_by_how_they_begin() {
    for (source, is) in [
        ("<?xml version='1.0'?>\n<article article-type='x'>", true),
        ("<article><front></front></article>", true),
        ("<article>a page fragment</article>", false),
        ("<?xml version='1.0'?><article xmlns='http://docbook.org/ns/docbook'><para>", false),
        ("JATS is a format with <article> as its root", false),
    ] {
        assert_eq!(Jats.by_content(source.as_bytes()), is, "{source}");
    }
    let cut = extract_as(&Jats, b"<article article-type='x'><body><p>x</article>");
    assert!(matches!(cut, Err(Refusal::Damaged { .. })));
}
