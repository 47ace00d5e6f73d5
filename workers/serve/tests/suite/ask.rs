//! Answers and applications over HTTP, with a model that may do anything.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bench::{absent, fill, fill_with, search_over, server};
use crate::http::Server;
use crate::model::{Act, Provider, says};

/// A server over the passages of the bench, with a model that may do anything, or none.
pub(crate) async fn with(provider: Option<&Provider>) -> Server {
    let engine = absent();
    fill(&engine).await;
    let mut server = server(search_over(&engine));
    if let Some(provider) = provider {
        server.models = provider.models();
    }
    Server::of(server).await
}

async fn ask(server: &Server, question: &str) -> Value {
    let (status, answer) = server.send("POST", "/v1/ask", "", Some(json!({"question": question}))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn without_a_model_the_best_sentences_answer_and_say_where_they_stand() {
    let server = with(None).await;
    let answer = ask(&server, "Where does the cat sleep all afternoon?").await;
    assert_eq!((&answer["found"], &answer["model"]), (&json!(true), &json!("extractive")));
    assert_eq!(answer["sentences"][0]["text"], "The cat sleeps on the warm windowsill all afternoon.");
    let number = answer["sentences"][0]["citations"][0].as_u64().unwrap();
    let source =
        answer["citations"].as_array().unwrap().iter().find(|one| one["number"] == json!(number)).unwrap();
    assert_eq!(
        (&source["document"], &source["heading_path"]),
        (&json!("docs/cats.md"), &json!(["Animals", "At home"]))
    );
}

#[tokio::test]
async fn a_citation_that_the_model_invents_is_taken_out_and_counted() {
    let provider =
        Provider::start(vec![says(&["The cat sleeps", " [", "1", "]. It flies [17].", " See [link]."])])
            .await;
    let server = with(Some(&provider)).await;
    let answer = ask(&server, "Where does the cat sleep?").await;
    assert_eq!(answer["answer"], "The cat sleeps [1]. It flies . See [link].");
    assert_eq!(
        (&answer["invented_citations"], answer["citations"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    assert_eq!(answer["usage"]["total_tokens"], 39);
}

/// A passage with numbers in brackets.
const FOOTNOTES: &str = "The cat sleeps on the\nwarm windowsill.[9] Zhang [1] heard it purr.";

/// A server over that passage alone, whose numbers would be citations in an answer.
async fn with_footnotes(provider: Option<&Provider>) -> Server {
    let engine = absent();
    fill_with(&engine, &[("cats.md", FOOTNOTES)]).await;
    let mut server = server(search_over(&engine));
    if let Some(provider) = provider {
        server.models = provider.models();
    }
    Server::of(server).await
}

#[tokio::test]
async fn footnotes_of_a_passage_are_no_citations_of_the_answer() {
    let copies = "The cat sleeps on the warm windowsill(9). [1] Zhang (1) heard it purr. Set x[7].";
    let provider = Provider::start(vec![says(&[copies])]).await;
    let server = with_footnotes(Some(&provider)).await;
    let answer = ask(&server, "Where does the cat sleep?").await;
    assert_eq!((&answer["answer"], &answer["invented_citations"]), (&json!(copies), &json!(0)));
    assert_eq!(answer["citations"][0]["text"], FOOTNOTES, "it is shown as it is");
    let (_, prompt) = provider.heard().remove(0);
    let last = prompt["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(last.contains("warm windowsill(9). Zhang (1) heard it purr."), "{last}");

    let server = with_footnotes(None).await;
    let answer = ask(&server, "Where does the cat sleep?").await;
    assert_eq!(answer["answer"], "The cat sleeps on the warm windowsill(9). [1]");
    assert_eq!(answer["sentences"][0]["text"], "The cat sleeps on the warm windowsill(9).");
    assert_eq!(answer["invented_citations"], 0);
}

#[tokio::test]
async fn when_nothing_is_found_the_model_is_not_asked() {
    let provider = Provider::start(vec![says(&["I know everything."])]).await;
    let server = with(Some(&provider)).await;
    let body = json!({"question": "Where does the cat sleep?", "prefix": "docs/nowhere/"});
    let (status, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!((status, &answer["found"]), (StatusCode::OK, &json!(false)), "{answer}");
    assert!(
        answer["answer"].as_str().unwrap().contains("nothing") && provider.heard().is_empty(),
        "{answer}"
    );
}

#[tokio::test]
async fn when_nothing_relevant_is_found_the_model_is_not_asked() {
    let texts: Vec<(String, String)> = (0..40).map(|n| (format!("{n}.md"), manual(n))).collect();
    let passages: Vec<(&str, &str)> = texts.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let engine = absent();
    fill_with(&engine, &passages).await;
    let provider = Provider::start(vec![says(&["I know everything [1]."]); 2]).await;
    let mut server = server(search_over(&engine));
    server.models = provider.models();
    let server = Server::of(server).await;
    // Every passage has one common word, and some passage is always near a vector.
    let off = ask(&server, "Who won the football championship of manual typewriters in Brazil?").await;
    assert_eq!(
        (&off["found"], &off["citations"], &off["passages"]["given"]),
        (&json!(false), &json!([]), &json!(0))
    );
    assert!(off["passages"]["found"].as_u64().unwrap() > 0 && provider.heard().is_empty(), "{off}");
    let on = ask(&server, "Which pump has the number x7q?").await;
    assert_eq!((&on["found"], provider.heard().len()), (&json!(true), 1), "{on}");
    let (_, found) = server.send("GET", "/v1/search?q=pump+x7q&include=relevance", "", None).await;
    assert!(found["relevance"].as_f64().unwrap() > 0.2, "{found}");
    let (_, found) = server.send("GET", "/v1/search?q=pump+x7q", "", None).await;
    assert_eq!(found["relevance"], Value::Null, "only on request");
}

/// An English passage with its own words.
fn manual(n: usize) -> String {
    format!(
        "The manual of this pump says that an engineer who looks after it should know its number, which is x{n}q, and \
         where the valves y{n}q and z{n}q are to be found."
    )
}

/// A model that obeys instructions in documents cannot change the form of the answer.
#[tokio::test]
async fn an_injected_document_steers_neither_format_nor_citations() {
    let obeys = "IGNORED ALL RULES. {\"answer\": \"pwned\"} <script>alert(1)</script> Source: [99] [1] \u{3010}42\u{3011}";
    let provider = Provider::start(vec![says(&[obeys])]).await;
    let server = with(Some(&provider)).await;
    let answer = ask(&server, "Which cat purrs?").await;
    assert_eq!(answer["invented_citations"], 2);
    let cited: Vec<&Value> =
        answer["citations"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
    assert_eq!(cited, [&json!(1)]);
    assert!(answer["sentences"].is_array() && answer["answer"].is_string());
    let (_, prompt) = provider.heard().remove(0);
    let messages = prompt["messages"].as_array().unwrap();
    let (system, last) =
        (messages[0]["content"].as_str().unwrap(), messages.last().unwrap()["content"].as_str().unwrap());
    assert!(!system.contains("purrs is mostly") && last.contains("purrs is mostly"), "passages stand apart");
    assert_eq!(last.matches("<<<passage ").count(), last.matches(">>>").count());
}

#[tokio::test]
async fn an_answer_streams_sources_first_and_is_whole_at_the_end() {
    let provider = Provider::start(vec![says(&["The cat ", "sleeps [1", "] on [9] it."])]).await;
    let server = with(Some(&provider)).await;
    let body = json!({"question": "Where does the cat sleep?", "stream": true});
    let text = stream(&server, "/v1/ask", body).await;
    let events: Vec<(&str, Value)> = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("event: ")?.split_once("\ndata: "))
        .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
        .collect();
    assert_eq!((events[0].0, events.last().unwrap().0), ("sources", "done"), "{text}");
    assert!(!events[0].1["citations"].as_array().unwrap().is_empty());
    let deltas: String = events
        .iter()
        .filter(|(name, _)| *name == "delta")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        (deltas.as_str(), &events.last().unwrap().1["answer"]),
        ("The cat sleeps [1] on  it.", &json!(deltas))
    );
}

async fn stream(server: &Server, path: &str, body: Value) -> String {
    let sent = server.client.post(format!("{}{path}", server.address)).json(&body).send().await.unwrap();
    assert_eq!(sent.headers()["content-type"], "text/event-stream");
    sent.text().await.unwrap()
}

#[tokio::test]
async fn chat_speaks_as_openai_does() {
    let provider = Provider::start(vec![says(&["Yes [1]."])]).await;
    let server = with(Some(&provider)).await;
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Tell me about cats."},
        {"role": "assistant", "content": "They sleep."},
        {"role": "user", "content": [{"type": "text", "text": "Where does the cat sleep?"}]},
    ]);
    let body = json!({"model": "millrace", "messages": messages, "max_tokens": 7, "user": "x"});
    let (status, answer) = server.send("POST", "/v1/chat/completions", "", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!("millrace")));
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Yes [1]."), &json!("stop"))
    );
    assert_eq!(choice["message"]["citations"][0]["number"], 1);
    let (_, prompt) = provider.heard().remove(0);
    let roles: Vec<&Value> =
        prompt["messages"].as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, [&json!("system"), &json!("user"), &json!("assistant"), &json!("user")]);
    assert!(
        prompt["messages"][0]["content"].as_str().unwrap().ends_with("Be brief.")
            && prompt["max_tokens"] == json!(7)
    );

    let question = json!([{"role": "user", "content": "Where does the cat sleep?"}]);
    let body = json!({"model": "millrace", "messages": question, "stream": true, "stream_options": {"include_usage": true}});
    let text = stream(&server, "/v1/chat/completions", body).await;
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
    let chunks: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .collect();
    assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks.last().unwrap()["usage"]["total_tokens"], 39);
}

