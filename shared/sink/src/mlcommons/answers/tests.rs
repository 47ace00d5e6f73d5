//! Answers as OpenSearch 3.6.0 with ML Commons 3.6.0.0 gave them on 30 November 2026: `tests/data/mlcommons`.

use serde_json::{Value, json};

use super::*;

macro_rules! seen {
    ($name:literal) => {{
        let text = include_str!(concat!("../../../tests/data/mlcommons/", $name, ".json"));
        let seen: Value = serde_json::from_str(text).unwrap();
        seen["body"].clone()
    }};
}

#[test]
fn a_group_is_found_or_there_is_none() {
    assert_eq!(group_of(&seen!("group_none_yet")), None);
    let id = group_of(&seen!("group_found")).unwrap();
    assert_eq!(id_of(&seen!("group_created"), "model_group_id").unwrap(), id);
}

#[test]
fn a_model_is_known_by_its_digest_and_state() {
    let state = |answer: Value| known("m", &answer).unwrap().state;
    assert_eq!(state(seen!("model_registering")), HostedState::Uploading);
    assert_eq!(state(seen!("model_registered")), HostedState::Whole);
    assert_eq!(state(seen!("model_deployed")), HostedState::Deployed);
    assert_eq!(state(seen!("model_deploy_failed")), HostedState::Whole);
    let found = models_of(&seen!("models_found")).unwrap();
    let digest = "a882f82057b578ab4ebcab64ad55616a94d5f5a54ec839f566d5eefb8148d80a";
    assert_eq!((found.len(), found[0].digest.as_str(), found[0].state), (1, digest, HostedState::Whole));
    assert!(known("m", &json!({"model_state": "NEW_WORD"})).unwrap_err().contains("NEW_WORD"));
    assert!(models_of(&json!({})).is_err());
}

#[test]
fn every_state_of_a_task_has_a_meaning() {
    assert_eq!(task(&seen!("deploy_task_created")), Ok(TaskStand::Going));
    assert_eq!(task(&seen!("deploy_task_running")), Ok(TaskStand::Going));
    let done = task(&seen!("deploy_task_completed")).unwrap();
    assert!(matches!(done, TaskStand::Done(Some(_))), "{done:?}");
    let failed = |answer: Value| match task(&answer).unwrap() {
        TaskStand::Failed(cause) => cause,
        other @ (TaskStand::Going | TaskStand::Done(_)) => panic!("{other:?}"),
    };
    assert_eq!(
        failed(seen!("deploy_task_failed")),
        "the task ended as FAILED: model content changed (on 1 nodes)"
    );
    assert!(failed(seen!("deploy_task_half")).contains("Failed to deploy model"));
    assert!(failed(seen!("deploy_task_memory")).contains("Memory Circuit Breaker is open"));
    for state in ["CANCELLED", "COMPLETED_WITH_ERROR", "EXPIRED", "UNREACHABLE", "SOMETHING_NEW"] {
        assert!(failed(json!({"state": state, "error": "why"})).ends_with("why"), "{state}");
        assert!(failed(json!({ "state": state })).contains("gave no reason"), "{state}");
    }
    assert_eq!(task(&json!({"state": "CANCELLING"})), Ok(TaskStand::Going));
    assert!(task(&json!({})).is_err());
}

#[test]
fn vectors_come_by_their_name_and_one_for_each_text() {
    let vectors = vectors_of(&seen!("predict_two"), 2).unwrap();
    assert_eq!(vectors[0], [-0.023_315_014, 0.089_756_876, 0.078_479_74, 0.061_070_92]);
    assert_eq!(vectors.len(), 2);
    assert!(vectors_of(&seen!("predict_two"), 3).unwrap_err().contains("3 texts were sent and 2 answered"));
    // What a model answers that returns a tuple, or a tensor alone.
    let nameless = json!({"inference_results": [{}]});
    assert!(vectors_of(&nameless, 1).unwrap_err().contains("a dict with that one key"));
    let unnamed =
        json!({"inference_results": [{"output": [{"data_type": "FLOAT32", "shape": [1], "data": [1.0]}]}]});
    assert!(vectors_of(&unnamed, 1).unwrap_err().contains("a dict with that one key"));
    assert!(vectors_of(&json!({"status": "x"}), 1).is_err());
}

fn model(id: &str, digest: &str, state: HostedState) -> KnownModel {
    KnownModel { id: id.to_owned(), digest: digest.to_owned(), state }
}

#[test]
fn what_is_there_is_used_and_halves_are_not() {
    let models = [
        model("half", "a", HostedState::Uploading),
        model("newer", "a", HostedState::Whole),
        model("runs", "a", HostedState::Deployed),
        model("other", "b", HostedState::Deployed),
    ];
    let choice = choose(&models, "a");
    assert_eq!((choice.same.as_deref(), choice.halves), (Some("runs"), vec!["half".to_owned()]));
    assert_eq!(choose(&models[..2], "a").same.as_deref(), Some("newer"));
    assert_eq!(choose(&models[..1], "a").same, None, "a half is not the model");
    assert_eq!(choose(&models, "c").same, None);
}

#[test]
fn models_by_which_pipelines_embed_are_known() {
    let embed = json!({"text_embedding": {"model_id": "a", "field_map": {"text": "embedding"}}});
    let nested = json!({"foreach": {"field": "x", "processor": {"text_embedding": {"model_id": "b"}}}});
    let pipelines = json!({"one": {"processors": [embed, {"set": {"value": "model_id"}}]}, "two": {"processors": [nested]}});
    assert_eq!(model_ids(&pipelines).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert!(model_ids(&json!({})).is_empty());
    // Of a mapping; the second index has a field that happens to have this name.
    let field = json!({"type": "semantic", "model_id": "c", "search_model_id": "d"});
    let mappings = json!({"one": {"mappings": {"properties": {"text": field}}},
        "two": {"mappings": {"properties": {"model_id": {"type": "keyword"}}}}});
    assert_eq!(model_ids(&mappings).into_iter().collect::<Vec<_>>(), ["c", "d"]);
}

#[test]
fn the_current_model_is_kept_however_old_it_is() {
    let models = ["d", "c", "b", "a"].map(|id| model(id, id, HostedState::Whole));
    let ids = |keep, current| {
        beyond(&models, keep, current).into_iter().map(|one| one.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(ids(2, "d"), ["b", "a"]);
    assert_eq!(ids(2, "a"), ["c", "b"]);
    assert_eq!(ids(1, "d"), ["c", "b", "a"]);
    assert!(ids(0, "a").iter().all(|id| *id != "a"));
    assert!(ids(4, "d").is_empty());
}
