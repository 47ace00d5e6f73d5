//! What Dify gets from `POST /retrieval`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::access::guarded;
use crate::bench::search;
use crate::http::Server;

async fn retrieve(server: &Server, key: &str, body: Value) -> (StatusCode, Value) {
    server.send("POST", "/retrieval", key, Some(body)).await
}

fn wanted(knowledge: &str, more: &Value) -> Value {
    let setting = json!({"top_k": 2, "score_threshold": 0.0});
    let mut body = json!({"knowledge_id": knowledge, "query": "Where does the cat sleep?", "retrieval_setting": setting});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn passages_come_as_records_with_scores_from_0_to_1() {
    let server = Server::start(search().await).await;
    for knowledge in ["test", "millrace"] {
        let (status, answer) = retrieve(&server, "", wanted(knowledge, &json!({}))).await;
        let records = answer["records"].as_array().unwrap();
        assert_eq!((status, records.len()), (StatusCode::OK, 2), "{answer}");
        assert!(records[0]["content"].as_str().unwrap().contains("windowsill"), "{answer}");
        assert_eq!(records[0]["metadata"]["document"], "docs/cats.md");
        let scores: Vec<f64> = records.iter().map(|record| record["score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
    }
    let setting = json!({"retrieval_setting": {"top_k": 2, "score_threshold": 0.999}});
    let (_, answer) = retrieve(&server, "", wanted("test", &setting)).await;
    assert!(answer["records"].as_array().unwrap().len() < 2, "{answer}");
}

#[tokio::test]
async fn a_condition_is_honoured_or_refused_and_a_knowledge_that_is_not_there_is_named() {
    let server = Server::start(search().await).await;
    let condition = |name: &str, operator: &str, value: &str| {
        let one = json!({"name": [name], "comparison_operator": operator, "value": value});
        json!({"metadata_condition": {"logical_operator": "and", "conditions": [one]}})
    };
    let dogs = wanted("test", &condition("document", "start with", "docs/dogs"));
    let (_, answer) = retrieve(&server, "", dogs).await;
    let records = answer["records"].as_array().unwrap();
    assert!(!records.is_empty(), "{answer}");
    assert!(records.iter().all(|record| record["metadata"]["document"] == "docs/dogs.md"), "{answer}");
    let (status, answer) = retrieve(&server, "", wanted("test", &condition("author", "is", "me"))).await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::BAD_REQUEST, &json!(400)), "{answer}");
    assert!(answer["error_msg"].as_str().unwrap().contains("author is"), "{answer}");
    let (status, answer) = retrieve(&server, "", wanted("nobody", &json!({}))).await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::NOT_FOUND, &json!(2001)), "{answer}");
}

#[tokio::test]
async fn nothing_comes_that_the_key_may_not_see() {
    let (server, _) = guarded(0, None).await;
    assert_eq!(retrieve(&server, "", wanted("test", &json!({}))).await.0, StatusCode::UNAUTHORIZED);
    let (status, answer) =
        retrieve(&server, "cats", wanted("test", &json!({"query": "What does the dog do?"}))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(!answer.to_string().contains("dogs.md"), "{answer}");
}
