//! How passages are found, and which questions are invalid.

use std::sync::Arc;
use std::time::Duration;

use generation::{Names, Target};
use message::Fingerprint;
use model::{Overlap, Reranker};
use serve::found::Answer;
use serve::question::{Fusion, Include, LONGEST};
use serve::rerank::Reranking;
use serve::search::SearchError;
use serve::{Mode, Question, Search, Snapshot};
use sink::{Clause, MOST_CLAUSES, MemoryEngine, Sink, SinkError};
use tokio::sync::Semaphore;

use crate::bench::{
    DIMENSION, Fussy, PASSAGES, absent, another, chunk, encoder, fill, fill_with, generation, mute, search,
    search_over, snapshot, space,
};

const ALL: [Mode; 3] = [Mode::Keyword, Mode::Vector, Mode::Hybrid];

#[tokio::test]
async fn every_mode_finds_the_passage_first_that_is_asked_for_in_its_own_words() {
    let search = search().await;
    for mode in ALL {
        for (key, text) in PASSAGES {
            let answer = search.answer(&Question::plain(text, mode, 3)).await.unwrap();
            assert_eq!((answer.mode, &answer.space), (mode, &space()));
            assert_eq!(answer.hits[0].id, chunk(key, text).id, "{mode:?} {text}");
            assert_eq!((answer.hits[0].document.key(), answer.hits[0].text.as_str()), (key, text));
            assert!(
                answer.hits.len() <= 3 && answer.hits.is_sorted_by(|a, b| a.score >= b.score),
                "{mode:?}"
            );
        }
    }
}

#[tokio::test]
async fn keyword_finds_only_passages_with_the_words() {
    let answer = search().await.answer(&Question::plain("purrs barks", Mode::Keyword, 10)).await.unwrap();
    let mut keys: Vec<&str> = answer.hits.iter().map(|hit| hit.document.key()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["cats.md", "dogs.md"]);
    assert!(answer.hits.iter().all(|hit| (hit.keyword_rank, hit.vector_rank) == (None, None)));
}

#[tokio::test]
async fn hybrid_fuses_both_rankings_and_says_where_each_passage_stood() {
    // An engine without fusion leaves it to `serve`.
    let search = search().await.fused_by_engine(true);
    let question = "cat on a windowsill";
    let keyword = search.answer(&Question::plain(question, Mode::Keyword, LONGEST)).await.unwrap().hits;
    let vector = search.answer(&Question::plain(question, Mode::Vector, LONGEST)).await.unwrap().hits;
    let by_rank = |size| Question { fusion: Fusion::Rrf, ..Question::plain(question, Mode::Hybrid, size) };
    let hybrid = search.answer(&by_rank(LONGEST)).await.unwrap().hits;
    assert_eq!(hybrid.len(), PASSAGES.len(), "every passage has a vector");
    for hit in &hybrid {
        let rank = |hits: &[serve::found::FoundPassage]| {
            hits.iter().position(|other| other.id == hit.id).map(|at| u32::try_from(at + 1).unwrap())
        };
        assert_eq!((hit.keyword_rank, hit.vector_rank), (rank(&keyword), rank(&vector)));
        let ranks = [hit.keyword_rank, hit.vector_rank];
        let score: f64 = ranks.into_iter().flatten().map(|rank| 1.0 / (60.0 + f64::from(rank))).sum();
        assert!((hit.score - score).abs() < 1e-12);
    }
    assert!(hybrid.iter().any(|hit| hit.keyword_rank.is_none()), "the test proves nothing");
    // A short page is the start of a long one, because more is fused than shown.
    let short = search.answer(&by_rank(2)).await.unwrap().hits;
    assert_eq!(short, hybrid[..2]);
}

