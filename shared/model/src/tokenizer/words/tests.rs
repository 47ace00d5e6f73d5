//! Tokenizing word by word gives the same as the library gives for the whole text, for any text.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// BERT's WordPiece: a word is one token, or its letters.
const BERT: &[u8] = include_bytes!("../../../tests/tiny/tokenizer.json");

/// A unigram vocabulary, as SentencePiece makes it.
fn unigram(normalizer: &Value, pre_tokenizer: &Value) -> Vec<u8> {
    let mut pieces = vec![json!(["<s>", 0.0]), json!(["</s>", 0.0]), json!(["<unk>", 0.0])];
    for piece in
        ["▁", "▁the", "▁an", "the", "an", "n", "a", "e", "t", "h", "。", "中文", "文", "ba", "▁b", ".", "é"]
    {
        pieces.push(json!([piece, -1.0 - f64::from(u32::try_from(pieces.len()).unwrap())]));
    }
    let special = |id: usize, content: &str| {
        json!({"id": id, "content": content, "special": true, "single_word": false, "lstrip": id == 1,
            "rstrip": false, "normalized": false})
    };
    let described = json!({
        "version": "1.0", "truncation": null, "padding": null, "decoder": null,
        "added_tokens": [special(0, "<s>"), special(1, "</s>"), special(2, "<unk>")],
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                "</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces, "byte_fallback": false},
    });
    serde_json::to_vec(&described).unwrap()
}

fn metaspace() -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true})
}

/// NFKC, and runs of white space as one space.
fn nfkc(run: &str) -> Value {
    let replace = json!({"type": "Replace", "pattern": {"Regex": run}, "content": " "});
    json!({"type": "Sequence", "normalizers": [{"type": "NFKC"}, replace]})
}

/// What SentencePiece's own normaliser does, one character at a time.
fn by_characters() -> Value {
    let replace = |class: &str, content: &str| json!({"type": "Replace", "pattern": {"Regex": class}, "content": content});
    let tilde = json!({"type": "Replace", "pattern": {"String": "～"}, "content": "\u{fdd0}"});
    let removed = replace("[\\x{0001}\\x{000B}\\x{007F}]", "");
    let spaces = replace("[\\x{0009}\\x{000A}\\x{000D}\\x{200B}\\x{2028}\\x{2581}]", " ");
    json!({"type": "Sequence", "normalizers": [removed, spaces, tilde, {"type": "NFKC"}]})
}

/// Tokenizers that work word by word.
fn taken() -> Vec<Vec<u8>> {
    let split = json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace()]});
    vec![
        BERT.to_vec(),
        unigram(&nfkc("[\\n\\r\\t ]{1,}"), &metaspace()),
        unigram(&json!({"type": "NFKC"}), &split),
        unigram(&by_characters(), &split),
        unigram(&Value::Null, &json!({"type": "WhitespaceSplit"})),
    ]
}

fn by_words(words: &Words, inner: &tokenizers::Tokenizer, text: &str) -> Option<Vec<Range<usize>>> {
    let mut tokens = Vec::new();
    words.spans(inner, text, |token| tokens.push(token)).map(|()| tokens)
}

fn opened(bytes: &[u8]) -> (tokenizers::Tokenizer, Option<Words>) {
    let mut inner = tokenizers::Tokenizer::from_bytes(bytes).unwrap();
    inner.with_truncation(None).unwrap();
    inner.with_padding(None);
    let words = Words::of(bytes, &inner);
    (inner, words)
}

/// White space, marks that join or vanish, special tokens, and letters of the vocabularies.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        " ", "  ", "\n", "\t", "\r\n", "the", "an", "ba", "é", "e\u{301}", "\u{301}", ".", "[", "SEP]",
        "[SEP]", "<s>", "</s>", "<", "s>", "\u{a0}", "\u{3000}", "\u{200b}", "¨", "\u{37a}", "\u{600}", "▁",
        "中文", "。", "\u{ff9e}", "\u{85}", "\u{b}", "\u{1}", "\u{2028}", "각", "LOG", "records", "x-y",
        "\u{fdfa}", "İ", "Σ",
    ]);
    let any = prop_oneof![8 => piece.prop_map(str::to_owned), 1 => "\\PC{1,3}", 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(any, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_by_words_are_the_tokens_of_the_text(text in text()) {
        for bytes in taken() {
            let (inner, words) = opened(&bytes);
            let words = words.unwrap();
            let whole = inner.encode(text.as_str(), false).unwrap();
            // twice, so that all words are cached
            for _ in 0..2 {
                let Some(tokens) = by_words(&words, &inner, &text) else { break };
                prop_assert_eq!(tokens.len(), whole.len(), "{:?}: {:?}", &text, whole.get_tokens());
            }
        }
    }
}

/// The bundles made on this machine: the folder of models, or none.
#[expect(
    clippy::disallowed_methods,
    reason = "edge: a test asks for models that are not part of the repository"
)]
fn real() -> Vec<Vec<u8>> {
    let home = std::env::var("MILLRACE_HOME").unwrap_or_else(|_| "/var/tmp/millrace".to_owned());
    let names = ["all-MiniLM-L6-v2", "multilingual-e5-small"];
    let file = |name| format!("{home}/dist/models/{name}/tokenizer.json");
    names.into_iter().filter_map(|name| std::fs::read(file(name)).ok()).collect()
}

#[test]
fn real_tokenizers_work_word_by_word() {
    let models = real();
    if models.is_empty() {
        println!("skipped: no models in $MILLRACE_HOME/dist/models; compose/install makes them");
    }
    for bytes in models {
        let (inner, words) = opened(&bytes);
        let words = words.expect("its parts are known");
        let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
        let outcome = proptest::test_runner::TestRunner::new(config).run(&text(), |text| {
            let whole = inner.encode_fast(text.as_str(), false).unwrap();
            if let Some(tokens) = by_words(&words, &inner, &text) {
                prop_assert_eq!(tokens.len(), whole.len(), "{:?}", text);
            }
            Ok(())
        });
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

#[test]
fn tokenizers_that_reach_over_white_space_are_left_to_the_library() {
    let other_metaspace =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true});
    let lost = json!({"type": "Replace", "pattern": {"String": "a"}, "content": " "});
    for bytes in [
        unigram(&json!({"type": "NFKC"}), &metaspace()),
        unigram(&nfkc("[\\n\\r\\t ]{1,}"), &other_metaspace),
        unigram(&lost, &json!({"type": "WhitespaceSplit"})),
        unigram(&Value::Null, &json!({"type": "Whitespace"})),
        unigram(&Value::Null, &Value::Null),
    ] {
        assert!(opened(&bytes).1.is_none());
    }
}

#[test]
fn usual_text_is_taken_by_words() {
    for (number, bytes) in taken().iter().enumerate() {
        let (inner, words) = opened(bytes);
        let words = words.unwrap();
        let long = "ab-".repeat(50);
        for text in ["the an\nba. the", "中文。中文", "log of records", long.as_str()] {
            let tokens = by_words(&words, &inner, text).unwrap();
            let whole = inner.encode(text, false).unwrap();
            assert_eq!(tokens.len(), whole.len(), "{text}");
            let offsets: Vec<_> = whole.get_offsets().iter().map(|(start, end)| *start..*end).collect();
            // Metaspace makes the library's own offsets drift by the marks that it inserts
            assert!(number > 0 || tokens == offsets, "{text}");
        }
        assert!(by_words(&words, &inner, "the <s>[SEP] an").is_none());
    }
}
