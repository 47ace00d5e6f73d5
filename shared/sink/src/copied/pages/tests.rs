use super::*;

fn seen() -> Value {
    let seen: Value =
        serde_json::from_str(include_str!("../../../tests/data/mlcommons/pit_page.json")).unwrap();
    seen["body"].clone()
}

#[test]
fn a_page_is_read_and_tells_what_follows() {
    let page = read(&seen()).unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!((page.items[0].id.as_str(), page.items[0].version), ("3", 1));
    assert_eq!(page.after, Some(json!([4])));
    let mut partial = seen();
    partial["_shards"]["failed"] = 1.into();
    assert!(read(&partial).is_err());
    let mut late = seen();
    late["timed_out"] = true.into();
    assert!(read(&late).is_err());
    let mut nameless = seen();
    nameless["hits"]["hits"][0].as_object_mut().unwrap().remove("_version");
    assert!(read(&nameless).unwrap_err().contains("without its version"));
    let mut empty = seen();
    empty["hits"]["hits"] = json!([]);
    assert_eq!(read(&empty).unwrap().after, None);
}

#[test]
fn slices_and_pages_are_asked_for_as_the_engine_knows_them() {
    let point = Point { id: "p".to_owned(), order: AS_IT_LIES };
    let whole = page(&point, CopySlice { number: 0, of: 1 }, (None, 10));
    assert!(whole.get("slice").is_none() && whole.get("search_after").is_none(), "{whole}");
    let part = page(&point, CopySlice { number: 1, of: 3 }, (Some(&json!([7])), 10));
    assert_eq!((&part["slice"], &part["search_after"]), (&json!({"id": 1, "max": 3}), &json!([7])));
    assert_eq!(part["sort"], json!([{"_shard_doc": "asc"}]));
}

#[test]
fn a_page_is_bounded_in_bytes() {
    assert_eq!(size(1), 1000);
    assert_eq!(size(4096), 157);
    assert_eq!(size(100_000), 50);
}

#[test]
fn the_digest_is_of_everything_but_the_vector() {
    let item = |source: Value| Item {
        id: "a".to_owned(),
        version: 1,
        routing: None,
        source: serde_json::from_value(source).unwrap(),
    };
    let one = item(json!({"text": "x", "n": 1, "v": [1.0]}));
    assert_eq!(one.digest("v"), item(json!({"n": 1, "text": "x"})).digest("v"));
    assert_ne!(one.digest("v"), item(json!({"n": 2, "text": "x"})).digest("v"));
    assert_eq!(one.vector("v"), Some(vec![1.0]));
}
