//! Every sample of `shared/fixture/notices` becomes what the file beside it says.

use intake::{NoticeAnswer, Scope, WantedObjects, answer};
use message::DocumentReference;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    references: Vec<DocumentReference>,
    ignored: Vec<Ignored>,
    refused: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Ignored {
    format: String,
    name: String,
    reason: String,
}

fn ignored(answer: &NoticeAnswer) -> Vec<Ignored> {
    let one = |ignored: &intake::Ignored| Ignored {
        format: ignored.format.to_owned(),
        name: ignored.name.clone(),
        reason: ignored.reason.label().to_owned(),
    };
    answer.ignored.iter().map(one).collect()
}

#[test]
fn each_sample_becomes_what_is_written_beside_it() {
    let samples = fixture::notices::notices().unwrap();
    assert!(samples.len() > 60, "only {} samples were found", samples.len());
    let buckets = "documents,files,manuals,reports".parse().unwrap();
    let wanted = WantedObjects { buckets, scope: Scope::default() };
    for sample in samples {
        let expected: Expected = serde_json::from_str(&sample.expected).unwrap();
        let answer = answer(&sample.value, &wanted);
        assert_eq!(answer.references, expected.references, "{}", sample.name);
        assert_eq!(ignored(&answer), expected.ignored, "{}", sample.name);
        let causes: Vec<String> = answer.refusals.iter().map(ToString::to_string).collect();
        assert_eq!(causes.len(), expected.refused.len(), "{}: {causes:?}", sample.name);
        for (cause, words) in causes.iter().zip(&expected.refused) {
            assert!(cause.contains(words), "{}: {cause:?} should hold {words:?}", sample.name);
        }
    }
}
