//! HTML as found on real pages.

use super::*;
use crate::format::extract_as;

fn read(source: &str) -> Extracted {
    extract_as(&Html, source.as_bytes()).unwrap()
}

fn text(source: &str) -> String {
    read(source).text
}

#[test]
fn the_text_is_what_a_browser_shows() {
    for (source, expected) in [
        ("<p>a  b\n c<p>d &amp; &lt;e&gt; &#x4e2d;", "a b c\n\nd & <e> 中"),
        ("<div>one<div>two</div>three</div>", "one\n\ntwo\n\nthree"),
        ("a<br>b <b>c</b><i>d</i>", "a\nb cd"),
        ("<?xml version='1.0'?><html><head><title/></head><p>a<script src=x/>b</p>", "ab"),
        ("<div role=heading aria-level=1>h</div>x", "h\n\nx"),
        ("<p>see <a href='x'>this</a>.<img alt='A chart' src=y>", "see this. A chart"),
        ("<pre>  x\n    y\n</pre>after", "  x\n    y\n\nafter"),
        ("<ul><li>a<li><p>b<p>c<ul><li>d</ul></ul>e", "- a\n- b\nc\n  - d\n\ne"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<dl><dt>Term<dd>Meaning</dl>", "Term\n\nMeaning"),
        ("<li>stray", "stray"),
    ] {
        assert_eq!(text(source), expected, "{source}");
    }
}

#[test]
fn what_stands_around_the_content_is_dropped() {
    let noise = "<nav>n</nav><header>h</header><script>s()</script><style>p{}</style><noscript>no</noscript>\
                 <aside>a</aside><template>t</template><p hidden>x</p><p style='color:red; DISPLAY : none'>y</p>\
                 <svg><title>z</title></svg><button>b</button><footer>f</footer><p aria-hidden=true>w</p>";
    assert_eq!(text(&format!("<title>T</title>{noise}<p>kept</p>")), "kept");
    assert_eq!(text("<div role=navigation>n</div><p>kept</p><div role=complementary>a</div>"), "kept");
    assert_eq!(text(&format!("<p>menu</p><main><p>kept</p>{noise}</main><p>legal</p>")), "kept\n\nh\n\nf");
    assert_eq!(text("<p>menu</p><article><header><h1>T</h1></header>kept</article>"), "T\n\nkept");
    assert_eq!(text("<article>one</article><article>two</article>"), "one\n\ntwo");
    assert_eq!(text("<main> </main><p>kept</p>"), "kept");
}

#[test]
fn content_is_found_by_what_the_page_says_and_never_lost() {
    let links = "<a href=x>first of the links</a> <a href=y>second of the links</a>";
    for (page, expected) in [
        // the page's heading is in its header
        ("<header>Site<h1>T</h1></header><main><p>kept</p></main><footer>f</footer>", "T\n\nkept"),
        ("<header>Site<h1>T</h1></header><p>kept kept</p><footer>f</footer>", "T\n\nkept kept"),
        ("<header><h1>S</h1></header><main><h1>T</h1>kept</main>", "T\n\nkept"),
        ("<header><h1>T</h1><a>all the links of a site</a></header>short<footer>f</footer>", "T\n\nshort"),
        // an article that is only one of many things on the page
        (
            "<p>this page is about much more than that</p><article>x</article>",
            "this page is about much more than that\n\nx",
        ),
        // a page that consists of elements which elsewhere surround the content
        ("<aside>all that there is</aside><p>x</p>", "all that there is\n\nx"),
        ("<div role=main>kept</div><p>not</p>", "kept"),
        ("<div id=content><p>kept kept kept</p></div><div>not</div>", "kept kept kept"),
        ("<div id=content>a</div><div>this is more than that</div>", "a\n\nthis is more than that"),
        ("<ul class='x menu'><li>Soup of the day<li>Bread</ul><p>t</p>", "- Soup of the day\n- Bread\n\nt"),
        (
            "<div class=cookie-recipes>Mix flour and sugar</div><p>then bake for ten minutes</p>",
            "Mix flour and sugar\n\nthen bake for ten minutes",
        ),
    ] {
        assert_eq!(text(page), expected, "{page}");
    }
    for around in [
        format!("<div class='nav sidebar'>Menu {links}</div>"),
        format!("<ol class=Breadcrumbs>{links}</ol>"),
        "<div class=cookie-banner>We use cookies <button>OK</button></div>".to_owned(),
        "<div id=onetrust-consent-sdk>We use cookies <button>OK</button></div>".to_owned(),
    ] {
        assert_eq!(
            text(&format!("{around}<p>the text that is kept of this page</p>")),
            "the text that is kept of this page"
        );
    }
    assert_eq!(
        text(&format!("<section id=navigation><h2>Navigation</h2>{links}</section>")).lines().count(),
        3
    );
}

#[test]
fn a_page_says_which_language_it_is_in() {
    let language = |attributes: &str| read(&format!("<html {attributes}><p>x")).language;
    assert_eq!(language("lang=de-CH").as_deref(), Some("de"));
    assert_eq!(language("lang=' ZH_Hant '").as_deref(), Some("zh"));
    assert_eq!(language("xml:lang=eng").as_deref(), Some("en"));
    assert_eq!(language("lang=''"), None);
    assert_eq!(language("lang=xx-klingon").as_deref(), Some("xx"));
    assert_eq!(language(""), None);
}

#[test]
fn headings_make_the_path_and_the_title_is_the_page_title() {
    let found = read(
        "<title> The\n page </title><h1>A <em>x</em><a href=#>¶</a></h1><div><h2>B<br>C</h2><p>t</div><h1>D</h1>u",
    );
    assert_eq!(found.title.as_deref(), Some("The page"));
    let blocks: Vec<_> = found
        .blocks
        .iter()
        .map(|block| (block.heading_path.join(" > "), &found.text[block.range.clone()]))
        .collect();
    let expected = [("", "A x"), ("A x", "B C"), ("A x > B C", "t"), ("", "D"), ("D", "u")];
    assert_eq!(blocks, expected.map(|(path, text)| (path.to_owned(), text)));
    assert_eq!(read("<h2>H</h2>x").title.as_deref(), Some("H"));
}

#[test]
fn tables_of_data_are_lines_and_tables_of_layout_are_not() {
    let data = "<table><caption>C</caption><thead><tr><th>a<th>b</thead><tr><td>1<td><p>2</p><p>3</p>\
                <tr><td><td><tr><td>4</table>";
    let found = read(data);
    assert_eq!((found.text.as_str(), found.blocks.len()), ("C\na | b\n1 | 2 3\n4", 1));
    assert_eq!((found.blocks[0].kind, found.blocks[0].header), (BlockKind::Table, "C\na | b".len()));
    for (rows, header) in [
        ("<tr><th>a<th>b<tr><td>1<td>2", 5),
        ("<tr><th>a<td>1<tr><th>b<td>2", 0),
        ("<thead><tr><td>a<td>b</thead><tr><td>1<td><img alt=i>", 5),
        ("<tr><td>1<td>2", 0),
    ] {
        assert_eq!(read(&format!("<table>{rows}</table>")).blocks[0].header, header, "{rows}");
    }
    assert_eq!(text("<table role=presentation><tr><td>a<td>b</table>"), "a\n\nb");
    let layout = "<table><tr><td>menu<td><h1>T</h1><p>x</p><table><tr><td>1<td>2</table></table>";
    assert_eq!(text("<table><tr><td>a<p>b<tr><td>c</table>"), "a\n\nb\n\nc");
    assert_eq!(text(layout), "menu\n\nT\n\nx\n\n1 | 2");
}

#[test]
fn declared_encodings_are_read() {
    for (source, label) in [
        ("<meta charset=\"gb2312\"><p>对象</p>", "gbk"),
        ("<META http-equiv=x content='text/html; charset=Shift_JIS'><p>日本</p>", "shift_jis"),
        ("<?xml version='1.0' encoding='iso-8859-1'?><html><p>é</p></html>", "windows-1252"),
    ] {
        let (bytes, ..) = Encoding::for_label(label.as_bytes()).unwrap().encode(source);
        let found = extract_as(&Html, &bytes).unwrap().text;
        assert!(source.contains(&format!("<p>{found}</p>")), "{found}");
    }
}

#[test]
fn markup_built_to_exhaust_the_reader_is_refused_in_bounded_time() {
    let deep = "<div>".repeat(200_000);
    let fonts = |count| (0..count).map(|size| format!("<font size={size}>")).collect::<Vec<_>>().concat();
    let bomb = fonts(2_000) + &"<p>x".repeat(200_000);
    let wide = "<p>".to_owned() + &fonts(400) + &"<p>x".repeat(200_000);
    let many = "<br>".repeat(1_001_000);
    let attributes: Vec<_> = (0..100_000).map(|index| format!("a{index}='' ")).collect();
    let attributes = format!("<!-- <b --><p>x</p><a {}>y</a>", attributes.concat());
    for source in [deep, bomb, wide, many, attributes] {
        let started = source.get(..20).unwrap_or_default();
        assert!(matches!(extract_as(&Html, source.as_bytes()), Err(Refusal::TooComplex { .. })), "{started}");
    }
    let image = format!("<img alt=a src='data:{}'>", "x = y ".repeat(20_000));
    assert_eq!(text(&format!("<!-- {} -->{image}b", "<i x y z> i<n ".repeat(20_000))), "a b");
    assert_eq!(text(&format!("{}deep", "<div>".repeat(400))), "deep");
}