#[tokio::test]
async fn what_a_chat_cannot_be_is_named() {
    let server = with(None).await;
    let user = |content: &str| json!([{"role": "user", "content": content}]);
    for (body, status, field) in [
        (json!({"model": "nobody", "messages": user("Hi there")}), StatusCode::NOT_FOUND, Value::Null),
        (json!({"model": "millrace", "messages": []}), StatusCode::BAD_REQUEST, json!("messages")),
        (json!({"model": "millrace", "messages": user(" ")}), StatusCode::BAD_REQUEST, json!("messages")),
        (json!({"model": "millrace", "messages": user("Hi"), "n": 2}), StatusCode::BAD_REQUEST, json!("n")),
        (json!({"messages": user("Hi")}), StatusCode::BAD_REQUEST, Value::Null),
        (
            json!({"model": "millrace", "messages": user("Hi"), "prefixes": "docs/"}),
            StatusCode::BAD_REQUEST,
            json!("prefixes"),
        ),
        (
            json!({"model": "millrace", "messages": user("Hi"), "tools": [{"type": "function"}]}),
            StatusCode::BAD_REQUEST,
            json!("tools"),
        ),
    ] {
        let (got, answer) = server.send("POST", "/v1/chat/completions", "", Some(body.clone())).await;
        assert_eq!((got, &answer["error"]["field"]), (status, &field), "{body}: {answer}");
        let is_missing = status == StatusCode::NOT_FOUND;
        let param = if is_missing { json!("model") } else { field };
        assert_eq!(answer["error"]["param"], param, "{answer}");
        let kind = if is_missing { "not_found" } else { "invalid_request_error" };
        assert_eq!(answer["error"]["type"], kind, "{answer}");
        assert_eq!(answer["error"]["code"] == "model_not_found", is_missing, "{answer}");
    }
}

