//! Files as they stand on Hugging Face, shortened to what is read of them.

use super::*;

/// all-MiniLM-L6-v2, as sentence-transformers 2 saved it.
fn minilm() -> (Value, HuggingFiles) {
    let modules = json!([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]);
    let files = HuggingFiles {
        config: json!({"model_type": "bert", "hidden_size": 384, "hidden_act": "gelu", "max_position_embeddings": 512, "pad_token_id": 0}),
        pooling: json!({
            "word_embedding_dimension": 384, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
            "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false,
        }),
        lengths: json!({"max_seq_length": 256, "do_lower_case": false}),
        prompts: json!({"__version__": {"sentence_transformers": "2.0.0"}}),
        tokenizer: json!({"normalizer": {"type": "BertNormalizer", "lowercase": true}}),
        tokenizer_config: json!({"model_max_length": 512}),
    };
    (modules, files)
}

/// multilingual-e5, with the prompts of a newer release and its modules by their new names.
fn e5() -> (Value, HuggingFiles) {
    let modules = json!([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.sentence_transformer.modules.normalize.Normalize"},
    ]);
    let files = HuggingFiles {
        config: json!({"model_type": "xlm-roberta", "hidden_size": 768, "max_position_embeddings": 514, "pad_token_id": 1}),
        pooling: json!({"embedding_dimension": 768, "pooling_mode": "mean", "include_prompt": true}),
        lengths: json!({"transformer_task": "feature-extraction"}),
        prompts: json!({
            "prompts": {"query": "query: ", "document": "passage: "}, "default_prompt_name": null, "similarity_fn_name": "cosine",
        }),
        tokenizer: json!({"normalizer": {"type": "Sequence", "normalizers": [{"type": "Precompiled"}]}}),
        tokenizer_config: json!({"model_max_length": 1e30}),
    };
    (modules, files)
}

fn said((modules, files): (Value, HuggingFiles), choices: &ImportChoices) -> Result<SaidModel, String> {
    said_of(&module_folders(&modules)?, &files, "folder", choices)
}

/// What is said of all-MiniLM-L6-v2 after a change of its files.
fn changed(change: impl FnOnce(&mut Value, &mut HuggingFiles)) -> Result<SaidModel, String> {
    let (mut modules, mut files) = minilm();
    change(&mut modules, &mut files);
    said((modules, files), &ImportChoices::default())
}

fn refused(change: impl FnOnce(&mut Value, &mut HuggingFiles)) -> String {
    changed(change).unwrap_err()
}

#[test]
fn minilm_is_as_its_files_say() {
    let SaidModel { manifest, pooling } = changed(|_, _| {}).unwrap();
    assert_eq!(pooling, PoolingMode::Mean);
    let expected = json!({
        "name": "folder", "version": "1", "dimension": 384, "max_tokens": 256, "pooling": "mean", "normalise": true, "output": "",
        "precision": "", "prefixes": {"query": "", "passage": ""}, "files": {},
    });
    assert_eq!(manifest_json(&manifest), expected);
    assert_eq!(serde_json::from_value::<Manifest>(expected).unwrap(), manifest);
}

#[test]
fn e5_has_two_positions_less_and_its_prompts() {
    let manifest = said(e5(), &ImportChoices::default()).unwrap().manifest;
    assert_eq!((manifest.dimension, manifest.max_tokens, manifest.normalise), (768, 512, true));
    assert_eq!(
        (manifest.prefixes.query.as_str(), manifest.prefixes.passage.as_str()),
        ("query: ", "passage: ")
    );
}

#[test]
fn a_folder_of_its_own_for_the_transformer_is_found() {
    let (mut modules, _) = minilm();
    modules[0]["path"] = "0_Transformer".into();
    modules.as_array_mut().unwrap().pop();
    let found = module_folders(&modules).unwrap();
    assert_eq!(
        (found.transformer.as_str(), found.pooling.as_str(), found.normalise),
        ("0_Transformer", "1_Pooling", false)
    );
    modules[1]["path"] = "../elsewhere".into();
    assert!(module_folders(&modules).unwrap_err().contains("no folder of the model"));
}

#[test]
fn modules_that_no_bundle_expresses_are_named() {
    for kind in [
        "sentence_transformers.models.Dense",
        "sentence_transformers.models.Dropout",
        "custom_st.Transformer",
    ] {
        let error = refused(|modules, _| modules[2]["type"] = kind.into());
        assert!(error.contains(kind) && error.contains("Transformer, Pooling and Normalize"), "{error}");
    }
    let alone = refused(|modules, _| modules.as_array_mut().unwrap().truncate(1));
    assert!(alone.contains("the modules Transformer:"), "{alone}");
    let twice = refused(|modules, _| modules[2]["type"] = modules[1]["type"].clone());
    assert!(twice.contains("Transformer, Pooling, Pooling"), "{twice}");
    assert!(refused(|modules, _| *modules = Value::Null).contains("SentenceTransformer(DIR)"));
}

