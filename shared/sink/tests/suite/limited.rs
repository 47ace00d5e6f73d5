//! What somebody finds and can count who may see some places only.

use message::{About, EmbeddedChunk};
use sink::{Clause, Reader, Sink, Window, Words};
use stream::Boottime;

use super::bench::{Bench, ready};
use super::data::{all_done, chunk, put, vector, version};

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

/// One passage for each key, with these texts.
async fn filled<'a, B: Bench>(bench: &'a B, texts: &[(&str, &str)]) -> &'a B::Engine {
    let engine = ready(bench).await;
    let passages = texts.iter().zip(1..).map(|((key, text), seed)| {
        let mut passage = chunk(key, text, seed, version(1));
        passage.chunk.about = About { language: Some("en".to_owned()), ..About::default() };
        passage
    });
    let passages: Vec<EmbeddedChunk> = passages.collect();
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    engine
}

pub(crate) async fn terms_are_counted_among_the_passages_that_count<B: Bench>(bench: &B) {
    let texts = [
        ("hr/1.md", "oil falcon"),
        ("hr/2.md", "oil"),
        ("hr-legal/1.md", "falcon falcon"),
        ("legal/1.md", "oil falcon"),
        ("legal/2.md", "falcon"),
    ];
    let engine = filled(bench, &texts).await;
    let within = |places: &[&str]| Clause::Within(owned(places));
    let prefix = |prefixes: &[&str]| Clause::Prefix(owned(prefixes));
    let language = |language: &str| Clause::Language(owned(&[language]));
    let cases = [
        (vec![], (5, vec![3, 4, 0])),
        (vec![within(&["documents/hr"])], (2, vec![2, 1, 0])),
        (vec![within(&["documents/hr/1.md", "documents/legal/"])], (3, vec![2, 3, 0])),
        (vec![prefix(&["documents/hr"])], (3, vec![2, 2, 0])),
        (vec![within(&["documents/hr"]), language("en")], (2, vec![2, 1, 0])),
        (vec![within(&["documents/hr"]), language("de")], (0, vec![0, 0, 0])),
        (vec![within(&[])], (0, vec![0, 0, 0])),
    ];
    for (among, expected) in cases {
        let counted = engine.frequencies(&["oil", "falcon", "xylophone"], &among).await.unwrap();
        assert_eq!(counted, expected, "{among:?}");
        assert_eq!(engine.frequencies(&[], &among).await.unwrap(), (expected.0, Vec::new()), "{among:?}");
    }
}

pub(crate) async fn a_place_has_no_neighbours<B: Bench>(bench: &B) {
    let keys = ["hr", "hr/a.md", "hr/b/c.md", "hr-legal/a.md", "hr.md", "hrx", "人事/a.md", "人事部/a.md"];
    let engine = filled(bench, &keys.map(|key| (key, "apple"))).await;
    let words = Words::of("apple", &engine.languages().await.unwrap());
    let cases: [(&[&str], &[&str]); 8] = [
        (&["documents/hr"], &["hr", "hr/a.md", "hr/b/c.md"]),
        (&["documents/hr/"], &["hr/a.md", "hr/b/c.md"]),
        (&["documents/hr/b", "documents/hr.md"], &["hr.md", "hr/b/c.md"]),
        (&["documents/人事"], &["人事/a.md"]),
        (&["documents"], &keys),
        (&["documents/"], &keys),
        (&["document", "documents/h", "documents/hr-", "documents/*"], &[]),
        (&[], &[]),
    ];
    for (places, expected) in cases {
        let window = Window { filter: vec![Clause::Within(owned(places))], ..Window::of(20) };
        let (by_words, by_vector) = engine.both(&words, &vector(3), &window).await.unwrap();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        for hits in [by_words, by_vector] {
            let mut found: Vec<&str> = hits.iter().map(|hit| hit.document.key()).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{places:?}");
        }
    }
}