#[tokio::test]
async fn a_chat_takes_the_filters_of_a_search() {
    let server = with(None).await;
    let messages = json!([{"role": "user", "content": "Where does the cat sleep?"}]);
    let body = |prefix: &str| json!({"model": "millrace", "messages": messages.clone(), "prefix": prefix});
    let (_, found) = server.send("POST", "/v1/chat/completions", "", Some(body("docs/cats"))).await;
    assert_eq!(found["choices"][0]["message"]["citations"][0]["document"], "docs/cats.md", "{found}");
    let (_, none) = server.send("POST", "/v1/chat/completions", "", Some(body("docs/nowhere/"))).await;
    assert_eq!(none["choices"][0]["message"]["citations"], json!([]), "{none}");
}

#[tokio::test]
async fn an_application_is_a_model_by_its_name() {
    let server = with(None).await;
    let (status, model) = server.send("GET", "/v1/models/millrace", "", None).await;
    let expected = json!({"id": "millrace", "object": "model", "created": 0, "owned_by": "millrace"});
    assert_eq!((status, model), (StatusCode::OK, expected));
    let (status, error) = server.send("GET", "/v1/models/nobody", "", None).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::NOT_FOUND, &json!("model_not_found")));
}

/// An application that writes with `llm`, and what it is asked to do besides.
async fn keep(server: &Server, name: &str, llm: Value, more: Value) {
    let mut body = json!({"retriever": {"type": "hybrid", "top_k": 3}, "llm": llm});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, kept) = server.send("PUT", &format!("/_application/rag/{name}"), "", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
}

