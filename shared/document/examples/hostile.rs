//! tmp
#![allow(warnings)]
use document::*;
use std::time::Instant;
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let r = |s: &str| s.repeat(n / s.len());
    let attrs: String =
        "<a ".to_owned() + &(0..n / 8).map(|i| format!("a{i} ")).collect::<String>() + ">x</a>";
    let cases: Vec<(&str, &str, String)> = vec![
        ("attrs", "a.html", attrs.clone()),
        ("attrs md", "a.md", attrs),
        ("p", "a.html", r("<p>x")),
        ("lt", "a.html", r("<")),
        ("lta", "a.html", r("<a")),
        ("comment", "a.html", r("<!--")),
        ("amp", "a.html", r("&amp")),
        ("tables", "a.html", r("<table><tr><td>x</table>")),
        ("table row", "a.html", "<table>".to_owned() + &r("<tr><td>x<td>y")),
        ("foster", "a.html", "<table>".to_owned() + &r("x<b>")),
        ("a", "a.html", r("<a>x<p>")),
        ("li", "a.html", "<ul>".to_owned() + &r("<li>x")),
        ("header", "a.html", r("<header></header>")),
        ("select", "a.html", r("<select><option>x")),
        ("deep list blank", "a.md", "- ".repeat(n / 10) + "a\n" + &"\n".repeat(n / 2) + "b"),
        ("deep quote", "a.md", ">".repeat(n / 2) + "a\n" + &"b\n".repeat(n / 4)),
        ("deep quote lines", "a.md", (">".repeat(1000) + "a\n").repeat(n / 1000)),
        ("deep list lazy", "a.md", "- ".repeat(n / 4) + "a\n" + &"b\n".repeat(n / 4)),
        ("deep list lazy2", "a.md", "1. ".repeat(n / 4) + "a\n" + &"b\n".repeat(n / 4)),
        ("deep list ind", "a.md", "- ".repeat(n / 10) + "a\n" + &" b\n\n".repeat(n / 4)),
        ("deep mix", "a.md", "- > ".repeat(n / 8) + "a\n" + &"b\n".repeat(n / 4)),
        (
            "quote steps",
            "a.md",
            (0..1000).map(|i| ">".repeat(i) + " x\n").collect::<String>() + &"b\n".repeat(n / 4),
        ),
        (
            "list steps",
            "a.md",
            (0..500).map(|i| " ".repeat(2 * i) + "- x\n").collect::<String>()
                + &"\n".repeat(n / 4)
                + &"b\n".repeat(n / 4),
        ),
        ("list lines", "a.md", r("- a\n")),
        (
            "wide table",
            "a.md",
            "|a".repeat(n / 4) + "|\n" + &"|-".repeat(n / 4) + "|\n" + &"|x\n".repeat(n / 12),
        ),
        ("brackets", "a.md", r("[")),
        ("brackets2", "a.md", r("[a](")),
        ("brackets3", "a.md", r("](/")),
        ("brackets4", "a.md", r("[](/ x.md")),
        ("images", "a.md", r("![a](<b>")),
        ("emph", "a.md", r("*a _b ")),
        ("emph2", "a.md", r("***a**")),
        ("ticks", "a.md", (1..((2 * n) as f64).sqrt() as usize).map(|i| "`".repeat(i) + " ").collect()),
        ("refs", "a.md", (0..n / 20).map(|i| format!("[r{i}]: x\n\n[r{i}]\n\n")).collect()),
        ("foot", "a.md", (0..n / 20).map(|i| format!("[^{i}]: x\n\n[^{i}]\n\n")).collect()),
        ("html", "a.md", r("<a>\n\n")),
        ("html2", "a.md", r("<!-- x -->\n")),
        ("entities", "a.md", r("&amp;")),
        ("headings", "a.md", r("# a\n\n")),
        ("headings6", "a.md", r("###### a\n\nb\n\n")),
        ("lines", "a.txt", r("a\n")),
        ("paras", "a.txt", r("a\n\n")),
        ("spaces", "a.txt", r(" ") + "x"),
        ("ri", "a.txt", r("🇩")),
        ("zwj", "a.txt", r("👩\u{200d}")),
        ("zalgo", "a.txt", r("\u{301}")),
        ("han", "a.txt", r("汉")),
        ("word", "a.txt", r("x")),
        ("zw", "a.txt", r("\u{200b}")),
    ];
    struct C;
    impl Tokens for C {
        fn special(&self) -> usize {
            2
        }
        fn offsets(&self, t: &str) -> Vec<std::ops::Range<usize>> {
            t.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(a, c)| a..a + c.len_utf8()).collect()
        }
        fn count(&self, t: &str) -> usize {
            2 + t.chars().filter(|c| !c.is_whitespace()).count()
        }
    }
    let sp =
        Splitter::new(C, Limits { max_tokens: 256, max_chunks: usize::MAX, ..Limits::default() }).unwrap();
    let only = std::env::args().nth(2);
    for (name, key, src) in cases {
        if let Some(o) = &only {
            if o != name {
                continue;
            }
        }
        let t = Instant::now();
        let e = extract(key, src.as_bytes());
        let te = t.elapsed();
        match e {
            Err(e) => println!("{name:18} {:9} extract {:6.2}s refused {}", src.len(), te.as_secs_f64(), e),
            Ok(e) => {
                let t = Instant::now();
                let s = sp.split(&message::DocumentId::new("b", "k").unwrap(), &e);
                println!(
                    "{name:18} {:9} extract {:6.2}s blocks {:7} text {:8} split {:6.2}s {:?}",
                    src.len(),
                    te.as_secs_f64(),
                    e.blocks.len(),
                    e.text.len(),
                    t.elapsed().as_secs_f64(),
                    s.map(|s| s.len())
                );
            }
        }
    }
}
