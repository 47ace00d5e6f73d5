//! Decides which tokenizers work word by word, and on which texts.
//!
//! Decided from the component types in tokenizer.json, whose behaviour is known here; an unknown type or option means
//! no. The post-processor may only add special tokens, and special tokens must be recognised in texts exactly as
//! written.

use serde::Deserialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::WHITE_SPACE;

/// How a tokenizer splits a text into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// BERT: at white space, and around each punctuation mark and each Han character. Each part is tokenized on its
    /// own.
    Bert {
        /// Whether Han characters stand alone.
        han: bool,
    },
    /// At white space, which is dropped.
    Spaces,
    /// Runs of white space become one space, which becomes the mark at the start of the next word. Trailing white
    /// space would be a token.
    Metaspace,
}

/// The relevant parts of tokenizer.json.
#[derive(Deserialize)]
struct Description {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    #[serde(default)]
    normalized: bool,
}

/// The mark that `SentencePiece` writes for a space.
const SPACE_MARK: char = '▁';

/// Regular expressions for runs that are known to be replaced by one space.
const RUNS: [&str; 3] = [" {2,}", "[\\n\\r\\t ]{1,}", "\\s+"];

/// The rule of a tokenizer, and the special tokens that it recognises in texts.
pub(super) fn of(bytes: &[u8], inner: &tokenizers::Tokenizer) -> Option<(Rule, Vec<String>)> {
    let description: Description = serde_json::from_slice(bytes).ok()?;
    let adds_only = description.post_processor.as_ref().is_none_or(|post| {
        matches!(kind(post), "TemplateProcessing" | "BertProcessing" | "RobertaProcessing")
    });
    let as_they_stand =
        description.added_tokens.iter().all(|token| !token.normalized && !token.content.is_empty());
    if !adds_only || !as_they_stand {
        return None;
    }
    let pre_tokenizer = description.pre_tokenizer.as_ref()?;
    let normalizer = description.normalizer.as_ref();
    let rule = match kind(pre_tokenizer) {
        "BertPreTokenizer" => bert(normalizer)?,
        "WhitespaceSplit" => Rule::Spaces,
        "Metaspace" if is_usual_metaspace(pre_tokenizer) => Rule::Metaspace,
        "Sequence" => match parts(pre_tokenizer, "pretokenizers") {
            [first, second]
                if kind(first) == "WhitespaceSplit"
                    && kind(second) == "Metaspace"
                    && is_usual_metaspace(second) =>
            {
                Rule::Spaces
            }
            _ => return None,
        },
        _ => return None,
    };
    let local = normalizer.is_none_or(is_local);
    let reserved = description.added_tokens.into_iter().map(|token| token.content).collect();
    (local && rule.keeps_white_space(inner)).then_some((rule, reserved))
}

fn kind(part: &Value) -> &str {
    part.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn parts<'a>(sequence: &'a Value, field: &str) -> &'a [Value] {
    sequence.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn bert(normalizer: Option<&Value>) -> Option<Rule> {
    let normalizer = normalizer.filter(|normalizer| kind(normalizer) == "BertNormalizer")?;
    let han = normalizer.get("handle_chinese_chars").and_then(Value::as_bool).unwrap_or_default();
    Some(Rule::Bert { han })
}

/// Whether a mark is put before each word, whatever precedes it.
fn is_usual_metaspace(part: &Value) -> bool {
    let is = |field, value: &str| part.get(field).and_then(Value::as_str).is_none_or(|found| found == value);
    let not_off = |field| part.get(field).and_then(Value::as_bool) != Some(false);
    is("replacement", "▁")
        && is("prepend_scheme", "always")
        && not_off("add_prefix_space")
        && not_off("split")
}

