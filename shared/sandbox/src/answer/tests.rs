//! Round trips, compactness, and rejection of inconsistent answers.

use super::*;

/// Every kind of block, shared names, parts, and parts left out.
fn sample() -> Extracted {
    let (one, two): (Arc<str>, Arc<str>) = ("One".into(), "Zwei ü".into());
    let (top, outer, inner): (HeadingPath, HeadingPath, HeadingPath) =
        (Arc::new([]), Arc::new([Arc::clone(&one)]), Arc::new([one, two]));
    let block = |range, path: &HeadingPath, kind, header| Block {
        range,
        heading_path: Arc::clone(path),
        kind,
        header,
    };
    Extracted {
        format: "markdown".to_owned(),
        title: Some("One".to_owned()),
        language: None,
        text: "One\n\nZwei ü\n\na | b\n1 | 2\n\n- x\n\nfn".to_owned(),
        blocks: vec![
            block(0..3, &top, BlockKind::Heading, 0),
            block(5..12, &outer, BlockKind::Paragraph, 0),
            block(14..25, &inner, BlockKind::Table, 5),
            block(27..30, &inner, BlockKind::ListItem, 0),
            block(32..34, &outer, BlockKind::Code, 0),
        ],
        parts: vec![Part { kind: message::PartKind::Page, number: 1, name: Some("i".to_owned()), start: 5 }],
        left_out: vec![LeftOut { name: "a.png".to_owned(), cause: "a picture".to_owned() }],
    }
}

fn sent(extracted: Extracted) -> (Vec<u8>, String) {
    let (outline, text) = Outline::of(extracted);
    (serde_json::to_vec(&outline).unwrap(), text)
}

fn received(head: &[u8], text: String) -> Option<Extracted> {
    serde_json::from_slice::<Outline>(head).unwrap().into_extracted(text.into_bytes())
}

#[test]
fn what_is_said_comes_back() {
    let (head, text) = sent(sample());
    assert_eq!(received(&head, text), Some(sample()));
}

#[test]
fn a_name_is_said_once_however_many_blocks_stand_under_it() {
    let path: HeadingPath = Arc::new([Arc::from("h".repeat(100_000))]);
    let block = |n: usize| Block {
        range: 2 * n..2 * n + 1,
        heading_path: Arc::clone(&path),
        kind: BlockKind::Paragraph,
        header: 0,
    };
    let text = "x ".repeat(50_000);
    let extracted = Extracted { text, blocks: (0..50_000).map(block).collect(), ..sample() };
    let (head, text) = sent(extracted.clone());
    assert!(head.len() < 100_000 + 20 * 50_000, "{}", head.len());
    let back = received(&head, text).unwrap();
    assert_eq!(back, extracted);
    assert!(back.blocks.iter().all(|block| Arc::ptr_eq(&block.heading_path, &back.blocks[0].heading_path)));
}

#[test]
fn an_outline_that_does_not_fit_is_not_believed() {
    let (head, text) = sent(sample());
    assert_eq!(received(&head, text[..20].to_owned()), None, "a text that is too short");
    let shifted = format!("ü{}", &text[2..]);
    assert_eq!(received(&head, shifted.replace("Zwei ü", "Zwei \u{800}")), None, "inside a character");
    let (mut outline, text) = Outline::of(sample());
    outline.blocks[1].4 = 9;
    assert_eq!(outline.into_extracted(text.into_bytes()), None, "a path that is not there");
    let (outline, _) = Outline::of(sample());
    assert_eq!(outline.into_extracted(vec![0xff; 40]), None, "no text");
}
