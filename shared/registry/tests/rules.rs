//! What may be changed in the registry, by whom, and what comes of two who change it at once: over memory.

#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;

use std::collections::BTreeMap;
use std::time::Duration;

use bench::{INDEX, author, broker, generation, key};
use futures::FutureExt as _;
use message::{BuildState, Fingerprint, GenerationEntry, ModelEntry, ModelState, ReadyEntry, RegistryEntry};
use registry::rules::{self, LEASE, RuleRefusal};
use registry::{ReadyWriter, Registry, RegistryError, RegistryWriter, follow, read};
use stream::Broker as _;
use stream::broker::Publisher as _;
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::time::timeout;

/// A registry made of entries that were written at these milliseconds.
fn registry(entries: impl IntoIterator<Item = (RegistryEntry, i64)>) -> Registry {
    let mut registry = Registry::default();
    for (entry, at) in entries {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), at).unwrap();
    }
    registry
}

/// The same, changed by what a rule answers.
fn after(before: &Registry, entries: Vec<RegistryEntry>, at: i64) -> Registry {
    let mut registry = before.clone();
    for entry in entries {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), at).unwrap();
    }
    registry
}

/// One that is served and one that is built beside it, both known since the beginning.
fn two() -> Registry {
    let none = Registry::default();
    let first = after(&none, rules::adopt(&none, generation("first"), &author()).unwrap(), 0);
    let second = after(&first, rules::start(&first, generation("second")).unwrap(), 0);
    let built = rules::mark(&second, key("second"), (BuildState::Built, None), &author()).unwrap();
    after(&second, built, 0)
}

fn ready(instance: &str, loaded: &[&str], sequence: u64) -> RegistryEntry {
    let loaded = loaded.iter().map(|id| (*id).to_owned()).collect();
    RegistryEntry::Ready(ReadyEntry {
        instance: instance.to_owned(),
        index: INDEX.to_owned(),
        loaded,
        sequence,
    })
}

#[test]
fn what_was_there_before_becomes_the_first_and_stays() {
    let registry = two();
    let serving = registry.serving(INDEX).unwrap();
    assert_eq!((serving.id.as_str(), serving.sequence, &serving.previous), ("first", 1, &None));
    assert_eq!(rules::adopt(&registry, generation("third"), &author()), Ok(Vec::new()));
}

#[test]
fn only_what_is_built_and_loaded_everywhere_is_promoted_and_it_can_be_taken_back() {
    let before = registry([]);
    let unknown = rules::promote(&before, key("second"), 0, &author());
    assert_eq!(unknown, Err(RuleRefusal::Unknown("second".to_owned())));

    let building = after(&two(), vec![RegistryEntry::Generation(generation("third"))], 0);
    let refused = rules::promote(&building, key("third"), 0, &author()).unwrap_err().to_string();
    assert!(refused.contains("third is building") && refused.contains("--until-built"), "{refused}");

    let late = after(&two(), vec![ready("one", &["first", "second"], 1), ready("two", &["first"], 1)], 1_000);
    let refused = rules::promote(&late, key("second"), 2_000, &author()).unwrap_err().to_string();
    assert!(refused.contains("not loaded yet by two:"), "{refused}");
    // Who has not said anything for a lease is gone.
    let promoted =
        after(&late, rules::promote(&late, key("second"), 1_000 + LEASE, &author()).unwrap(), 40_000);
    let serving = promoted.serving(INDEX).unwrap();
    assert_eq!((serving.id.as_str(), serving.sequence), ("second", 2));
    assert_eq!(serving.previous.as_deref(), Some("first"));
    assert_eq!(rules::promote(&promoted, key("second"), 40_000, &author()), Ok(Vec::new()));

    let alive = after(&promoted, vec![ready("one", &["first", "second"], 1)], 41_000);
    assert_eq!(rules::behind(&alive, INDEX, 42_000), ["one"]);
    let back = after(&alive, rules::promote(&alive, key("first"), 42_000, &author()).unwrap(), 42_000);
    assert_eq!(back.serving(INDEX).unwrap().sequence, 3);
    assert_eq!(back.serving(INDEX).unwrap().previous.as_deref(), Some("second"));
}