/// Whether a normaliser changes each word independently, and white space only into other white space.
fn is_local(normalizer: &Value) -> bool {
    match kind(normalizer) {
        "BertNormalizer" | "Lowercase" | "NFC" | "NFD" | "NFKC" | "NFKD" | "Precompiled" | "StripAccents" => {
            true
        }
        "Replace" => {
            let run = normalizer.pointer("/pattern/Regex").and_then(Value::as_str).unwrap_or_default();
            let text = normalizer.pointer("/pattern/String").and_then(Value::as_str).unwrap_or_default();
            let to_space = normalizer.get("content").and_then(Value::as_str) == Some(" ");
            is_one_character(run) || text.chars().count() == 1 || (to_space && RUNS.contains(&run))
        }
        "Sequence" => parts(normalizer, "normalizers").iter().all(is_local),
        _ => false,
    }
}

/// Whether a regular expression is a character class, which matches one character at a time.
fn is_one_character(expression: &str) -> bool {
    let class = expression.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    class.is_some_and(|class| !class.is_empty() && !class.contains(['[', ']']) && !class.ends_with('\\'))
}

/// A text as the model's vocabulary sees it.
fn normalized(inner: &tokenizers::Tokenizer, text: &str) -> Option<String> {
    use tokenizers::{NormalizedString, Normalizer as _};
    let mut normalized = NormalizedString::from(text);
    if let Some(normalizer) = inner.get_normalizer() {
        normalizer.normalize(&mut normalized).ok()?;
    }
    Some(normalized.get().to_owned())
}

impl Rule {
    /// Whether the normaliser keeps the white space between words; for [`Rule::Metaspace`], as one space.
    fn keeps_white_space(self, inner: &tokenizers::Tokenizer) -> bool {
        let runs = WHITE_SPACE.map(|space| space.to_string()).into_iter().chain([" \n\n\t \r\n ".to_owned()]);
        runs.into_iter().all(|run| {
            let Some(found) = normalized(inner, &format!("a{run}b")) else { return false };
            let between = found.strip_prefix('a').and_then(|rest| rest.strip_suffix('b')).unwrap_or_default();
            match self {
                Self::Metaspace => between == " ",
                Self::Bert { .. } | Self::Spaces => {
                    !between.is_empty() && between.chars().all(char::is_whitespace)
                }
            }
        })
    }

    /// Whether the start and end of a text allow tokenizing it word by word.
    pub(super) fn takes(self, text: &str) -> bool {
        match self {
            Self::Bert { .. } | Self::Spaces => true,
            Self::Metaspace => !text.is_empty() && !text.ends_with(WHITE_SPACE),
        }
    }

    /// Whether a word does not affect its neighbours.
    pub(super) fn takes_word(self, inner: &tokenizers::Tokenizer, word: &str) -> bool {
        if matches!(self, Self::Bert { .. }) {
            return true;
        }
        // a combining mark at the start, or a similar mark at the end, is normalised together with the adjacent space
        let spaced = format!(" {word} ");
        let mut graphemes = spaced.graphemes(true);
        let apart = word.is_ascii() || (graphemes.next() == Some(" ") && graphemes.next_back() == Some(" "));
        if !apart {
            return false;
        }
        self == Self::Spaces
            || normalized(inner, word).is_some_and(|normalized| {
                !normalized.is_empty()
                    && !normalized.ends_with(char::is_whitespace)
                    && !normalized.contains(SPACE_MARK)
            })
    }

    /// The length in bytes of the first part of a word that is tokenized on its own; none when nothing is left.
    pub(super) fn first_part(self, word: &str) -> Option<usize> {
        let Self::Bert { han } = self else { return (!word.is_empty()).then_some(word.len()) };
        let alone = |character: char| character.is_ascii_punctuation() || (han && is_han(character));
        let first = word.chars().next()?;
        let length = if alone(first) { first.len_utf8() } else { word.find(alone).unwrap_or(word.len()) };
        Some(length)
    }
}

/// The characters that BERT's normaliser surrounds with spaces; this is its own list.
fn is_han(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}' | '\u{2b920}'..='\u{2ceaf}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}