#[tokio::test]
async fn the_best_passages_are_judged_again_and_the_others_stay_behind_them() {
    let with =
        async |depth| search().await.with_reranker(Some(Reranking::new(Reranker::Overlap(Overlap), depth)));
    // BM25 compares stems, this reranker whole words.
    let question =
        Question::plain("purrs, happy cat: sleeping on windowsills in afternoons", Mode::Keyword, 6);
    let texts = |answer: &Answer| answer.hits.iter().map(|hit| hit.text.clone()).collect::<Vec<_>>();
    let before = search().await.answer(&question).await.unwrap();
    assert_eq!(texts(&before), [PASSAGES[0].1, PASSAGES[1].1]);
    assert!(before.reranked.is_none() && before.hits.iter().all(|hit| hit.rerank_score.is_none()));
    // Without a request for it, a keyword ranking is not reranked; a hybrid one is, unless declined.
    assert_eq!(texts(&with(50).await.answer(&question).await.unwrap()), texts(&before));
    let hybrid = Question { mode: Mode::Hybrid, ..question.clone() };
    assert_eq!(with(50).await.answer(&hybrid).await.unwrap().reranked, Some(6));
    let not = Question { rerank: Some(false), ..hybrid };
    assert_eq!(with(50).await.answer(&not).await.unwrap().reranked, None);
    let asked = Question { rerank: Some(true), ..question };
    let after = with(50).await.answer(&asked).await.unwrap();
    assert_eq!((texts(&after), after.reranked), (vec![PASSAGES[1].1.into(), PASSAGES[0].1.into()], Some(2)));
    assert_eq!(after.hits.iter().map(|hit| hit.rerank_score).collect::<Vec<_>>(), [Some(0.375), Some(0.25)]);
    // Passages beyond its depth do not move.
    let one = with(1).await.answer(&asked).await.unwrap();
    assert_eq!((texts(&one), one.reranked), (texts(&before), Some(1)));
    assert!(one.hits[1].rerank_score.is_none());
    let error = search().await.answer(&asked).await.unwrap_err();
    assert!(matches!(&error, SearchError::Question(wrong) if wrong.field == "rerank"), "{error}");
}

#[tokio::test]
async fn what_is_no_question_is_refused_before_the_engine_is_asked() {
    // The indexes are missing, so querying the engine would give another error.
    let search = search_over(&absent());
    for mode in ALL {
        for (question, size) in [("", 10), (" \t\u{3000}\n", 10), ("cat", 0), ("cat", LONGEST + 1)] {
            let error = search.answer(&Question::plain(question, mode, size)).await.unwrap_err();
            assert!(matches!(error, SearchError::Question(_)), "{question:?} {size}: {error}");
        }
    }
}

#[tokio::test]
async fn a_question_that_is_too_long_for_the_model_is_embedded_in_parts_up_to_a_bound() {
    let search = search().await;
    for mode in [Mode::Vector, Mode::Hybrid] {
        // It is cut within each of these words.
        let longest = format!("{} cat", "endless ".repeat(40));
        let error = search.answer(&Question::plain(&longest, mode, 3)).await.unwrap_err();
        let is_told = matches!(&error, SearchError::Question(words) if words.message.contains("300 tokens"));
        assert!(is_told, "{error}");
        let answer = search.answer(&Question::plain("endless cat", mode, 3)).await.unwrap();
        assert!(answer.notes[0].contains("2 parts") && !answer.hits.is_empty(), "{answer:?}");
    }
    assert_eq!(search.answer(&Question::plain("endless cat", Mode::Keyword, 3)).await.unwrap().hits.len(), 2);
}

#[tokio::test]
async fn more_words_than_an_engine_takes_are_refused_and_only_languages_that_are_searched_count() {
    let search = search().await;
    let words = |count: usize| (0..count).map(|one| format!("w{one}")).collect::<Vec<_>>().join(" ");
    let refused = async |question: &Question| {
        let error = search.answer(question).await.unwrap_err();
        assert!(matches!(error, SearchError::Question(_)), "{error}");
        error.to_string()
    };
    let mut question = Question::plain(&words(MOST_CLAUSES - 1), Mode::Keyword, 3);
    let told = refused(&question).await;
    assert!(told.contains("in 3 languages 265 can be searched: shorten it, or say which"), "{told}");
    question.filter = vec![Clause::Language(vec!["en".to_owned()])];
    assert!(search.answer(&question).await.unwrap().hits.is_empty());
    question.text = words(MOST_CLAUSES);
    let told = refused(&question).await;
    assert!(told.ends_with("in 1 language 799 can be searched: shorten it"), "{told}");
}

