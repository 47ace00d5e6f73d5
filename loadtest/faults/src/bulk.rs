//! Takes apart the engines' bulk requests and responses, and puts them together again. Pure.

use serde_json::{Value, json};

/// One item of a bulk request, with its raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The action: `index` or `delete`.
    pub operation: String,
    /// The id of the engine's document.
    pub id: String,
    /// Its lines, each with its line break.
    pub lines: Vec<u8>,
}

/// The items of a bulk request; none when the body is not one.
#[must_use]
pub fn items(body: &[u8]) -> Option<Vec<Item>> {
    let mut lines = body.split_inclusive(|byte| *byte == b'\n').filter(|line| line.trim_ascii() != b"");
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let header: Value = serde_json::from_slice(line).ok()?;
        let (operation, target) = header.as_object()?.iter().next()?;
        let mut item = Item {
            operation: operation.clone(),
            id: target.get("_id")?.as_str()?.to_owned(),
            lines: line.to_vec(),
        };
        if operation != "delete" {
            item.lines.extend_from_slice(lines.next()?);
        }
        found.push(item);
    }
    Some(found)
}

/// An item error made up by the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// 429: the engine's queue is full.
    Busy,
    /// 400: the item cannot be parsed.
    Bad,
}

impl Injected {
    fn answer(self, item: &Item) -> Value {
        let (status, kind, reason) = match self {
            Self::Busy => {
                (429, "es_rejected_execution_exception", "rejected execution: the queue is full (fault)")
            }
            Self::Bad => (400, "mapper_parsing_exception", "failed to parse: poison (fault)"),
        };
        json!({ item.operation.as_str(): {
            "_index": "fault", "_id": item.id, "status": status, "error": {"type": kind, "reason": reason},
        }})
    }
}

/// The request without the items that get an injected error.
#[must_use]
pub fn forwarded(items: &[Item], injected: &[Option<Injected>]) -> Vec<u8> {
    let kept = items.iter().zip(injected).filter(|(_, injected)| injected.is_none());
    kept.flat_map(|(item, _)| item.lines.iter().copied()).collect()
}

/// The response to the whole request: the engine's own results for the forwarded items, injected errors for the
/// others. `answer` is absent when nothing was forwarded. None when the engine's answer does not match the forwarded
/// items.
#[must_use]
pub fn merged(items: &[Item], injected: &[Option<Injected>], answer: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut whole = match answer {
        Some(answer) => serde_json::from_slice::<Value>(answer).ok()?,
        None => json!({ "took": 0, "items": [] }),
    };
    let mut engine = whole.get_mut("items")?.as_array_mut().map(std::mem::take)?.into_iter();
    let mut answers = Vec::with_capacity(items.len());
    for (item, injected) in items.iter().zip(injected) {
        answers.push(match injected {
            Some(injected) => injected.answer(item),
            None => engine.next()?,
        });
    }
    if engine.next().is_some() {
        return None;
    }
    let whole = whole.as_object_mut()?;
    whole.insert("items".to_owned(), Value::Array(answers));
    if injected.iter().any(Option::is_some) {
        whole.insert("errors".to_owned(), Value::Bool(true));
    }
    serde_json::to_vec(&whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = concat!(
        r#"{"index":{"_index":"w","_id":"a","version":1,"version_type":"external"}}"#,
        "\n",
        r#"{"text":"one"}"#,
        "\n",
        r#"{"delete":{"_index":"w","_id":"b","version":2,"version_type":"external"}}"#,
        "\n",
        r#"{"index":{"_index":"w","_id":"c","version":3,"version_type":"external"}}"#,
        "\n",
        r#"{"text":"three"}"#,
        "\n",
    );

    #[test]
    fn a_request_is_taken_apart_and_comes_together_again() {
        let items = items(REQUEST.as_bytes()).unwrap();
        let ids: Vec<_> = items.iter().map(|item| (item.operation.as_str(), item.id.as_str())).collect();
        assert_eq!(ids, [("index", "a"), ("delete", "b"), ("index", "c")]);
        assert_eq!(forwarded(&items, &[None; 3]), REQUEST.as_bytes());
        let rest = String::from_utf8(forwarded(&items, &[None, Some(Injected::Busy), None])).unwrap();
        assert!(!rest.contains("delete") && rest.contains("one") && rest.contains("three"));
    }

    #[test]
    fn what_is_no_bulk_request_is_left_alone() {
        assert_eq!(items(b"{\"query\":{}}\n"), None);
        assert_eq!(items(b"not json\n"), None);
        assert_eq!(items(b"{\"index\":{\"_id\":\"a\"}}\n"), None);
    }

    #[test]
    fn injected_errors_stand_in_their_places() {
        let items = items(REQUEST.as_bytes()).unwrap();
        let answer = json!({"took": 3, "errors": false, "items": [{"index": {"_id": "c", "status": 201}}]});
        let injected = [Some(Injected::Bad), Some(Injected::Busy), None];
        let merged = merged(&items, &injected, Some(answer.to_string().as_bytes())).unwrap();
        let merged: Value = serde_json::from_slice(&merged).unwrap();
        assert_eq!(merged["errors"], true);
        let statuses = [("index", "a", 400), ("delete", "b", 429), ("index", "c", 201)];
        for (place, (operation, id, status)) in statuses.iter().enumerate() {
            let item = &merged["items"][place][operation];
            assert_eq!((item["_id"].as_str(), item["status"].as_u64()), (Some(*id), Some(*status)));
        }
    }

    #[test]
    fn an_answer_of_another_length_is_no_answer() {
        let items = items(REQUEST.as_bytes()).unwrap();
        let none = json!({"items": []}).to_string();
        assert_eq!(merged(&items, &[None; 3], Some(none.as_bytes())), None);
        let all = [Some(Injected::Busy); 3];
        assert!(merged(&items, &all, None).is_some());
        let one = json!({"items": [{"index": {"_id": "a", "status": 200}}]}).to_string();
        assert_eq!(merged(&items, &all, Some(one.as_bytes())), None);
    }
}
