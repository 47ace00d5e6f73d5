use super::*;
use crate::testing::{document, prose};

/// The share of runs of four words that two texts have in common: counted, not estimated.
fn resemblance(one: &str, other: &str) -> f64 {
    let runs = |text: &str| -> BTreeSet<String> {
        let words: Vec<&str> = text.split(' ').collect();
        words.windows(4).map(|run| run.join(" ")).collect()
    };
    let (one, other) = (runs(one), runs(other));
    let count = |n: usize| f64::from(u32::try_from(n).unwrap());
    count(one.intersection(&other).count()) / count(one.union(&other).count())
}

fn at(document: usize, passage: usize) -> PassageAt {
    PassageAt { document, passage }
}

#[test]
fn the_estimate_is_near_what_is_counted() {
    let base = prose(1, 200);
    for changed in [0, 2, 10, 30, 60] {
        let mut words: Vec<String> = base.split(' ').map(str::to_owned).collect();
        for n in 0..changed {
            words[n * 3] = format!("other{n}");
        }
        let other = words.join(" ");
        let (one, two) = (Signature::of(&base), Signature::of(&other));
        let equal = one.0.iter().zip(&two.0).filter(|(a, b)| a == b).count();
        let estimate = f64::from(u32::try_from(equal).unwrap()) / 64.0;
        let counted = resemblance(&base, &other);
        assert!((estimate - counted).abs() < 0.2, "{changed}: {estimate} where {counted} is counted");
    }
}

#[test]
fn case_and_punctuation_make_no_other_text_and_words_do() {
    let copy = |one: &str, other: &str| Signature::of(one).is_copy(&Signature::of(other));
    assert!(copy("Delete the bucket, then wait.", "delete the BUCKET then wait"));
    assert!(!copy("Delete the bucket, then wait.", "Make the bucket, then read."));
    assert!(copy("如何删除一个存储桶？", "如何删除一个存储桶"));
    assert!(!copy("如何删除一个存储桶？", "怎样创建新的文件夹呢"));
    assert!(copy("a b", "A, b!") && !copy("a b", "a c"));
}

#[test]
fn copies_of_passages_and_documents_are_found() {
    let (one, two, three, four) = (prose(1, 80), prose(2, 80), prose(3, 80), prose(4, 80));
    let nearly = format!("{one} and so on");
    let corpus = [
        document("a", &[&one, &two]),
        document("b", &[&nearly, &three]),
        document("c", &[&prose(9, 80), &prose(8, 80), &prose(7, 80), &four]),
        document("d", &[&four, &prose(5, 80), &prose(6, 80), &prose(10, 80)]),
    ];
    let copies = Copies::of(&corpus);
    assert_eq!(copies.first(at(0, 0)), copies.first(at(1, 0)));
    assert_ne!(copies.first(at(0, 1)), copies.first(at(1, 1)));
    // Half of the passages of `b` stand in `a`; of `c` and `d` a quarter is common.
    assert_eq!([0, 1, 2, 3].map(|n| copies.group(n)), [0, 0, 2, 3]);
    assert_eq!((copies.groups(), copies.repeated()), (3, 2));
    assert!(copies.is_own(at(0, 0)) && !copies.is_own(at(1, 0)), "the first stands for its copies");
    assert!(copies.is_spread(at(2, 3)) && !copies.is_own(at(2, 3)), "boilerplate is nobody's own");
    assert!(copies.is_own(at(2, 0)) && !copies.is_spread(at(0, 0)));
}

#[test]
fn many_versions_of_a_document_are_one_group() {
    let texts: Vec<String> = (0..4).map(|n| prose(n, 60)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let corpus: Vec<_> = (0..100).map(|n| document(&format!("v{n:03}"), &texts)).collect();
    let copies = Copies::of(&corpus);
    assert_eq!((copies.groups(), copies.repeated()), (1, 396));
}

#[test]
fn a_notice_that_stands_everywhere_joins_nothing() {
    let notice = prose(1_000, 40);
    let corpus: Vec<_> = (0..60)
        .map(|n| {
            let (one, two) = (prose(3 * n, 60), prose(3 * n + 1, 60));
            document(&format!("d{n:02}"), &[&one, &two, &notice])
        })
        .collect();
    let copies = Copies::of(&corpus);
    assert_eq!((copies.groups(), copies.repeated()), (60, 59));
    assert!((0..60).all(|n| copies.is_spread(at(n, 2))));
}

#[test]
fn a_page_that_is_nothing_but_a_notice_joins_none_of_those_that_end_with_it() {
    let (notice, footer) = (prose(1_000, 40), prose(1_001, 40));
    // It is half of each document, or the whole of one.
    let of = |n: usize| document(&format!("d{n:02}"), &[&prose(n, 60), &notice]);
    let corpus: Vec<_> = (0..40).map(of).chain([document("notice", &[&notice])]).collect();
    let copies = Copies::of(&corpus);
    assert_eq!(copies.groups(), 41);
    assert!((0..40).all(|n| copies.is_spread(at(n, 1)) && copies.is_own(at(n, 0))));
    // Nor do two of them, of which each page has its own.
    let of = |n: usize| document(&format!("d{n:02}"), &[&footer, &prose(n, 60), &notice]);
    let pages = [document("footer", &[&footer]), document("notice", &[&notice])];
    assert_eq!(Copies::of(&(0..40).map(of).chain(pages).collect::<Vec<_>>()).groups(), 42);
}

#[test]
fn excerpts_and_versions_are_copies_all_the_same() {
    let notice = prose(9_999, 40);
    let text = |n: usize| prose(n, 60);
    let with_notice = |key: &str, numbers: &[usize]| {
        let texts: Vec<String> = numbers.iter().map(|n| text(*n)).chain([notice.clone()]).collect();
        document(key, &texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let others = (10..30).map(|n| with_notice(&format!("other {n}"), &[100 * n, 100 * n + 1]));
    // A large document and two of its parts, with and without the notice.
    let parts = [
        with_notice("a large", &[0, 1, 2, 3, 4, 5, 6, 7]),
        with_notice("a part", &[2, 3, 4]),
        document("a piece", &[&text(6)]),
    ];
    // Versions, each twice as long as the one before.
    let grown = [
        with_notice("b 1", &[50, 51]),
        with_notice("b 2", &[50, 51, 52, 53, 54]),
        with_notice("b 3", &[50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60]),
    ];
    // Drafts, of which each has another end.
    let drafts =
        (0..9).map(|n| document(&format!("c {n}"), &[&text(80), &text(81), &text(82), &text(90 + n)]));
    let corpus: Vec<_> = parts.into_iter().chain(grown).chain(drafts).chain(others).collect();
    let copies = Copies::of(&corpus);
    assert_eq!([0, 1, 2].map(|n| copies.group(n)), [0; 3]);
    assert_eq!([3, 4, 5].map(|n| copies.group(n)), [3; 3]);
    assert!((6..15).all(|n| copies.group(n) == 6));
    assert_eq!(copies.groups(), 3 + 20);
}
