//! What every catalog keeps.

use serde_json::json;
use sink::Catalog;

use super::bench::Bench;

pub(crate) async fn values_are_kept_by_name<B: Bench>(bench: &B) {
    let engine = bench.engine();
    assert_eq!(engine.entry("a").await.unwrap(), None);
    assert!(engine.entries().await.unwrap().is_empty());
    assert!(!engine.forget("a").await.unwrap());

    let value = json!({"text": "a \"quoted\" 中文 value", "number": 3, "list": [null, {"deep": [1.5]}]});
    assert!(engine.keep("b", &value, true).await.unwrap());
    assert!(engine.keep("a.1_x-y", &json!({}), false).await.unwrap());
    assert_eq!(engine.entry("b").await.unwrap(), Some(value.clone()));

    assert!(!engine.keep("b", &json!(1), true).await.unwrap(), "one that is there stays");
    assert_eq!(engine.entry("b").await.unwrap(), Some(value));
    assert!(!engine.keep("b", &json!(2), false).await.unwrap());
    let entries = [("a.1_x-y".to_owned(), json!({})), ("b".to_owned(), json!(2))];
    assert_eq!(engine.entries().await.unwrap(), entries);

    assert!(engine.forget("b").await.unwrap());
    assert_eq!((engine.entry("b").await.unwrap(), engine.entries().await.unwrap().len()), (None, 1));
    assert!(engine.keep("b", &json!(3), true).await.unwrap(), "what was forgotten is new again");
}
