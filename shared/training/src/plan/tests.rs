use message::ChunkId;

use super::*;
use crate::corpus::SourcePassage;
use crate::testing::{document, handbook, id, library, passage, prose};
use crate::{DataManifest, DataOrigin};

fn made(corpus: &[SourceDocument]) -> TrainingPlan {
    plan(corpus, &[], None, &PairSettings::default()).unwrap()
}

fn refused(corpus: &[SourceDocument]) -> CorpusRefusal {
    plan(corpus, &[], None, &PairSettings::default()).unwrap_err()
}

fn split_of(plan: &TrainingPlan, document: &DocumentId) -> DataSplit {
    plan.documents.iter().find(|placed| placed.document == *document).unwrap().split
}

/// All that a trainer reads.
fn trained_text(plan: &TrainingPlan) -> String {
    String::from_utf8(plan.files().unwrap()["train.jsonl"].clone()).unwrap()
}

#[test]
fn a_corpus_gives_pairs_of_each_kind_that_hide_what_they_ask() {
    let corpus = library(60, 6);
    let plan = made(&corpus);
    assert!(plan.by_kind().keys().copied().eq([PairKind::Title, PairKind::Heading, PairKind::Sentence]));
    for pair in &plan.pairs {
        assert!(!words::plain(&pair.positive).contains(&words::plain(&pair.query)), "{pair:?}");
        let of = corpus.iter().find(|one| one.document == pair.document).unwrap();
        assert!(of.passages.iter().any(|passage| passage.id == pair.chunk));
    }
    let mut sorted = plan.pairs.clone();
    sorted.sort_by(|a, b| (&a.document, &a.chunk, a.kind).cmp(&(&b.document, &b.chunk, b.kind)));
    assert_eq!(sorted, plan.pairs);
}

