//! The committed schemas match the Rust types, and no type changes in a way that breaks a reader or a writer.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "edge: reads and writes the schemas; a test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use message::{
    DeadLetter, DocumentReference, DriftReport, Embedded, LedgerEntry, Passage, QueryRecord, RegistryEntry,
    Said,
};
use serde_json::{Value, json};

/// The schema of the type that a topic's file names.
fn schema_of(kind: &str) -> Option<Value> {
    let schema = match kind {
        "DocumentReference" => schemars::schema_for!(DocumentReference),
        "Said" => schemars::schema_for!(Said),
        "LedgerEntry" => schemars::schema_for!(LedgerEntry),
        "Passage" => schemars::schema_for!(Passage),
        "Embedded" => schemars::schema_for!(Embedded),
        "RegistryEntry" => schemars::schema_for!(RegistryEntry),
        "QueryRecord" => schemars::schema_for!(QueryRecord),
        "DriftReport" => schemars::schema_for!(DriftReport),
        "DeadLetter" => schemars::schema_for!(DeadLetter),
        _ => return None,
    };
    Some(schema.to_value())
}

fn file_of(topic: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{topic}.schema.json"))
}

/// What readers and writers rely on, by path.
#[derive(Default)]
struct Facts {
    kinds: BTreeMap<String, String>,
    required: Vec<String>,
}

fn facts(schema: &Value) -> Facts {
    let mut facts = Facts::default();
    facts.walk(schema, schema, "$", 0);
    facts
}

impl Facts {
    fn walk(&mut self, root: &Value, schema: &Value, path: &str, depth: usize) {
        assert!(depth < 32, "{path}: a schema that contains itself needs a better walk");
        if let Some(reference) = schema["$ref"].as_str() {
            let target = root.pointer(reference.trim_start_matches('#')).unwrap();
            self.walk(root, target, path, depth + 1);
        }
        if let Some(kind) = schema.get("type") {
            self.kinds.insert(path.to_owned(), kind.to_string());
        }
        for value in schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")) {
            self.kinds.insert(format!("{path} = {value}"), "value".to_owned());
        }
        for choice in ["oneOf", "anyOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
            let variant = &choice["properties"]["kind"]["const"];
            let path = if variant.is_null() { path.to_owned() } else { format!("{path}|{variant}") };
            self.walk(root, choice, &path, depth + 1);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.walk(root, property, &format!("{path}.{name}"), depth + 1);
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.required.push(format!("{path}.{name}"));
        }
        if let Some(items) = schema.get("items") {
            self.walk(root, items, &format!("{path}[]"), depth + 1);
        }
    }
}

/// The incompatible changes between two schemas.
fn breaking(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (facts(old), facts(new));
    let mut found = Vec::new();
    for (path, kind) in &old.kinds {
        match new.kinds.get(path) {
            None => found.push(format!("{path} was removed")),
            Some(now) if now != kind => found.push(format!("{path} was {kind} and is {now}")),
            Some(_) => {}
        }
    }
    let added = new.required.iter().filter(|path| !old.required.contains(path));
    // A new variant may have required fields, because nobody has written it yet.
    let variants = |path: &str| {
        path.matches('|').count() > 0 && !old.kinds.keys().any(|key| key.starts_with(head(path)))
    };
    found.extend(added.filter(|path| !variants(path)).map(|path| format!("{path} is required now")));
    found
}

/// The variant that a path belongs to.
fn head(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(head, _)| head)
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let bless = std::env::var("MILLRACE_BLESS").unwrap_or_default();
    for description in topics::descriptions().unwrap() {
        let Some(kind) = &description.schema else { continue };
        let schema = schema_of(kind);
        assert!(schema.is_some(), "{}: no type {kind:?} is known here", description.name);
        let Some(schema) = schema else { continue };
        let file = file_of(&description.name);
        let committed: Value =
            std::fs::read_to_string(&file).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        let breaks = if committed.is_null() { Vec::new() } else { breaking(&committed, &schema) };
        assert!(
            breaks.is_empty() || bless == "breaking",
            "{}: a breaking change: {breaks:#?}\nsee topics/README.md: how to change a message",
            description.name
        );
        if !bless.is_empty() && committed != schema {
            std::fs::write(&file, format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())).unwrap();
        } else {
            assert!(committed == schema, "{} is not the type's; MILLRACE_BLESS=1 writes it", file.display());
        }
    }
}

#[test]
fn a_breaking_change_is_seen_and_an_addition_is_not() {
    let old = schema_of("Passage").unwrap();
    assert_eq!(breaking(&old, &old), Vec::<String>::new());
    let edits: [(&str, Edit); 6] = [
        ("tokens was removed", |schema| {
            chunk(schema)["properties"].as_object_mut().unwrap().remove("tokens");
        }),
        ("tokens was", |schema| chunk(schema)["properties"]["tokens"]["type"] = json!("string")),
        ("language is required now", |schema| {
            chunk(schema)["properties"]["language"] = json!({"type": "string"});
            chunk(schema)["required"].as_array_mut().unwrap().push(json!("language"));
        }),
        ("\"live\" was removed", |schema| {
            schema["$defs"]["Status"]["oneOf"].as_array_mut().unwrap().remove(0);
        }),
        ("", |schema| chunk(schema)["properties"]["language"] = json!({"type": "string"})),
        ("", |schema| {
            let variant = json!({"type": "object", "required": ["kind", "pages"],
                "properties": {"kind": {"type": "string", "const": "pages"}, "pages": {"type": "integer"}}});
            schema["oneOf"].as_array_mut().unwrap().push(variant);
        }),
    ];
    for (expected, edit) in edits {
        let mut new = old.clone();
        edit(&mut new);
        assert_ne!(old, new);
        let found = breaking(&old, &new).join("; ");
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{expected:?}: {found}");
    }
}

type Edit = fn(&mut Value);

/// The definition of a chunk, wherever the generator put it.
fn chunk(schema: &mut Value) -> &mut Value {
    &mut schema["$defs"]["Chunk"]
}
