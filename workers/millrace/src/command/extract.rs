//! `extract FILE…`: needs no server.

use std::path::Path;
use std::process::ExitCode;

use document::{Block, BlockKind, Extracted};
use message::{LeftOut, Part};
use process::Failure;
use serde::Serialize;

use crate::cli::Extract;
use crate::visible::visible;
use crate::{reading, show};

pub(super) async fn run(ask: &Extract) -> Result<ExitCode, Failure> {
    let (json, blocks) = (ask.json, ask.blocks);
    let write = move |path: &Path, extracted: Extracted| {
        let key = path.to_string_lossy();
        Ok(if json {
            serde_json::to_string(&Line::new(&key, &extracted, blocks))?
        } else {
            page(&key, &extracted)
        })
    };
    let print = move |text: String| {
        if json {
            show::json_line(&text);
        } else {
            show::document(&text);
        }
        Ok(())
    };
    reading::each(&ask.reading, "reading", write, print).await
}

/// A file as JSON; the fields are ordered for human readers.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    format: &'a str,
    title: Option<&'a str>,
    language: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<BlockLine<'a>>>,
    parts: &'a [Part],
    left_out: &'a [LeftOut],
}

#[derive(Serialize)]
struct BlockLine<'a> {
    kind: &'static str,
    start: usize,
    end: usize,
    header: usize,
    heading_path: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn new(key: &'a str, extracted: &'a Extracted, blocks: bool) -> Self {
        Self {
            key,
            format: &extracted.format,
            title: extracted.title.as_deref(),
            language: extracted.language.as_deref(),
            text: &extracted.text,
            blocks: blocks.then(|| extracted.blocks.iter().map(block).collect()),
            parts: &extracted.parts,
            left_out: &extracted.left_out,
        }
    }
}

fn block(block: &Block) -> BlockLine<'_> {
    let kind = match block.kind {
        BlockKind::Paragraph => "paragraph",
        BlockKind::Heading => "heading",
        BlockKind::ListItem => "list_item",
        BlockKind::Code => "code",
        BlockKind::Table => "table",
    };
    BlockLine {
        kind,
        start: block.range.start,
        end: block.range.end,
        header: block.header,
        heading_path: block.heading_path.iter().map(AsRef::as_ref).collect(),
    }
}

/// A file for people: a description, then its text. The text stays as it is, for whoever pipes it on; what is said
/// about it is for people only.
fn page(key: &str, extracted: &Extracted) -> String {
    let mut about = vec![extracted.format.clone()];
    about.extend(extracted.language.clone());
    about.extend(extracted.title.as_ref().map(|title| format!("\"{title}\"")));
    about.extend(show::parts(&extracted.parts));
    let mut head = format!("==> {key} <==\n{}\n", about.join(", "));
    for LeftOut { name, cause } in &extracted.left_out {
        head = head + "left out: " + name + ": " + cause + "\n";
    }
    visible(&head).into_owned() + "\n" + &extracted.text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Extracted {
        let page = |number| Part { kind: message::PartKind::Page, number, name: None, start: 0 };
        let mut extracted = document::extract("a.md", b"# Leave\n\n- 30 days\n").unwrap();
        extracted.parts = vec![page(1), page(2)];
        extracted.left_out = vec![LeftOut { name: "a.png".to_owned(), cause: "a picture".to_owned() }];
        extracted
    }

    #[test]
    fn a_page_says_what_the_file_is_before_its_text() {
        let page = page("a.md", &sample());
        let head = "==> a.md <==\nmarkdown, \"Leave\", 2 pages\nleft out: a.png: a picture\n\n";
        assert_eq!(page, format!("{head}Leave\n\n- 30 days\n"));
    }

    #[test]
    fn what_is_said_about_a_file_is_visible_and_its_text_as_it_is() {
        let mut extracted = sample();
        extracted.title = Some("a\u{1b}b".to_owned());
        extracted.text = "\u{1b}[1m".to_owned();
        let page = page("\u{9b}.md", &extracted);
        assert!(page.starts_with("==> \u{fffd}.md <==\nmarkdown, \"a␛b\", 2 pages\n"), "{page:?}");
        assert!(page.ends_with("\n\n\u{1b}[1m\n"), "{page:?}");
    }

    #[test]
    fn a_line_is_all_of_it() {
        let line = serde_json::to_value(Line::new("a.md", &sample(), true)).unwrap();
        assert_eq!(
            (&line["key"], &line["title"], &line["parts"][1]["number"]),
            (&"a.md".into(), &"Leave".into(), &2.into())
        );
        assert_eq!(
            (&line["blocks"][1]["kind"], &line["blocks"][1]["heading_path"][0]),
            (&"list_item".into(), &"Leave".into())
        );
        let short = serde_json::to_value(Line::new("a.md", &sample(), false)).unwrap();
        assert_eq!((short.get("blocks"), &short["left_out"][0]["name"]), (None, &"a.png".into()));
    }
}
