//! What an engine must hold, judged by the marker words that the oracle wrote and by recomputed vectors. The product
//! is never asked what is right. Pure.

use std::collections::BTreeMap;

/// The prefix of a marker, and how many letters follow it.
const MARKER: (&str, usize) = ("zq", 14);

/// The markers in a text, in order.
pub fn markers(text: &str) -> impl Iterator<Item = &str> {
    let (start, letters) = MARKER;
    text.split(|c: char| !c.is_ascii_lowercase())
        .filter(move |word| word.len() == start.len() + letters && word.starts_with(start))
}

/// Compares the markers in these passages with the bucket's: each must occur as often as in the bucket, and no others
/// may occur. (A text that was renamed and then put under its old key again occurs twice.)
#[must_use]
pub fn wrong<'a>(live: &BTreeMap<&str, usize>, passages: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for text in passages {
        for marker in markers(text) {
            *found.entry(marker).or_default() += 1;
        }
    }
    let mut wrong = Vec::new();
    for (marker, due) in live {
        match found.remove(marker) {
            Some(times) if times == *due => {}
            Some(times) => {
                wrong.push(format!("{marker} stands there {times} times, and in the bucket {due}"));
            }
            None => wrong.push(format!("{marker} stands nowhere, and its text is there")),
        }
    }
    wrong.extend(found.keys().map(|marker| format!("{marker} stands there, and its text is gone")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "zqaaaaaaaaaaaaaa";
    const B: &str = "zqbbbbbbbbbbbbbb";

    #[test]
    fn each_live_marker_stands_once_and_no_other_does() {
        let live = BTreeMap::from([(A, 1)]);
        let wrong = |passages: &[String]| wrong(&live, passages.iter().map(String::as_str));
        assert_eq!(wrong(&[format!("{A} the mill.")]), Vec::<String>::new());
        assert!(wrong(&["the mill".to_owned()])[0].contains("nowhere"));
        assert!(wrong(&[format!("{A}."), format!("({A})")])[0].contains("2 times"));
        assert!(wrong(&[format!("{A} {B}")])[0].contains("is gone"));
        assert!(wrong(&[format!("{A} zqpoisonous zqa")]).is_empty());
    }
}