#[test]
fn who_has_not_answered_for_a_time_is_silent_by_the_brokers_clock() {
    let elsewhere = RegistryEntry::Ready(ReadyEntry {
        instance: "elsewhere".to_owned(),
        index: "other".to_owned(),
        loaded: Vec::new(),
        sequence: 0,
    });
    let one = registry([(ready("killed", &[], 0), 0), (elsewhere, 0), (ready("alive", &[], 0), 3_000)]);
    let silent = |now, silence| -> Vec<&str> {
        one.silent(INDEX, now, silence).map(|ready| ready.instance.as_str()).collect()
    };
    assert_eq!(silent(one.now(), 2_999), ["killed"]);
    assert_eq!(silent(one.now(), 3_000), Vec::<&str>::new());
    assert_eq!(silent(7_000, 3_000), ["alive", "killed"]);
}

#[test]
fn what_would_answer_with_less_than_there_is_is_not_promoted() {
    let behind = [("opensearch", 3), ("elasticsearch", 12)];
    assert_eq!(rules::caught_up("second", behind, 12), Ok(()));
    assert_eq!(rules::caught_up("second", [], 0), Ok(()));
    let refused = rules::caught_up("second", behind, 11).unwrap_err().to_string();
    assert!(refused.contains("second is 12 records behind in elasticsearch, and 11"), "{refused}");
}

#[test]
fn what_is_served_is_neither_paused_nor_retired_and_what_was_served_just_now_waits() {
    let registry = two();
    for state in [BuildState::Paused, BuildState::Failed, BuildState::Retiring] {
        let refused = rules::mark(&registry, key("first"), (state, None), &author()).unwrap_err().to_string();
        assert!(refused.contains("it is served"), "{refused}");
    }
    let promoted = after(&registry, rules::promote(&registry, key("second"), 0, &author()).unwrap(), 100_000);
    let refused =
        rules::retire(&promoted, key("first"), 100_000 + 2 * LEASE - 1, &author()).unwrap_err().to_string();
    assert!(refused.contains("changed 59 s ago"), "{refused}");
    let retiring = after(
        &promoted,
        rules::retire(&promoted, key("first"), 100_000 + 2 * LEASE, &author()).unwrap(),
        160_000,
    );
    let first = retiring.generation(key("first")).unwrap();
    assert_eq!(first.state, BuildState::Retiring);
    // It is not served again, and it goes when nobody holds it.
    let refused = rules::promote(&retiring, key("first"), 170_000, &author()).unwrap_err().to_string();
    assert!(refused.contains("only one that is built"), "{refused}");
    let held = after(&retiring, vec![ready("one", &["first", "second"], 2)], 165_000);
    assert_eq!(rules::holders(&held, first, 166_000), ["one"]);
    assert!(rules::holders(&held, first, 165_000 + LEASE).is_empty());
}

#[test]
fn a_generation_goes_through_its_states_and_no_others() {
    use BuildState::{Building, Built, Failed, Paused, Retired, Retiring};
    let all = [Building, Paused, Built, Failed, Retiring, Retired];
    let allowed = |from| -> Vec<BuildState> {
        let entry = GenerationEntry { state: from, ..generation("one") };
        let registry = registry([(RegistryEntry::Generation(entry), 0)]);
        let may = |to: &BuildState| {
            rules::mark(&registry, key("one"), (*to, None), &author())
                .is_ok_and(|entries| !entries.is_empty())
        };
        all.into_iter().filter(may).collect()
    };
    assert_eq!(allowed(Building), [Paused, Built, Failed, Retiring]);
    assert_eq!(allowed(Paused), [Building, Failed, Retiring]);
    assert_eq!(allowed(Built), [Retiring]);
    assert_eq!(allowed(Failed), [Building, Retiring]);
    assert_eq!(allowed(Retiring), [Retired]);
    assert_eq!(allowed(Retired), []);
}

