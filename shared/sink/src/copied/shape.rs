//! What an index and its copy are like: their mappings. Pure.

use serde_json::{Map, Value, json};

use super::CopyTrouble;
use crate::settings::RequestSettings;
use crate::vectors::{UnknownVectors, VectorKind};
use crate::wire::{Server, merge};

/// Kinds of fields that both engines have, and mean the same by.
const KINDS: [&str; 16] = [
    "text",
    "keyword",
    "long",
    "integer",
    "short",
    "byte",
    "double",
    "float",
    "half_float",
    "scaled_float",
    "boolean",
    "date",
    "ip",
    "object",
    "nested",
    "unsigned_long",
];

/// What an index is like that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyShape {
    /// The source.
    pub index: String,
    /// The field with vectors.
    pub vector: String,
    /// Their dimension.
    pub dimension: usize,
    uuid: String,
    /// All other fields, as they are mapped.
    fields: Map<String, Value>,
    /// What the source's mapping says of itself.
    meta: Value,
}

impl CopyShape {
    /// Of the answers of `_mapping` and `_settings` of an index.
    pub(super) fn of(
        server: &dyn Server,
        (index, mapping): (&str, &Value),
        settings: &Value,
    ) -> Result<Self, CopyTrouble> {
        let unfit = |what: String| CopyTrouble::Unfit { index: index.to_owned(), what };
        let only = mapping.as_object().filter(|found| found.len() == 1);
        let only = only.and_then(|found| found.iter().next());
        let (name, found) = only.ok_or_else(|| unfit("are several indexes: name one of them".to_owned()))?;
        let uuid = settings.get(name).and_then(|one| one.pointer("/settings/index/uuid")?.as_str());
        let uuid = uuid.ok_or_else(|| unfit("has no uuid in its settings".to_owned()))?.to_owned();
        let mut fields =
            found.pointer("/mappings/properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let is_vector = |field: &Value| server.vectors_of(field).0.is_some();
        let vectors: Vec<String> =
            fields.iter().filter(|(_, field)| is_vector(field)).map(|(name, _)| name.clone()).collect();
        let [vector] = vectors.as_slice() else {
            return Err(unfit(format!("has {} fields with vectors where one is copied", vectors.len())));
        };
        let field = fields.remove(vector).unwrap_or_default();
        let (dimension, similarity) = server.vectors_of(&field);
        if similarity != server.cosine() {
            return Err(unfit(format!("compares its vectors by {similarity}, and only cosine is copied")));
        }
        if let Some((name, kind)) = fields.iter().find_map(|(name, field)| foreign(name, field)) {
            return Err(unfit(format!(
                "has the field {name} of the kind {kind}, which Elasticsearch does not have"
            )));
        }
        let dimension = dimension.and_then(|dimension| usize::try_from(dimension).ok()).unwrap_or_default();
        let meta = found.pointer("/mappings/_meta").cloned().unwrap_or_default();
        Ok(Self { index: name.clone(), vector: vector.clone(), dimension, uuid, fields, meta })
    }

    /// The bodies that create the copy, one for each kind of vectors that will do, best first.
    pub(super) fn targets(
        &self,
        server: &dyn Server,
        from: &str,
        requests: &RequestSettings,
    ) -> Result<Vec<Value>, UnknownVectors> {
        let of = |kind| self.target(&server.vector_field(self.dimension, kind), from, requests);
        Ok(VectorKind::defaults(server)?.into_iter().map(of).collect())
    }

    fn target(&self, vector: &Value, from: &str, requests: &RequestSettings) -> Value {
        let mut properties = Value::Object(self.fields.clone());
        merge(&mut properties, json!({self.vector.as_str(): vector}));
        let copied = json!({"url": from, "index": self.index, "uuid": self.uuid, "meta": self.meta});
        json!({
            "settings": {"index": {
                "number_of_shards": requests.index_shards, "number_of_replicas": requests.index_replicas,
            }},
            "mappings": {"_meta": {"copied_from": copied}, "properties": properties},
        })
    }

    /// Whether an index that is there, by its answer of `_mapping`, is the copy of this one.
    pub(super) fn check(
        &self,
        server: &dyn Server,
        (index, mapping): (&str, &Value),
    ) -> Result<(), CopyTrouble> {
        let unfit = |what: String| Err(CopyTrouble::Unfit { index: index.to_owned(), what });
        let Some(found) = mapping.get(index) else {
            return unfit("is an alias: name the index itself, or another".to_owned());
        };
        let field = found.pointer("/mappings/properties").and_then(|fields| fields.get(&self.vector));
        let (dimension, _) = server.vectors_of(field.unwrap_or(&Value::Null));
        if dimension != Some(self.dimension as u64) {
            let found = dimension
                .map_or("no vectors".to_owned(), |found| format!("vectors of the dimension {found}"));
            return unfit(format!(
                "holds {found} in {}, and those of {} have the dimension {}: name another target, or delete this one",
                self.vector, self.index, self.dimension
            ));
        }
        // Versions of another index would win over those of this one, or lose against them, for no reason.
        match found.pointer("/mappings/_meta/copied_from/uuid").and_then(Value::as_str) {
            Some(uuid) if uuid == self.uuid => Ok(()),
            Some(_) => unfit(format!(
                "is the copy of another index than {} as it is now (it was made anew, perhaps): name another target, or delete \
                 this one",
                self.index
            )),
            None => unfit("was not made by this command: name another target, or delete this one".to_owned()),
        }
    }
}

/// The first field of a kind that Elasticsearch does not have, with that kind.
fn foreign(name: &str, field: &Value) -> Option<(String, String)> {
    // Without a kind it is an object.
    let kind = field.get("type").and_then(Value::as_str).unwrap_or("object");
    if !KINDS.contains(&kind) {
        return Some((name.to_owned(), kind.to_owned()));
    }
    let inner = ["properties", "fields"].into_iter().filter_map(|place| field.get(place)?.as_object());
    inner.flatten().find_map(|(inner, field)| foreign(&format!("{name}.{inner}"), field))
}

#[cfg(test)]
mod tests;
