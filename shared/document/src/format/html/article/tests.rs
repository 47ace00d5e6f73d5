use crate::{BlockKind, Extracted, extract};

const BODY: &str = "<p>The harbour of the town was closed on Monday after a crane fell across two of its three basins, and ships \
    waited outside of the breakwater for the tide of the evening. Nobody was hurt, the harbour master said.</p>\
    <p>The crane was built in 1964 and had been inspected in spring. Inspectors found rust at the foot of one leg and asked \
    for it to be painted, but not for repairs; the report, which this newspaper has seen, calls its state satisfactory.</p>\
    <blockquote><p>We heard a noise like thunder and then the water rose</p>a pilot wrote in the evening</blockquote>\
    <h2>What is closed</h2><table><tr><th>Basin<th>Until<tr><td>East<td>Friday<tr><td>West<td>Sunday</table>\
    <pre>notice 17/4: keep clear of the eastern mole</pre>\
    <p>Read more: <a href=/x>How the harbour was built in six years</a></p>\
    <p>Ferries to the islands leave from the old pier until the wreck is lifted, which may take a week if the weather holds, \
    and tickets stay valid. The company asks passengers to come half an hour earlier than usual.</p>";

fn page(declared: &str, body: &str) -> Extracted {
    let teasers: String = ["Mayor opens the new swimming hall", "Three tips for a better garden", "Rain expected until Thursday"]
        .map(|teaser| format!("<div class=card><a href=/t>{teaser}</a><p>And what else happened in {teaser} this week.</p></div>"))
        .concat();
    let page = format!(
        "<!doctype html><html lang=en><head><title>Crane falls into the harbour | The Coast</title>{declared}</head><body>\
         <div class=top><a href=/>The Coast</a><a href=/s>Subscribe</a></div><div class=story>\
         <h1>Crane falls into the harbour</h1><div class=story-body>{body}</div></div>\
         <div class='related-stories'><h3>You may also like</h3>{teasers}</div>\
         <div id=comments class=comments><h3>2 comments</h3><p>First! I saw it, too.</p><p>Paint is no repair.</p></div></body></html>"
    );
    extract("page.html", page.as_bytes()).unwrap()
}

#[test]
fn of_an_articles_page_the_article_stays_with_all_that_is_in_it() {
    let found = page("<meta property='og:type' content='article'>", BODY);
    assert_eq!(found.title.as_deref(), Some("Crane falls into the harbour | The Coast"));
    let kinds: Vec<_> = found.blocks.iter().map(|block| block.kind).collect();
    assert!(kinds.contains(&BlockKind::Table) && kinds.contains(&BlockKind::Code), "{}", found.text);
    for kept in [
        "The harbour of the town",
        "like thunder",
        "What is closed",
        "East | Friday",
        "17/4",
        "half an hour earlier",
    ] {
        assert!(found.text.contains(kept), "{kept} is lost: {}", found.text);
    }
    for gone in ["swimming hall", "You may also like", "Subscribe", "Read more", "Paint is no repair"] {
        assert!(!found.text.contains(gone), "{gone} stayed: {}", found.text);
    }
    // the headline is above every passage, and the section's heading above what is in it
    assert!(!found.text.contains("Crane falls"), "{}", found.text);
    let table = found.blocks.iter().find(|block| block.kind == BlockKind::Table).unwrap();
    assert_eq!(table.heading_path.join(" > "), "Crane falls into the harbour > What is closed");
    assert_eq!(table.header, "Basin | Until".len());
}

#[test]
fn a_page_that_does_not_say_so_or_holds_too_little_stays_as_it_is() {
    let other = page("", BODY);
    assert!(other.text.contains("Mayor opens") && other.text.contains("Crane falls"), "{}", other.text);
    let short = "<!doctype html><title>T</title><meta property='og:type' content=article><h1>T</h1><p>Nobody was hurt.";
    assert_eq!(extract("page.html", short.as_bytes()).unwrap().text, "T\n\nNobody was hurt.");
}

#[test]
fn what_is_kept_is_in_order_and_every_block_is_where_it_says() {
    let found = page("<meta property='og:type' content='article'>", BODY);
    let mut end = 0;
    for block in &found.blocks {
        assert!(block.range.start >= end && !block.range.is_empty(), "{:?}", block.range);
        assert!(found.text[end..block.range.start].trim().is_empty());
        end = block.range.end;
    }
    assert_eq!(end, found.text.len());
}

/// An article whose last lines are short says them all, in scripts without spaces, too.
#[test]
fn no_sentence_item_or_code_at_the_end_is_lost() {
    let declared = "<meta property='og:type' content='article'>";
    let end = "<p>Nobody was hurt.</p><ul><li>two eggs<li>salt</ul><pre>npm install</pre>";
    let found = page(declared, &format!("{BODY}{end}"));
    for kept in ["Nobody was hurt.", "two eggs", "salt", "npm install"] {
        assert!(found.text.contains(kept), "{kept} is lost: {}", found.text);
    }
    let sentence = "员工每年有三十天年假。没有在次年三月底之前休完的年假作废，除非因工作原因未能休假。";
    let body = (1..9).map(|number| format!("<p>第{number}条。{sentence}</p>")).collect::<Vec<_>>().concat();
    let found = page(declared, &format!("{body}<p>病假须提供证明</p><p>五年后为二十七天。</p>"));
    for kept in ["第1条", "第8条", "病假须提供证明", "五年后为二十七天。"] {
        assert!(found.text.contains(kept), "{kept} is lost: {}", found.text);
    }
}

/// Pages that the library could be slow or deep on stay as they are, in bounded time.
#[test]
fn pages_built_to_exhaust_the_library_are_read() {
    let declared = "<meta property='og:type' content='article'>";
    for body in ["<div>".repeat(400) + BODY, BODY.to_owned() + &"<p>x <a href=y>z</a>".repeat(8_000)] {
        assert!(page(declared, &body).text.contains("The harbour of the town"));
    }
}