#[test]
fn ways_of_pooling_but_mean_and_cls_are_named() {
    let cls = changed(|_, files| {
        files.pooling["pooling_mode_cls_token"] = true.into();
        files.pooling["pooling_mode_mean_tokens"] = false.into();
    });
    let cls = cls.unwrap();
    assert_eq!((cls.pooling, cls.manifest.pooling.as_str()), (PoolingMode::Cls, "cls"));
    let both = refused(|_, files| files.pooling["pooling_mode_max_tokens"] = true.into());
    assert!(both.contains("max") && both.contains(" and ") && both.contains("mean"), "{both}");
    for mode in ["max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"] {
        let error =
            refused(|_, files| files.pooling = json!({"embedding_dimension": 384, "pooling_mode": mode}));
        assert!(error.contains(mode) && error.contains("mean or cls"), "{error}");
    }
    let listed =
        changed(|_, files| files.pooling = json!({"embedding_dimension": 384, "pooling_mode": ["cls"]}));
    assert_eq!(listed.unwrap().pooling, PoolingMode::Cls);
    assert!(refused(|_, files| files.pooling = Value::Null).contains("no config.json"));
    assert!(
        refused(|_, files| files.pooling["pooling_mode_mean_tokens"] = false.into())
            .contains("no way of pooling")
    );
}

#[test]
fn a_dimension_that_two_files_contradict_is_told_with_both_numbers() {
    let error = refused(|_, files| files.pooling["word_embedding_dimension"] = 768.into());
    assert!(error.contains("384") && error.contains("768"), "{error}");
    let distil = changed(|_, files| {
        files.config = json!({"model_type": "distilbert", "dim": 384, "max_position_embeddings": 512});
    });
    assert_eq!(distil.unwrap().manifest.dimension, 384);
    let none = refused(|_, files| {
        files.config = json!({});
        files.pooling = json!({"pooling_mode": "mean"});
    });
    assert!(none.contains("hidden_size"), "{none}");
}

#[test]
fn no_text_may_have_more_tokens_than_there_are_positions() {
    let asking = |tokens| ImportChoices { max_tokens: Some(tokens), ..ImportChoices::default() };
    let tokens = |files, choices: &ImportChoices| said(files, choices).map(|said| said.manifest.max_tokens);
    // More than its training saw may be asked for, more than its positions not.
    assert_eq!(tokens(minilm(), &asking(512)), Ok(512));
    let error = tokens(minilm(), &asking(513)).unwrap_err();
    assert!(error.contains("513") && error.contains("512"), "{error}");
    assert_eq!(tokens(e5(), &asking(512)), Ok(512));
    let error = tokens(e5(), &asking(513)).unwrap_err();
    for part in ["513", "allow 512", "514", "xlm-roberta", "2 unused"] {
        assert!(error.contains(part), "{part} is missing in {error}");
    }
    assert_eq!(tokens(e5(), &asking(100)), Ok(100));
    // A file that says more than there is.
    let wrong = changed(|_, files| {
        files.config["model_type"] = "mpnet".into();
        files.config["max_position_embeddings"] = 514.into();
        files.config["pad_token_id"] = 1.into();
        files.lengths["max_seq_length"] = 514.into();
    });
    assert_eq!(wrong.unwrap().manifest.max_tokens, 512);
}

#[test]
fn a_limit_that_only_the_tokenizer_or_nobody_says_is_found_or_asked_for() {
    let by_tokenizer = |files: &mut HuggingFiles| {
        files.lengths = Value::Null;
        files.tokenizer_config = json!({"model_max_length": 128});
    };
    assert_eq!(changed(|_, files| by_tokenizer(files)).unwrap().manifest.max_tokens, 128);
    let without = changed(|_, files| {
        files.lengths = Value::Null;
        files.tokenizer_config = Value::Null;
    });
    assert_eq!(without.unwrap().manifest.max_tokens, 512);
    let (modules, mut files) = minilm();
    files.config = json!({"d_model": 384, "max_position_embeddings": -1});
    (files.lengths, files.tokenizer_config) = (Value::Null, Value::Null);
    let error =
        said_of(&module_folders(&modules).unwrap(), &files, "t5", &ImportChoices::default()).unwrap_err();
    assert!(error.contains("--max-tokens"), "{error}");
    let asked = ImportChoices { max_tokens: Some(300), ..ImportChoices::default() };
    let said = said_of(&module_folders(&modules).unwrap(), &files, "t5", &asked).unwrap();
    assert_eq!(said.manifest.max_tokens, 300);
}