#[test]
fn only_a_model_that_was_accepted_is_built_with() {
    let model = |state| {
        RegistryEntry::Model(ModelEntry {
            fingerprint: generation("one").model,
            name: "a model".to_owned(),
            bundle: None,
            files: BTreeMap::new(),
            dimension: 2,
            max_tokens: 256,
            scores: BTreeMap::new(),
            state,
            reason: None,
        })
    };
    for state in [ModelState::Candidate, ModelState::Refused, ModelState::Retired] {
        let refused =
            rules::start(&registry([(model(state), 0)]), generation("one")).unwrap_err().to_string();
        assert!(refused.contains("is not accepted"), "{refused}");
    }
    let accepted = registry([(model(ModelState::Accepted), 0)]);
    let started = after(&accepted, rules::start(&accepted, generation("one")).unwrap(), 0);
    let twice = rules::start(&started, generation("one")).unwrap_err().to_string();
    assert!(twice.contains("one is building") && twice.contains("--instance"), "{twice}");
}

#[test]
fn what_a_newer_program_wrote_is_not_overruled() {
    let mut registry = two();
    let before = registry.clone();
    let newer = br#"{"kind":"quota","index":"docs"}"#;
    let error = registry.take("quota/docs", Some(newer), 0).unwrap_err().to_string();
    assert!(error.contains("must be upgraded"), "{error}");
    let wrong = serde_json::to_vec(&RegistryEntry::Generation(generation("one"))).unwrap();
    assert!(registry.take("generation/docs-two", Some(&wrong), 0).is_err());
    assert_eq!(registry, before);
    registry.take("generation/docs-second", None, 0).unwrap();
    assert!(registry.generation(key("second")).is_none());
}

#[test]
fn what_lives_from_topics_that_are_about_to_go_is_not_begun() {
    let space = |id: &str| GenerationEntry { space: Fingerprint::of(&[("test", "other")]), ..generation(id) };
    let begun = after(&two(), rules::start(&two(), space("third")).unwrap(), 0);
    let retiring = rules::mark(&begun, key("third"), (BuildState::Retiring, None), &author()).unwrap();
    let going = after(&begun, retiring, 0);
    let refused = rules::start(&going, space("fourth")).unwrap_err().to_string();
    assert!(refused.contains("third is being retired"), "{refused}");
    // What others need stays, and what is gone is made again.
    assert!(rules::start(&going, generation("fourth")).is_ok());
    let retired = rules::mark(&going, key("third"), (BuildState::Retired, None), &author()).unwrap();
    assert!(rules::start(&after(&going, retired, 0), space("fourth")).is_ok());
}

