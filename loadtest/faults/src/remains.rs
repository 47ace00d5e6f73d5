//! What must not be left of a retired generation, and where the outside aliases must point, by the engines' own lists
//! and Kafka's.
//!
//! All generations here share their topics, so that no topic may go with one of them: the proof reads them all.

use process::Failure;
use serde_json::Value;
use stream::kafka::groups;

use crate::proxy::Upstream;
use crate::world::World;

/// What is left of generations that were retired.
///
/// # Errors
/// When Kafka or an engine does not answer.
pub async fn of_retired(world: &World) -> Result<Vec<String>, Failure> {
    let (mut found, left) = (Vec::new(), world.left());
    if left.is_empty() {
        return Ok(found);
    }
    let groups = groups(&world.kafka).await?;
    for id in &left {
        let theirs = groups.iter().filter(|group| group.contains(id.as_str()));
        found.extend(
            theirs.map(|group| format!("generation {id} is retired, and its group {group} is there")),
        );
    }
    for (engine, server) in &world.servers {
        let list = list(server).await?;
        for id in &left {
            let theirs = indexes_of(&list, id).into_iter();
            found.extend(theirs.map(|index| {
                format!("generation {id} is retired, and {} has its index {index}", engine.name())
            }));
        }
    }
    Ok(found)
}

/// The outside aliases that do not point to the generation `served` alone.
///
/// # Errors
/// When an engine does not answer.
pub async fn misplaced(world: &World, served: &str) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for (engine, server) in &world.servers {
        let wrong = misplaced_in(&list(server).await?, world.outside(), served).into_iter();
        found.extend(wrong.map(|what| format!("{}: {what}", engine.name())));
    }
    Ok(found)
}

/// Every index of an engine with its aliases.
async fn list(server: &Upstream) -> Result<Value, Failure> {
    let answer = server.get("/_alias").await.filter(|answer| answer.status() == 200);
    let answer = answer.ok_or("an engine does not list its aliases")?;
    Ok(serde_json::from_slice(&answer.body)?)
}

/// The indexes that carry this id in their name.
fn indexes_of<'a>(list: &'a Value, id: &str) -> Vec<&'a str> {
    let names = list.as_object().into_iter().flat_map(serde_json::Map::keys);
    names.map(String::as_str).filter(|name| name.contains(id)).collect()
}

fn misplaced_in(list: &Value, outside: &str, served: &str) -> Vec<String> {
    let mut found = Vec::new();
    for suffix in ["", "-documents"] {
        let (alias, due) = (format!("{outside}{suffix}"), format!("{outside}-{served}{suffix}"));
        let all = list.as_object().into_iter().flatten();
        let holders =
            all.filter(|(_, index)| index.get("aliases").is_some_and(|held| held.get(&alias).is_some()));
        let holders: Vec<&str> = holders.map(|(name, _)| name.as_str()).collect();
        if holders != [due.as_str()] {
            found.push(format!("the alias {alias} points to {holders:?}, and it should point to {due}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list_of(chunks: &str, documents: &str) -> Value {
        let mut list = json!({
            "docs-aaa": {"aliases": {"docs-aaa-write": {}}},
            "docs-aaa-documents": {"aliases": {"docs-aaa-documents-write": {}}},
            "docs-bbb": {"aliases": {}},
            "docs-bbb-documents": {"aliases": {}},
            "docs-catalog": {"aliases": {}},
        });
        list[chunks]["aliases"]["docs"] = json!({});
        list[documents]["aliases"]["docs-documents"] = json!({});
        list
    }

    #[test]
    fn both_aliases_point_to_what_is_served_and_to_nothing_else() {
        let list = list_of("docs-bbb", "docs-bbb-documents");
        assert_eq!(misplaced_in(&list, "docs", "bbb"), Vec::<String>::new());
        assert_eq!(misplaced_in(&list, "docs", "aaa").len(), 2);
        let torn = list_of("docs-bbb", "docs-aaa-documents");
        assert_eq!(
            misplaced_in(&torn, "docs", "bbb"),
            [
                r#"the alias docs-documents points to ["docs-aaa-documents"], and it should point to docs-bbb-documents"#
            ]
        );
        let mut both = list;
        both["docs-aaa"]["aliases"]["docs"] = json!({});
        assert_eq!(misplaced_in(&both, "docs", "bbb").len(), 1);
    }

    #[test]
    fn what_is_left_of_a_generation_carries_its_id() {
        let list = list_of("docs-bbb", "docs-bbb-documents");
        assert_eq!(indexes_of(&list, "aaa"), ["docs-aaa", "docs-aaa-documents"]);
        assert_eq!(indexes_of(&list, "ccc"), Vec::<&str>::new());
    }
}
