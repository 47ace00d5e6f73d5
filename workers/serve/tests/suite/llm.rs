//! Handling of a model's service, whatever it does.

use std::time::Duration;

use futures::TryStreamExt as _;
use serve::llm::{EndReason, Given, LanguageModel as _, LlmError, Models, Piece, Prompt, Usage};
use tokio::time::Instant;

use crate::model::{Act, KEY, Provider, says};

fn prompt() -> Prompt {
    Prompt {
        question: "Where does the cat sleep?".to_owned(),
        passages: vec![Given {
            number: 1,
            text: "The cat sleeps on the warm windowsill.".to_owned(),
            heading_path: Vec::new(),
            document: "docs/cats.md".to_owned(),
            about: String::new(),
        }],
        max_tokens: 100,
        nonce: "mark".to_owned(),
        ..Prompt::default()
    }
}

async fn answer(models: &Models, provider: &str) -> Result<Vec<Piece>, LlmError> {
    let pieces = models.get(provider)?.answer(prompt()).await?;
    pieces.try_collect().await
}

async fn after(acts: Vec<Act>) -> (Result<Vec<Piece>, LlmError>, Provider) {
    let provider = Provider::start(acts).await;
    (answer(&provider.models(), "openai").await, provider)
}

fn text(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Finish(_) => "",
    });
    texts.collect()
}

#[tokio::test]
async fn every_provider_ends_with_its_finish_and_says_something_before() {
    let provider = Provider::start(vec![says(&["On the ", "windowsill [1]."])]).await;
    for name in ["openai", "extractive"] {
        let pieces = answer(&provider.models(), name).await.unwrap();
        assert!(text(&pieces).contains("windowsill") && text(&pieces).contains("[1]"), "{name}: {pieces:?}");
        let finishes = pieces.iter().filter(|piece| matches!(piece, Piece::Finish(_))).count();
        assert!(finishes == 1 && matches!(pieces.last(), Some(Piece::Finish(_))), "{name}");
    }
    let error = Models::none().get("bailian").unwrap_err();
    assert!(error.to_string().contains("MILLRACE_BAILIAN_API_KEY"), "{error}");
    assert_eq!(Models::none().default_writer(), ("extractive", None));
    assert_eq!(provider.models().default_writer(), ("openai", Some("tester".to_owned())));
}

#[tokio::test]
async fn a_service_is_asked_as_its_interface_says() {
    let (pieces, provider) = after(vec![says(&["über ", "中文"])]).await;
    let pieces = pieces.unwrap();
    assert_eq!(text(&pieces), "über 中文");
    let usage = Usage { prompt_tokens: 22, completion_tokens: 17, total_tokens: 39 };
    assert!(
        matches!(pieces.last(), Some(Piece::Finish(finish)) if finish.usage == Some(usage) && finish.reason == EndReason::Stop)
    );
    let (head, body) = provider.heard().remove(0);
    assert!(
        head.starts_with("POST /v1/chat/completions ")
            && head.to_lowercase().contains(&format!("bearer {KEY}"))
    );
    assert_eq!(
        (&body["model"], &body["stream"], &body["max_tokens"]),
        (&"tester".into(), &true.into(), &100.into())
    );
    assert_eq!(body["messages"][0]["role"], "system");
}

#[tokio::test]
async fn an_answer_may_be_cut_anywhere_on_its_way() {
    let Act::Stream(whole) = says(&["über ", "中文。"]) else { panic!() };
    let bytes: Vec<Vec<u8>> = whole.concat().into_iter().map(|byte| vec![byte]).collect();
    let (pieces, _) = after(vec![Act::Stream(bytes)]).await;
    assert_eq!(text(&pieces.unwrap()), "über 中文。");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_retry_after_is_honoured() {
    let busy = Act::Whole(429, "Retry-After: 1\r\n", r#"{"error":{"code":"limit_requests"}}"#.to_owned());
    let begun = Instant::now();
    let (pieces, provider) = after(vec![busy, Act::Whole(503, "", String::new()), says(&["ok"])]).await;
    assert_eq!((text(&pieces.unwrap()).as_str(), provider.heard().len()), ("ok", 3));
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn tries_have_a_budget() {
    let begun = Instant::now();
    for act in [
        Act::Whole(429, "", "{}".to_owned()),
        Act::Whole(500, "Retry-After: 90\r\n", "{}".to_owned()),
        Act::Hang(vec![]),
    ] {
        let (error, _) = after(vec![act.clone()]).await;
        assert!(matches!(error, Err(LlmError::Busy { .. })), "{act:?}: {error:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_stays_is_not_tried_again_and_never_names_the_key() {
    let body = |code: &str| format!(r#"{{"error":{{"message":"for {KEY}? no","code":"{code}"}}}}"#);
    for (status, code, is_right) in [
        (401, "invalid_api_key", (|error| matches!(error, LlmError::Config(_))) as fn(&LlmError) -> bool),
        (400, "Arrearage", |error| matches!(error, LlmError::Config(_))),
        (404, "model_not_found", |error| matches!(error, LlmError::Config(_))),
        (400, "DataInspectionFailed", |error| matches!(error, LlmError::Filtered(_))),
        (400, "InvalidParameter", |error| matches!(error, LlmError::Request(_))),
    ] {
        let (error, provider) = after(vec![Act::Whole(status, "", body(code))]).await;
        let error = error.unwrap_err();
        assert!(is_right(&error) && provider.heard().len() == 1, "{code}: {error:?}");
        assert!(!format!("{error} {error:?} {:?}", provider.models()).contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let Act::Stream(mut whole) = says(&["half"]) else { panic!() };
    whole.pop();
    let error = b"data: {\"error\":{\"message\":\"gone\",\"code\":\"InternalError\"}}\n\n".to_vec();
    for act in [
        Act::Stream(whole.clone()),
        Act::Stream(vec![whole[0].clone(), error]),
        Act::Stream(vec![b"data: <html>\n\n".to_vec()]),
        Act::Hang(whole),
    ] {
        let (error, _) = after(vec![act.clone()]).await;
        assert!(matches!(error, Err(LlmError::Broken(_))), "{act:?}: {error:?}");
    }
}
