//! What a language model is given besides the best passages.

use serde_json::{Value, json};

use crate::bench::{absent, fill_with, search_over, server};
use crate::http::Server;
use crate::model::{Provider, says};

/// A document of three passages, and one with an address.
const TEXTS: [(&str, &str); 4] = [
    ("lamps.md", "Lamps are sold in two sizes, and the smaller one is red."),
    ("lamps.md", "The larger lamp weighs nine kilograms without its shade."),
    ("lamps.md", "It is shipped in two boxes."),
    ("people.md", "Ask anna@example.com about pumps, with the key LTAI5tExampleKeyId1234xx."),
];

/// The answer of an application with those settings, and what its model was given at last.
async fn asked(llm: &Value, body: Value) -> (Value, String) {
    let engine = absent();
    fill_with(&engine, &TEXTS).await;
    let provider = Provider::start(vec![says(&["Nine kilograms [1]."]); 2]).await;
    let mut server = server(search_over(&engine));
    server.models = provider.models();
    let server = Server::of(server).await;
    let mut model = json!({"provider": "openai", "model": "small"});
    model.as_object_mut().unwrap().extend(llm.as_object().unwrap().clone());
    let application = json!({"retriever": {"type": "keyword", "top_k": 1}, "llm": model});
    server.send("PUT", "/_application/rag/one", "", Some(application)).await;
    let mut body = body;
    body["application"] = json!("one");
    let (_, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    let (_, prompt) = provider.heard().pop().unwrap();
    (answer, prompt["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_passage_is_given_with_what_stands_beside_it_and_where_it_stands() {
    let (answer, prompt) = asked(&json!({}), json!({"question": "What weighs nine kilograms?"})).await;
    let whole = TEXTS.iter().take(3).map(|(_, text)| *text).collect::<Vec<_>>().join("\n\n");
    assert!(prompt.contains(&whole), "{prompt}");
    assert!(prompt.contains("\nfrom docs/lamps.md (At home, page 1)\n"), "{prompt}");
    let source = &answer["citations"][0];
    assert_eq!(source["text"], TEXTS[1].1, "{answer}");
    assert_eq!((&source["before"], &source["after"]), (&json!(TEXTS[0].1), &json!(TEXTS[2].1)), "{answer}");
    assert_eq!(answer["masked"], Value::Null);
}

#[tokio::test]
async fn personal_data_and_secrets_do_not_leave_for_a_model_where_they_are_masked() {
    let question = json!({"question": "What does anna@example.com know about pumps?"});
    let (answer, prompt) = asked(&json!({"mask": true}), question.clone()).await;
    assert!(prompt.contains("Ask <email> about pumps, with the key <secret>."), "{prompt}");
    assert!(prompt.ends_with("What does <email> know about pumps?"), "{prompt}");
    assert_eq!(answer["masked"], 3, "{answer}");
    let (_, prompt) = asked(&json!({}), question).await;
    assert!(prompt.contains("anna@example.com") && prompt.contains("LTAI5t"), "{prompt}");

    let history = json!([{"role": "user", "content": "Who is bob@example.com?"}, {"role": "assistant", "content": "?"}]);
    let follow_up = json!({"question": "and what does he know about pumps?", "history": history});
    let (_, prompt) = asked(&json!({"mask": true}), follow_up).await;
    assert!(!prompt.contains("bob@"), "{prompt}");
}