#[test]
fn prefixes_are_those_asked_for_or_the_models_prompts() {
    let prefixes = |prompts: Value, query: Option<&str>, passage: Option<&str>| {
        let choices = ImportChoices {
            query_prefix: query.map(str::to_owned),
            passage_prefix: passage.map(str::to_owned),
            ..ImportChoices::default()
        };
        let (modules, mut files) = minilm();
        files.prompts = prompts;
        said((modules, files), &choices)
            .map(|said| (said.manifest.prefixes.query, said.manifest.prefixes.passage))
    };
    let pair = |query: &str, passage: &str| Ok((query.to_owned(), passage.to_owned()));
    let e5 = || json!({"prompts": {"query": "query: ", "passage": "passage: ", "document": ""}});
    assert_eq!(prefixes(e5(), None, None), pair("query: ", "passage: "));
    assert_eq!(prefixes(e5(), Some("Q: "), Some("")), pair("Q: ", ""));
    assert_eq!(prefixes(Value::Null, Some("query: "), None), pair("query: ", ""));
    let one = json!({"prompts": {"query": "Find: ", "clustering": "Cluster: "}});
    assert_eq!(prefixes(one, None, None), pair("Find: ", ""));
    let empty = json!({"prompts": {"query": "", "document": null}});
    assert_eq!(prefixes(empty, None, None), pair("", ""));
    let default = json!({"prompts": {"any": "text: "}, "default_prompt_name": "any"});
    assert_eq!(prefixes(default, None, None), pair("text: ", "text: "));
    let foreign = || json!({"prompts": {"s2p_query": "Instruct: ", "s2s_query": "Other: "}});
    for (query, passage) in [(None, None), (Some("Instruct: "), None)] {
        let error = prefixes(foreign(), query, passage).unwrap_err();
        assert!(error.contains("s2p_query, s2s_query") && error.contains("--passage-prefix"), "{error}");
    }
    assert_eq!(prefixes(foreign(), Some("Instruct: "), Some("")), pair("Instruct: ", ""));
    assert!(prefixes(json!({"prompts": {"query": 7}}), None, None).unwrap_err().contains("query"));
}

#[test]
fn what_would_give_other_vectors_is_refused() {
    let dot = |files: &mut HuggingFiles| files.prompts = json!({"similarity_fn_name": "dot"});
    assert!(changed(|_, files| dot(files)).is_ok(), "of vectors of length 1 it is the cosine");
    let error = refused(|modules, files| {
        modules.as_array_mut().unwrap().pop();
        dot(files);
    });
    assert!(error.contains("dot") && error.contains("cosine"), "{error}");
    let prompt = |files: &mut HuggingFiles| files.pooling["include_prompt"] = false.into();
    assert!(changed(|_, files| prompt(files)).is_ok(), "there is no prompt");
    let error = refused(|_, files| {
        prompt(files);
        files.prompts = json!({"prompts": {"query": "query: "}});
    });
    assert!(error.contains("include_prompt"), "{error}");
    let small = |files: &mut HuggingFiles| files.lengths["do_lower_case"] = true.into();
    assert!(changed(|_, files| small(files)).is_ok(), "its tokenizer does it");
    for normalizer in [
        json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}),
        json!({"type": "Lowercase"}),
    ] {
        let change = |_: &mut Value, files: &mut HuggingFiles| {
            small(files);
            files.tokenizer["normalizer"] = normalizer;
        };
        assert!(changed(change).is_ok());
    }
    for normalizer in [Value::Null, json!({"type": "BertNormalizer", "lowercase": false})] {
        let error = refused(|_, files| {
            small(files);
            files.tokenizer["normalizer"] = normalizer;
        });
        assert!(error.contains("do_lower_case"), "{error}");
    }
}

#[test]
fn a_name_is_that_of_the_folder_unless_one_is_given() {
    let named = |name: &str| ImportChoices { name: Some(name.to_owned()), ..ImportChoices::default() };
    assert_eq!(said(minilm(), &named("mine")).unwrap().manifest.name, "mine");
    assert!(said(minilm(), &named(" ")).unwrap_err().contains("--name"));
}

#[test]
fn a_model_without_a_graph_is_told_how_to_get_one() {
    let text = without_graph("/models/m", &minilm().1);
    assert!(
        text.contains("optimum-cli export onnx --model /models/m --task feature-extraction /models/m/onnx"),
        "{text}"
    );
    assert!(text.contains("compose/model/export.py /models/m /models/m/model.onnx"), "{text}");
    let text = without_graph("/models/m", &e5().1);
    assert!(
        text.contains("optimum-cli") && !text.contains("export.py"),
        "Millrace's own exporter writes BERT alone: {text}"
    );
}