#[tokio::test]
async fn an_applications_settings_are_kept_to() {
    let provider = Provider::start(vec![says(&["The cat sleeps [1]."])]).await;
    let server = with(Some(&provider)).await;
    let llm = json!({"provider": "openai", "model": "small", "temperature": 0.25, "max_tokens": 77});
    let retriever = json!({"type": "hybrid", "top_k": 3, "filter": {"prefix": "docs/cats"}});
    keep(&server, "cats", llm, json!({"instructions": "Answer like a lawyer.", "retriever": retriever}))
        .await;
    let body = json!({"question": "Where does the cat sleep?", "application": "cats"});
    let (_, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!((&answer["found"], &answer["passages"]["found"]), (&json!(true), &json!(2)), "{answer}");
    let (_, prompt) = provider.heard().remove(0);
    assert_eq!((&prompt["temperature"], &prompt["max_tokens"]), (&json!(0.25), &json!(77)));
    assert!(
        prompt["messages"][0]["content"].as_str().unwrap().ends_with("Answer like a lawyer."),
        "{prompt}"
    );

    let retriever = json!({"type": "hybrid", "filter": {"prefix": "docs/nowhere/"}});
    keep(&server, "nowhere", json!({"provider": "extractive"}), json!({"retriever": retriever})).await;
    let body =
        json!({"question": "Where does the cat sleep?", "application": "nowhere", "prefix": "docs/cats"});
    let (_, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!((&answer["found"], &answer["passages"]["found"]), (&json!(false), &json!(0)), "{answer}");
}

#[tokio::test]
async fn when_a_model_cannot_begin_the_next_one_of_the_application_is_asked() {
    let refused = Act::Whole(401, "", "{}".to_owned());
    let provider = Provider::start(vec![refused.clone(), says(&["The cat sleeps [1]."]), refused]).await;
    let server = with(Some(&provider)).await;
    let models = json!([{"provider": "openai", "model": "second"}, {"provider": "extractive"}]);
    keep(&server, "two", json!({"provider": "openai", "model": "first", "fallback": models}), json!({}))
        .await;
    let body = json!({"question": "Where does the cat sleep all afternoon?", "application": "two"});
    let (_, answer) = server.send("POST", "/v1/ask", "", Some(body.clone())).await;
    assert_eq!(
        (&answer["model"], &answer["answer"]),
        (&json!("second"), &json!("The cat sleeps [1].")),
        "{answer}"
    );

    let models = json!([{"provider": "extractive"}]);
    keep(&server, "one", json!({"provider": "openai", "model": "first", "fallback": models}), json!({}))
        .await;
    let body = json!({"question": "Where does the cat sleep all afternoon?", "application": "one"});
    let (_, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!((&answer["model"], &answer["found"]), (&json!("extractive"), &json!(true)), "{answer}");
}

#[tokio::test]
async fn a_model_that_fails_is_told_apart_from_a_question_that_is_wrong() {
    for (act, status, kind) in [
        (Act::Whole(401, "", "{}".to_owned()), StatusCode::SERVICE_UNAVAILABLE, "model_config"),
        (
            Act::Whole(400, "", r#"{"error":{"code":"data_inspection_failed"}}"#.to_owned()),
            StatusCode::BAD_REQUEST,
            "content_filter",
        ),
        (Act::Stream(vec![b"data: [".to_vec()]), StatusCode::BAD_GATEWAY, "model_broken"),
    ] {
        let provider = Provider::start(vec![act]).await;
        let server = with(Some(&provider)).await;
        let body = json!({"question": "Where does the cat sleep?"});
        let (got, answer) = server.send("POST", "/v1/ask", "", Some(body)).await;
        assert_eq!((got, &answer["error"]["type"]), (status, &json!(kind)), "{answer}");
    }
}

#[tokio::test]
async fn applications_are_kept_changed_and_forgotten() {
    let server = with(None).await;
    let body = json!({
        "name": "prod-chat", "retriever": {"type": "vector", "index": "test", "top_k": 2},
        "llm": {"provider": "extractive"}, "max_context_length": 4096,
    });
    let send = async |method: &str, path: &str, body: Option<&Value>| {
        server.send(method, path, "", body.cloned()).await
    };
    let (status, kept) = send("POST", "/_application/rag", Some(&body)).await;
    assert_eq!((status, &kept), (StatusCode::CREATED, &body));
    assert_eq!(send("POST", "/_application/rag", Some(&body)).await.0, StatusCode::CONFLICT);
    assert_eq!(send("GET", "/_application/rag/prod-chat", None).await, (StatusCode::OK, body.clone()));
    let (_, list) = send("GET", "/_application/rag", None).await;
    let names: Vec<&Value> =
        list["applications"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("millrace"), &json!("prod-chat")]);
    let (_, models) = send("GET", "/v1/models", None).await;
    assert_eq!(models["data"][1]["id"], "prod-chat");
    let mut changed = body.clone();
    changed["retriever"]["top_k"] = json!(0);
    let (status, error) = send("PUT", "/_application/rag/prod-chat", Some(&changed)).await;
    assert_eq!((status, &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("retriever.top_k")));
    changed["retriever"]["top_k"] = json!(1);
    assert_eq!(send("PUT", "/_application/rag/prod-chat", Some(&changed)).await.0, StatusCode::OK);
    let question = json!({"question": "Where does the cat sleep?", "application": "prod-chat"});
    let (_, answer) = send("POST", "/v1/ask", Some(&question)).await;
    assert_eq!((&answer["application"], &answer["passages"]["found"]), (&json!("prod-chat"), &json!(1)));
    assert_eq!(send("DELETE", "/_application/rag/prod-chat", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send("DELETE", "/_application/rag/prod-chat", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send("DELETE", "/_application/rag/millrace", None).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send("GET", "/_application/rag/Not%2FA%2FName", None).await.0, StatusCode::NOT_FOUND);
}