#[tokio::test]
async fn an_encoder_that_fails_is_no_fault_of_the_question() {
    let engine = absent();
    fill(&engine).await;
    let error = mute(&engine).answer(&Question::plain("cat", Mode::Hybrid, 3)).await.unwrap_err();
    assert!(matches!(error, SearchError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn an_index_of_another_space_is_never_asked() {
    let engine = absent();
    fill(&engine).await;
    // The same dimension: only the fingerprint distinguishes them.
    let other = Fingerprint::of(&[("model", "another"), ("dimension", &DIMENSION.to_string())]);
    let search = Search::new(snapshot(&engine, encoder(), &other));
    for mode in ALL {
        let Err(SearchError::Unavailable(cause)) = search.answer(&Question::plain("cat", mode, 3)).await
        else {
            panic!("{mode:?}")
        };
        let cause = cause.downcast_ref::<SinkError>();
        assert!(matches!(cause, Some(SinkError::Mismatch { what: "the space", .. })), "{cause:?}");
    }
}

/// What is wrong with the space, as a refused question says it.
async fn told(search: &Search<Fussy, MemoryEngine>, question: &Question) -> &'static str {
    let Err(SearchError::Unavailable(cause)) = search.answer(question).await else {
        return "it is not refused so";
    };
    let Some(SinkError::Mismatch { what, .. }) = cause.downcast_ref::<SinkError>() else {
        return "it is refused for something else";
    };
    *what
}

#[tokio::test]
async fn an_index_that_becomes_one_of_another_space_while_it_is_asked_is_not_answered_from() {
    let engine = absent();
    fill(&engine).await;
    let (search, another) = (search_over(&engine), another(&engine).await);
    for mode in ALL {
        let question = Question::plain("cat", mode, 3);
        assert!(!search.answer(&question).await.unwrap().hits.is_empty());
        engine.exchange(&another);
        // The passages say it, and then the indexes are asked before any passage is.
        let both = [told(&search, &question).await, told(&search, &question).await];
        assert_eq!(both, ["passages of the space", "the space"], "{mode:?}");
        engine.exchange(&another);
        assert!(!search.answer(&question).await.unwrap().hits.is_empty(), "{mode:?}: it is back");
    }
}

#[tokio::test]
async fn an_answer_without_passages_is_none_of_an_index_of_another_space() {
    let engine = absent();
    fill(&engine).await;
    let (search, another) = (search_over(&engine), another(&engine).await);
    let nothing = Question::plain("xylophone", Mode::Keyword, 3);
    search.answer(&Question::plain("cat", Mode::Keyword, 3)).await.unwrap();
    engine.exchange(&another);
    assert_eq!(told(&search, &nothing).await, "the space");
    engine.exchange(&another);
    assert!(search.answer(&nothing).await.unwrap().hits.is_empty());
}

#[tokio::test]
async fn a_missing_index_is_looked_for_again_with_the_next_question() {
    let engine = absent();
    let search = search_over(&engine);
    assert!(matches!(search.ready().await, Err(SearchError::Unavailable(_))));
    fill(&engine).await;
    search.ready().await.unwrap();
    assert_eq!(search.answer(&Question::plain("cat", Mode::Hybrid, 1)).await.unwrap().hits.len(), 1);
    engine.drop_index(Target::Chunks);
    for mode in ALL {
        let Err(SearchError::Unavailable(_)) = search.answer(&Question::plain("cat", mode, 1)).await else {
            panic!("{mode:?}")
        };
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_index_goes_away_is_not_ready_until_it_is_back() {
    let engine = absent();
    let search = search_over(&engine);
    fill(&engine).await;
    for _ in 0..2 {
        search.ready().await.unwrap();
        engine.drop_index(Target::Chunks);
        // Frequent checks are answered from a recent one.
        search.ready().await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(matches!(search.ready().await, Err(SearchError::Unavailable(_))));
        fill(&engine).await;
    }
    search.ready().await.unwrap();
}

#[tokio::test]
async fn a_question_in_hand_keeps_what_it_took_and_the_next_is_answered_by_what_is_served_then() {
    let (old, held) = (absent(), Arc::new(Semaphore::new(0)));
    fill(&old).await;
    let new = old.over(Names::new("next", &generation()).unwrap());
    let slow = Fussy { held: Some(Arc::clone(&held)), ..encoder() };
    let search = Search::new(Snapshot::new("old", slow, old.clone(), Sink::names(&old).clone()));
    let next = || Snapshot::new("new", encoder(), new.clone(), Sink::names(&new).clone());
    // A missing index is not served.
    assert!(matches!(search.switch(next()).await, Err(SearchError::Unavailable(_))));
    assert_eq!(search.snapshot().unwrap().model(), "old");
    fill_with(&new, &[("fish.md", "The cat watches the fish.")]).await;
    let question = Question::plain("cat", Mode::Hybrid, 9);
    let switched = async {
        search.switch(next()).await.unwrap();
        held.add_permits(1);
    };
    let (in_hand, ()) = tokio::join!(search.answer(&question), switched);
    let documents = |answer: Answer| -> Vec<String> {
        answer.hits.iter().map(|hit| hit.document.key().to_owned()).collect()
    };
    assert_eq!(search.snapshot().unwrap().model(), "new");
    assert!(!documents(in_hand.unwrap()).contains(&"fish.md".to_owned()));
    assert_eq!(documents(search.answer(&question).await.unwrap()), ["fish.md"]);
}

#[tokio::test]
async fn what_is_asked_for_is_added_to_each_passage() {
    let include = Include { highlights: true, place: true, neighbours: true, relevance: false };
    let question = Question { include, ..Question::plain("cat purrs", Mode::Hybrid, 6) };
    let hits = search().await.answer(&question).await.unwrap().hits;
    let (first, text) = (&hits[0], PASSAGES[1].1);
    assert_eq!((first.text.as_str(), first.title.as_deref()), (text, Some("At home")));
    let place = first.place.as_ref().unwrap();
    assert_eq!((place.start, place.ordinal, place.part.as_ref().map(|part| part.number)), (100, 1, Some(1)));
    assert_eq!((first.before.as_deref(), &first.after), (Some(PASSAGES[0].1), &None));
    let marked = first.highlights.iter().flatten().filter(|piece| piece.hit).map(|piece| piece.text.as_str());
    assert_eq!(marked.collect::<Vec<_>>(), ["cat", "purrs", "cat"]);
    let plain = search().await.answer(&Question::plain("a cat", Mode::Hybrid, 1)).await.unwrap().hits;
    assert!(plain[0].place.is_none() && plain[0].highlights.is_none() && plain[0].before.is_none());
}

#[tokio::test]
async fn a_document_takes_no_more_places_than_it_may() {
    let question = Question { per_document: Some(1), ..Question::plain("cat", Mode::Hybrid, 6) };
    let hits = search().await.answer(&question).await.unwrap().hits;
    let cats = hits.iter().filter(|hit| hit.document.key() == "cats.md").count();
    assert_eq!((cats, hits.len()), (1, PASSAGES.len() - 1));
}

#[tokio::test(start_paused = true)]
async fn on_a_slow_machine_relevance_is_measured_on_fewer_passages() {
    let texts: Vec<(String, String)> = (0..256)
        .map(|n| (format!("{n}.md"), format!("The pump x{n}q has a valve y{n}q and a hose z{n}q.")))
        .collect();
    let passages: Vec<(&str, &str)> = texts.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let engine = absent();
    fill_with(&engine, &passages).await;
    // All 256 would take 10 s, and a question waits for 5.
    let slow = Fussy { slow: Duration::from_millis(40), ..encoder() };
    let search = Search::new(snapshot(&engine, slow, &space()));
    let include = Include { relevance: true, ..Include::default() };
    let question = Question { include, ..Question::plain("Which pump has the valve y7q?", Mode::Hybrid, 3) };
    let answer = search.answer(&question).await.unwrap();
    assert!(answer.relevance.is_some_and(|relevance| relevance > 0.2), "{answer:?}");
}
