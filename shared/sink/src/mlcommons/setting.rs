//! The cluster settings without which ML Commons runs no model of one's own. Pure.

use serde_json::Value;

/// Where these settings stand in the cluster.
const PREFIX: &str = "plugins.ml_commons";
const LOCAL_FILE: &str = "plugins.ml_commons.allow_registering_model_via_local_file";
const URL: &str = "plugins.ml_commons.allow_registering_model_via_url";
const ML_NODES: &str = "plugins.ml_commons.only_run_on_ml_node";

/// A cluster setting that has another value than is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSetting {
    /// Its name.
    pub name: &'static str,
    /// The value that is needed.
    pub wanted: bool,
}

impl std::fmt::Display for HostSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.wanted)
    }
}

/// What to do when ML Commons refuses a model for a setting that it does not name in full.
pub(super) fn wanted() -> String {
    format!("set {LOCAL_FILE}: true (or {URL}: true) and, where no node has the role ml, {ML_NODES}: false")
}

/// The settings that are not as they have to be. `settings` is the answer of `_cluster/settings` with defaults, `nodes` that of
/// `_nodes` with the nodes' roles.
pub(super) fn unmet(settings: &Value, nodes: &Value, by_url: bool) -> Vec<HostSetting> {
    let mut needed = vec![HostSetting { name: if by_url { URL } else { LOCAL_FILE }, wanted: true }];
    // Nodes of their own for models are better, where there are some.
    if !has_ml_node(nodes) {
        needed.push(HostSetting { name: ML_NODES, wanted: false });
    }
    needed.retain(|setting| value(settings, setting.name) != Some(setting.wanted));
    needed
}

fn has_ml_node(nodes: &Value) -> bool {
    let nodes = nodes.get("nodes").and_then(Value::as_object);
    let roles =
        nodes.into_iter().flat_map(|nodes| nodes.values()).filter_map(|node| node.get("roles")?.as_array());
    roles.flatten().any(|role| role.as_str() == Some("ml"))
}

/// The value in force: a transient setting wins over a persistent one, and that over what is in a node's file or built in.
fn value(settings: &Value, name: &str) -> Option<bool> {
    let short = name.strip_prefix(PREFIX)?.strip_prefix('.')?;
    let at =
        |place: &str| settings.get(place)?.pointer("/plugins/ml_commons")?.get(short)?.as_str()?.parse().ok();
    ["transient", "persistent", "defaults"].into_iter().find_map(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(text: &str) -> Value {
        let seen: Value = serde_json::from_str(text).unwrap();
        seen["body"].clone()
    }

    #[test]
    fn a_fresh_cluster_lacks_both_and_names_them() {
        let settings = seen(include_str!("../../tests/data/mlcommons/settings_default.json"));
        let nodes = seen(include_str!("../../tests/data/mlcommons/nodes_roles.json"));
        let names: Vec<String> = unmet(&settings, &nodes, false).iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "plugins.ml_commons.allow_registering_model_via_local_file: true",
                "plugins.ml_commons.only_run_on_ml_node: false"
            ]
        );
        let by_url = unmet(&settings, &nodes, true);
        assert_eq!(by_url[0].name, "plugins.ml_commons.allow_registering_model_via_url");
        let with_node = json!({"nodes": {"a": {"roles": ["data"]}, "b": {"roles": ["ml"]}}});
        assert_eq!(unmet(&settings, &with_node, false).len(), 1, "that cluster has nodes for models");
    }

    #[test]
    fn what_was_set_wins_over_what_is_built_in() {
        let settings = seen(include_str!("../../tests/data/mlcommons/settings_mixed.json"));
        let left = unmet(&settings, &Value::Null, false);
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].name, ML_NODES);
        let transient = json!({"transient": {"plugins": {"ml_commons": {"only_run_on_ml_node": "false"}}},
            "persistent": {"plugins": {"ml_commons": {"only_run_on_ml_node": "true",
                "allow_registering_model_via_local_file": "true"}}}});
        assert_eq!(unmet(&transient, &Value::Null, false), []);
    }
}