#[tokio::test]
async fn of_two_who_change_it_at_once_the_later_one_wins_and_the_other_is_told() {
    let broker = broker();
    let writer = RegistryWriter::new(broker.clone(), INDEX);
    writer.change(|registry| rules::adopt(registry, generation("first"), &author())).await.unwrap();
    // A rival that began before and writes after: as when two operators promote at the same moment.
    let mut rival = broker.transactional("models-docs", stream::LANE_TRANSACTION).await.unwrap();
    let entries = |registry: &Registry| rules::start(registry, generation("second"));
    writer.change(entries).await.unwrap();
    let registry = read(&broker).await.unwrap();
    assert_eq!(registry.generation(key("second")).unwrap().state, BuildState::Building);
    let late = stream::Outgoing {
        topic: topics::MODELS.to_owned(),
        key: Some(b"serving/docs".to_vec()),
        value: None,
        headers: None,
    };
    assert!(rival.write(vec![late]).await.is_err());
    assert_eq!(read(&broker).await.unwrap(), registry);
    let refused = writer.change(entries).await;
    assert!(matches!(refused, Err(RegistryError::Refused(RuleRefusal::State { .. }))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_meets_another_is_decided_anew() {
    let broker = broker();
    let writer = RegistryWriter::new(broker.clone(), INDEX);
    let (mut asked, mut meets) = (0, 1);
    let rule = |registry: &Registry| {
        asked += 1;
        if meets > 0 {
            // Between reading and writing.
            meets -= 1;
            drop(broker.transactional("models-docs", stream::LANE_TRANSACTION).now_or_never().unwrap());
        }
        rules::adopt(registry, generation("first"), &author())
    };
    writer.change(rule).await.unwrap();
    assert_eq!(asked, 2);
    assert!(read(&broker).await.unwrap().generation(key("first")).is_some());
    let always = |registry: &Registry| {
        drop(broker.transactional("models-docs", stream::LANE_TRANSACTION).now_or_never().unwrap());
        rules::start(registry, generation("second"))
    };
    let refused = writer.change(always).await;
    assert!(matches!(refused, Err(RegistryError::Rival)), "{refused:?}");
}

#[tokio::test]
async fn a_process_hears_what_is_there_what_changes_and_what_is_forgotten() {
    let broker = Memory::default();
    let (sender, mut heard) = watch::channel(None);
    let next = async |heard: &mut watch::Receiver<Option<registry::Heard>>| {
        timeout(Duration::from_secs(20), heard.changed()).await.unwrap().unwrap();
        heard.borrow_and_update().clone().unwrap().registry
    };
    let hearing = async {
        assert_eq!(*next(&mut heard).await, Registry::default());
        broker.create(topics::MODELS, 1);
        let one = ready("one", &["first"], 1);
        let mut writer = ReadyWriter::new(broker.clone());
        writer.say(&one.key(), Some(&one)).await.unwrap();
        while next(&mut heard).await.alive(INDEX, 0, LEASE).count() == 0 {}
        writer.say("ready/one", None).await.unwrap();
        while next(&mut heard).await.alive(INDEX, 0, LEASE).count() == 1 {}
    };
    tokio::select! {
        never = follow(broker.clone(), sender) => match never {},
        () = hearing => {}
    }
}

fn model(name: &str, state: ModelState) -> ModelEntry {
    ModelEntry {
        fingerprint: message::Fingerprint::of(&[("model", name)]),
        name: name.to_owned(),
        bundle: Some(format!("docs/.millrace/models/{name}/")),
        files: BTreeMap::new(),
        dimension: 2,
        max_tokens: 64,
        scores: BTreeMap::new(),
        state,
        reason: None,
    }
}

#[test]
fn a_model_is_entered_accepted_and_refused_and_what_is_served_keeps_its_own() {
    let none = Registry::default();
    let candidate = model("a", ModelState::Candidate);
    let registry = after(&none, rules::enter_model(&none, candidate.clone()).unwrap(), 0);
    let found = |registry: &Registry| registry.model(&candidate.fingerprint).unwrap().state;
    assert_eq!(found(&registry), ModelState::Candidate);
    let mark = |registry: &Registry, state| {
        rules::mark_model(registry, &candidate.fingerprint, (state, Some("tried".to_owned())))
    };
    let accepted = after(&registry, mark(&registry, ModelState::Accepted).unwrap(), 0);
    assert_eq!(found(&accepted), ModelState::Accepted);
    assert!(mark(&accepted, ModelState::Accepted).unwrap().is_empty());
    // Entered again, as by a second upload, it stays what it is.
    let again = after(&accepted, rules::enter_model(&accepted, candidate.clone()).unwrap(), 0);
    assert_eq!(found(&again), ModelState::Accepted);
    let refused = after(&again, mark(&again, ModelState::Refused).unwrap(), 0);
    let error = rules::enter_model(&refused, candidate.clone()).unwrap_err().to_string();
    assert!(error.contains("tried") && error.contains("model accept"), "{error}");

    let served = GenerationEntry { model: candidate.fingerprint.clone(), ..generation("first") };
    let serving = after(&accepted, rules::adopt(&accepted, served, &author()).unwrap(), 0);
    let error = mark(&serving, ModelState::Refused).unwrap_err().to_string();
    assert!(error.contains("promote another one first"), "{error}");
}

#[test]
fn a_model_is_named_by_the_beginning_of_its_fingerprint() {
    let none = Registry::default();
    let registry = after(&none, rules::enter_model(&none, model("a", ModelState::Accepted)).unwrap(), 0);
    let registry =
        after(&registry, rules::enter_model(&registry, model("b", ModelState::Accepted)).unwrap(), 0);
    let wanted = model("a", ModelState::Accepted);
    assert_eq!(rules::model_of(&registry, wanted.fingerprint.short()).unwrap().name, "a");
    for (beginning, cause) in [("zz", "model list"), ("", "more than one")] {
        let error = rules::model_of(&registry, beginning).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}