#[test]
fn no_text_of_a_document_that_is_held_out_is_trained_on() {
    let mut corpus = library(80, 6);
    // Each ends with the same notice, so that all have a passage in common.
    let notice = prose(123_456, 60);
    for one in &mut corpus {
        one.passages.push(passage(&one.document, &["Legal", "Notice of the law"], &notice));
    }
    let plan = made(&corpus);
    let text = trained_text(&plan);
    let held = corpus.iter().filter(|one| split_of(&plan, &one.document) != DataSplit::Train);
    let mut count = 0;
    for passage in held.flat_map(|one| &one.passages) {
        let words: Vec<&str> = passage.text.split(' ').take(20).skip(8).collect();
        assert!(!text.contains(&words.join(" ")), "{passage:?}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn what_is_asked_of_held_out_documents_is_asked_in_no_pair() {
    let mut corpus = library(80, 6);
    // Two documents may share a heading; then none of them is judged by it.
    for (number, one) in corpus.iter_mut().enumerate() {
        let shared = format!("About {}", prose(70_000 + number / 2, 3).replace('.', ""));
        one.passages[2].heading_path[1] = shared;
    }
    let plan = made(&corpus);
    let asked: BTreeSet<String> =
        plan.judged.questions.iter().map(|question| words::plain(&question.text)).collect();
    assert!(plan.pairs.iter().all(|pair| !asked.contains(&words::plain(&pair.query))));
    let texts: BTreeSet<&str> = plan.judged.questions.iter().map(|question| question.text.as_str()).collect();
    assert_eq!(texts.len(), plan.judged.questions.len(), "no question twice");
    let shared = |text: &str| corpus.iter().filter(|one| one.passages[2].heading_path[1] == text).count();
    assert!(plan.judged.questions.iter().all(|question| shared(&question.text) <= 1));
}

#[test]
fn judged_passages_stand_without_what_is_asked_for_and_each_question_has_its_answer() {
    let plan = made(&library(80, 6));
    let corpus: BTreeMap<&ChunkId, String> =
        plan.judged.corpus.iter().map(|one| (&one.id, words::plain(&one.text))).collect();
    assert_eq!(corpus.len(), 80 * 6, "everything fits");
    for question in &plan.judged.questions {
        assert!(!question.relevant.is_empty() && question.split != DataSplit::Train);
        let asked = words::plain(&question.text);
        for (id, text) in &corpus {
            assert!(!text.contains(&asked), "{question:?} stands in {id}");
        }
        assert!(question.relevant.iter().all(|id| corpus.contains_key(id)));
    }
    let passages: Vec<&ChunkId> = plan.judged.questions.iter().flat_map(|one| &one.relevant).collect();
    assert_eq!(
        passages.len(),
        passages.iter().collect::<BTreeSet<_>>().len(),
        "one question of each passage"
    );
}

#[test]
fn a_smaller_judged_corpus_still_holds_every_answer() {
    let settings = PairSettings { most_corpus: 100, most_questions: 25, ..PairSettings::default() };
    let plan = plan(&library(80, 6), &[], None, &settings).unwrap();
    assert_eq!((plan.judged.count(DataSplit::Dev), plan.judged.count(DataSplit::Golden)), (25, 25));
    assert_eq!(plan.judged.corpus.len(), 100);
    let ids: BTreeSet<&ChunkId> = plan.judged.corpus.iter().map(|one| &one.id).collect();
    assert!(plan.judged.questions.iter().flat_map(|one| &one.relevant).all(|id| ids.contains(id)));
}

#[test]
fn neither_a_document_nor_a_kind_rules() {
    let mut corpus = library(60, 4);
    corpus.push(handbook(999, 200));
    let settings = PairSettings {
        most_per_document: 5,
        most_per_kind: 90,
        least_questions: 10,
        ..PairSettings::default()
    };
    let plan = plan(&corpus, &[], None, &settings).unwrap();
    assert!(plan.by_kind().values().all(|count| *count <= 90), "{:?}", plan.by_kind());
    assert_eq!(plan.by_kind()[&PairKind::Heading], 90);
    let large = id("handbook-0999");
    for kind in [PairKind::Heading, PairKind::Sentence] {
        let of_it = plan.pairs.iter().filter(|pair| pair.document == large && pair.kind == kind).count();
        assert!(of_it <= 5, "{of_it}");
    }
}

#[test]
fn a_question_that_people_asked_is_a_pair_and_goes_before_made_ones() {
    let corpus = library(60, 6);
    let before = made(&corpus);
    let asked = |passage: &SourcePassage, text: &str| AskedQuestion {
        question: text.to_owned(),
        cited: vec![passage.id.clone()],
    };
    let of = |split: DataSplit| corpus.iter().find(|one| split_of(&before, &one.document) == split).unwrap();
    let questions = [
        asked(&of(DataSplit::Train).passages[0], "how do I learn this?"),
        asked(&of(DataSplit::Golden).passages[0], "how do I prove this?"),
    ];
    let plan = plan(&corpus, &questions, None, &PairSettings::default()).unwrap();
    let pair = plan.pairs.iter().find(|pair| pair.kind == PairKind::Question).unwrap();
    let first = &of(DataSplit::Train).passages[0];
    assert_eq!((pair.query.as_str(), &pair.chunk), ("how do I learn this?", &first.id));
    assert_eq!(pair.positive, message::embedded_text(&first.heading_path, &first.text));
    let answer = &of(DataSplit::Golden).passages[0].id;
    let questions = plan.judged.questions.iter().filter(|question| question.relevant.contains(answer));
    let texts: Vec<&str> = questions.map(|question| question.text.as_str()).collect();
    assert_eq!(texts, ["how do I prove this?"], "the passage stands whole, so nothing else may ask for it");
}

#[test]
fn a_frozen_golden_set_keeps_its_questions_while_the_corpus_grows() {
    let corpus = library(80, 6);
    let set = made(&corpus).golden("docs", "0123456789ab");
    assert!(set.questions.len() >= 20 && !set.documents.is_empty());
    let mut grown = library(300, 6);
    // A heading of a golden document is now everywhere, which no fresh question would survive.
    let frozen_at = grown.iter().position(|one| set.documents.contains(&one.document)).unwrap();
    let heading = grown[frozen_at].passages[1].heading_path[1].clone();
    for one in grown.iter_mut().filter(|one| !set.documents.contains(&one.document)) {
        one.passages[1].heading_path[1].clone_from(&heading);
    }
    let plan = plan(&grown, &[], Some(&set), &PairSettings::default()).unwrap();
    assert_eq!(plan.judged.golden, set.questions);
    assert_eq!(plan.golden("docs", "0123456789ab"), set);
    let golden = plan.documents.iter().filter(|placed| placed.split == DataSplit::Golden);
    assert!(golden.map(|placed| &placed.document).eq(&set.documents), "no other document joins them");
    assert!(plan.pairs.iter().all(|pair| !set.documents.contains(&pair.document)));
}

#[test]
fn a_golden_set_whose_documents_are_gone_is_told() {
    let corpus = library(80, 6);
    let set = made(&corpus).golden("docs", "0123456789ab");
    let left: Vec<_> = corpus.into_iter().filter(|one| !set.documents.contains(&one.document)).collect();
    let refusal = plan(&left, &[], Some(&set), &PairSettings::default()).unwrap_err();
    let (frozen, index) = (set.questions.len(), "docs".to_owned());
    assert_eq!(refusal, CorpusRefusal::GoldenGone { frozen, found: 0, wanted: 20, index });
    assert!(refusal.to_string().contains("training/golden/docs.json"), "{refusal}");
}

#[test]
fn what_is_too_little_is_refused_with_what_to_do() {
    assert_eq!(refused(&[]), CorpusRefusal::Empty);
    assert_eq!(refused(&library(1, 500)), CorpusRefusal::OneDocument { wanted: 30 });
    assert_eq!(refused(&library(29, 10)), CorpusRefusal::FewDocuments { found: 29, wanted: 30 });
    let copies: Vec<_> = (0..40)
        .map(|n| {
            let one = handbook(0, 6);
            SourceDocument { document: id(&format!("copy {n}")), ..one }
        })
        .collect();
    assert_eq!(refused(&copies), CorpusRefusal::NearCopies { documents: 40, groups: 1, wanted: 30 });
    // Neither titles nor headings nor sentences.
    let bare: Vec<_> = (0..40)
        .map(|n| {
            document(
                &format!("d{n:02}"),
                &[&prose(n, 60).replace('.', ""), &prose(100 + n, 60).replace('.', "")],
            )
        })
        .collect();
    let refusal = refused(&bare).to_string();
    for part in
        ["gives 0 pairs", "no document has a title", "no passage has a heading", "begins with a sentence"]
    {
        assert!(refusal.contains(part), "{refusal}");
    }
    let few = refused(&library(32, 2));
    assert!(matches!(few, CorpusRefusal::FewPairs { found: 100..200, wanted: 200, .. }), "{few:?}");
    let settings = PairSettings { least_pairs: 1, least_questions: 2_000, ..PairSettings::default() };
    let refusal = plan(&library(60, 6), &[], None, &settings).unwrap_err().to_string();
    assert!(refusal.contains("golden") && refusal.contains("--golden-percent"), "{refusal}");
}

#[test]
fn the_same_corpus_gives_the_same_bytes_and_another_seed_others() {
    let corpus = library(60, 6);
    let of = |settings: &PairSettings| {
        let plan = plan(&corpus, &[], None, settings).unwrap();
        let files = plan.files().unwrap();
        let fingerprint = message::Fingerprint::of(&[("model", "m")]);
        let origin = DataOrigin {
            index: "docs".to_owned(),
            generation: "g".to_owned(),
            space: fingerprint.clone(),
            model: fingerprint,
        };
        DataManifest::new(origin, settings, &plan, &files).unwrap()
    };
    let one = of(&PairSettings::default());
    assert_eq!(one, of(&PairSettings::default()));
    assert_eq!(one.digest.len(), 12);
    assert_eq!(one.files.len(), 5);
    assert_eq!(serde_json::from_slice::<DataManifest>(&serde_json::to_vec(&one).unwrap()).unwrap(), one);
    let other = PairSettings { seed: 2, least_questions: 1, ..PairSettings::default() };
    assert_ne!(one.digest, of(&other).digest);
}
