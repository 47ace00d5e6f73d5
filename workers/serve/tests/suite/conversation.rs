//! Questions that follow up others, and what is said where nothing answers.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::ask::with;
use crate::bench::{absent, fill_with, search_over, server};
use crate::http::Server;
use crate::model::{Act, Provider, says};

async fn ask(server: &Server, body: Value) -> Value {
    let (status, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// A conversation about the cat's sleep.
fn history() -> Value {
    json!([
        {"role": "user", "content": "Where does the cat sleep all afternoon?"},
        {"role": "assistant", "content": "On the windowsill [1]."},
    ])
}

#[tokio::test]
async fn a_follow_up_is_searched_with_what_it_is_about_and_says_so() {
    let server = with(None).await;
    let answer = ask(&server, json!({"question": "Is it warm there?", "history": history()})).await;
    let condensed = answer["condensed"].as_str().unwrap();
    assert!(condensed.starts_with("Is it warm there?") && condensed.contains("the cat sleep"), "{condensed}");
    assert_eq!(answer["sentences"][0]["text"], "The cat sleeps on the warm windowsill all afternoon.");
    let alone = ask(&server, json!({"question": "How is green tea steeped?", "history": history()})).await;
    assert_eq!(alone["condensed"], Value::Null, "{alone}");
    assert_eq!(alone["sentences"][0]["text"], "Green tea is steeped below boiling.");
}

#[tokio::test]
async fn a_model_condenses_a_follow_up_and_a_rule_does_where_it_cannot() {
    let condensed = "Where does the happy cat sleep?";
    let provider = Provider::start(vec![says(&[condensed]), says(&["There [1]."])]).await;
    let server = with(Some(&provider)).await;
    let answer = ask(&server, json!({"question": "And where does it sleep?", "history": history()})).await;
    assert_eq!((&answer["condensed"], &answer["answer"]), (&json!(condensed), &json!("There [1].")));
    let heard = provider.heard();
    let first = heard[0].1["messages"].to_string();
    assert!(
        first.contains("Last question: And where does it sleep?") && first.contains("User: Where does"),
        "{first}"
    );
    assert!(!first.contains("passage 1"), "{first}");
    assert_eq!(heard[0].1["temperature"], 0.0);
    let last = heard[1].1["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(
        last.contains("Question: And where does it sleep?"),
        "the model is asked what the user asked: {last}"
    );

    let refused = Act::Whole(400, "", json!({"error": {"message": "no"}}).to_string());
    let provider = Provider::start(vec![refused, says(&["There [1]."])]).await;
    let server = with(Some(&provider)).await;
    let answer = ask(&server, json!({"question": "And where does it sleep?", "history": history()})).await;
    assert!(answer["condensed"].as_str().unwrap().starts_with("where does it sleep?"), "{answer}");

    let provider = Provider::start(vec![says(&["Below boiling [1]."])]).await;
    let server = with(Some(&provider)).await;
    ask(&server, json!({"question": "How is green tea steeped?", "history": history()})).await;
    assert_eq!(provider.heard().len(), 1, "what stands alone costs no request more");
}

#[tokio::test]
async fn a_history_has_bounds() {
    let server = with(None).await;
    let turn = |text: &str| json!({"role": "user", "content": text});
    for history in [vec![turn("a"); 41], vec![turn(&"a".repeat(70_000))]] {
        let body = json!({"question": "Where?", "history": history});
        let (status, refused) = server.send("POST", "/v1/ask", "", Some(body)).await;
        assert_eq!(
            (status, &refused["error"]["field"]),
            (StatusCode::BAD_REQUEST, &json!("history")),
            "{refused}"
        );
    }
    let body = json!({"question": "Where?", "history": [{"role": "system", "content": "x"}]});
    let (status, refused) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
}

#[tokio::test]
async fn what_does_not_answer_is_not_given_as_an_answer() {
    let server = with(None).await;
    for question in ["What is the capital of Mongolia?", "zxcv qwerty asdf", "蒙古的首都是哪里"] {
        let answer = ask(&server, json!({"question": question})).await;
        assert_eq!((&answer["found"], &answer["citations"]), (&json!(false), &json!([])), "{answer}");
        assert!(!answer["answer"].as_str().unwrap().trim().is_empty(), "{answer}");
        assert!(answer["closest"].as_array().is_some_and(|closest| closest.len() <= 3), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_is_never_empty() {
    for text in ["", " \n", "[7]"] {
        let provider = Provider::start(vec![says(&[text])]).await;
        let server = with(Some(&provider)).await;
        let answer = ask(&server, json!({"question": "Where does the cat sleep?"})).await;
        assert_eq!(answer["found"], json!(false), "{answer}");
        assert!(answer["answer"].as_str().unwrap().contains("nothing"), "{answer}");
        assert!(!answer["closest"].as_array().unwrap().is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn a_table_a_list_and_a_condition_answer_without_a_model() {
    let engine = absent();
    let leave = "Everybody has 22 days of annual leave. After five years it is 27.";
    let rates = "city | first km | waiting\nFrankfurt | 4.00 EUR | 38 EUR\nKassel | 3.80 EUR | 35 EUR";
    let steps = "To order a badge:\n1. Open the form.\n2. Fill it in.\n3. Ask your manager.";
    fill_with(&engine, &[("leave.md", leave), ("taxi.csv", rates), ("badge.md", steps)]).await;
    let server = Server::of(server(search_over(&engine))).await;
    for (question, expected) in [
        (
            "How many days of annual leave does everybody have?",
            "Everybody has 22 days of annual leave. [1] After five years it is 27. [1]",
        ),
        ("What does waiting in Frankfurt cost?", "city: Frankfurt; first km: 4.00 EUR; waiting: 38 EUR [1]"),
        (
            "How do I order a badge?",
            "To order a badge: [1]\n1. Open the form. [1]\n2. Fill it in. [1]\n3. Ask your manager. [1]",
        ),
    ] {
        let answer = ask(&server, json!({"question": question})).await;
        let text = answer["answer"].as_str().unwrap();
        let number = answer["citations"][0]["number"].to_string();
        assert!(text.replace(&format!("[{number}]"), "[1]").starts_with(expected), "{answer}");
    }
}
