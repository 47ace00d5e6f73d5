//! What form of answer a question asks for. Pure.

use super::quote::{Form, Quote};
use super::sentence::{is_unspaced, width};

/// What a sentence counts without a number where one is asked for.
const WITHOUT_NUMBER: f64 = 0.75;
/// What code counts where it is asked for, and where a way to do something is.
const ASKED_CODE: f64 = 1.25;
const CODE_AS_WAY: f64 = 0.4;
/// Sentences and rows count less the longer they are than this, in characters: they hold any word by chance.
const LONG: usize = 300;

/// Words of a question that asks for more than a sentence. Those of scripts without spaces stand anywhere.
const STEPS: [&str; 18] = [
    "how",
    "steps",
    "procedure",
    "which",
    "list",
    "what are",
    "what must",
    "wie",
    "welche",
    "welchen",
    "schritte",
    "was sind",
    "如何",
    "怎么",
    "怎样",
    "步骤",
    "哪些",
    "流程",
];
/// Words of a question that asks for code.
const CODE: [&str; 20] = [
    "code",
    "command",
    "commands",
    "example",
    "examples",
    "snippet",
    "script",
    "syntax",
    "curl",
    "shell",
    "configuration file",
    "config file",
    "代码",
    "命令",
    "示例",
    "脚本",
    "语句",
    "befehl",
    "beispiel",
    "quelltext",
];
/// Words of a question that asks for a number, a size, a time or a price.
const NUMBER: [&str; 30] = [
    "how many",
    "how much",
    "how long",
    "how large",
    "how big",
    "how often",
    "how old",
    "how fast",
    "how high",
    "maximum",
    "minimum",
    "when",
    "what year",
    "what date",
    "wie viele",
    "wie viel",
    "wie lange",
    "wie hoch",
    "wie groß",
    "wie oft",
    "wie alt",
    "wann",
    "多少",
    "几",
    "多大",
    "多长",
    "多久",
    "最大",
    "最多",
    "何时",
];
/// Numbers in words.
const WORDS: [&str; 42] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "hundred",
    "thousand",
    "million",
    "billion",
    "once",
    "twice",
    "half",
    "unlimited",
    "every",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "zwölf",
    "hundert",
    "tausend",
    "einmal",
    "一",
    "两",
    "三",
    "十",
];

/// The forms that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WantedForm {
    steps: bool,
    code: bool,
    number: bool,
}

impl WantedForm {
    pub(super) fn of(question: &str) -> Self {
        let words = spaced(question);
        let has = |list: &[&str]| list.iter().any(|word| holds(&words, word));
        Self { steps: has(&STEPS), code: has(&CODE), number: has(&NUMBER) }
    }

    /// What a quotation counts by its form; none if that is not asked for.
    pub(super) fn weight(self, quote: &Quote) -> Option<f64> {
        match quote.form {
            Form::Sentence | Form::Line => Some(self.number_weight(&quote.text) * long_weight(&quote.text)),
            Form::List { .. } => self.steps.then(|| self.number_weight(&quote.text)),
            Form::Code(_) if self.code => Some(ASKED_CODE),
            Form::Code(_) => self.steps.then_some(CODE_AS_WAY),
        }
    }

    fn number_weight(self, text: &str) -> f64 {
        if self.number && !has_number(text) { WITHOUT_NUMBER } else { 1.0 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths of sentences")]
fn long_weight(text: &str) -> f64 {
    let width = width(text);
    if width > LONG { (LONG as f64 / width as f64).sqrt() } else { 1.0 }
}

fn has_number(text: &str) -> bool {
    if text.contains(char::is_numeric) {
        return true;
    }
    let words = spaced(text);
    WORDS.iter().any(|word| holds(&words, word))
}

/// A text in lower case with one space between and around its words.
fn spaced(text: &str) -> String {
    let words = text.to_lowercase();
    let words = words.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}

/// Whether a spaced text holds a word: whole, or anywhere if its script has no spaces.
fn holds(spaced: &str, word: &str) -> bool {
    if word.chars().all(is_unspaced) {
        return spaced.contains(word);
    }
    spaced.match_indices(word).any(|(at, _)| {
        let behind = spaced.get(at + word.len()..);
        spaced.get(..at).is_some_and(|before| before.ends_with(' '))
            && behind.is_some_and(|behind| behind.starts_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(text: &str, form: Form) -> Quote {
        Quote { text: text.to_owned(), form, block: 0 }
    }

    #[test]
    fn the_form_is_told_by_whole_words() {
        let of = |question: &str| {
            let form = WantedForm::of(question);
            (form.steps, form.code, form.number)
        };
        for (question, expected) in [
            ("How do I configure anti-leech for a bucket?", (true, false, false)),
            ("What is the capital of Mongolia?", (false, false, false)),
            ("Show me Python code that uploads a file", (false, true, false)),
            ("how many buckets can I create", (true, false, true)),
            ("单个对象最大多少？", (false, false, true)),
            ("如何用代码删除存储空间？", (true, true, false)),
            ("Wann ist das Büro geschlossen?", (false, false, true)),
        ] {
            assert_eq!(of(question), expected, "{question}");
        }
    }

    #[test]
    fn what_is_not_asked_for_counts_less_or_not_at_all() {
        let code = quote("make(bucket)", Form::Code("make(bucket)".to_owned()));
        let weight = |question: &str, quote: &Quote| WantedForm::of(question).weight(quote);
        assert_eq!(weight("who makes a bucket", &code), None);
        assert!(weight("how do I make a bucket", &code) < weight("code that makes a bucket", &code));
        let (with, without) =
            (quote("It takes five days.", Form::Sentence), quote("It takes long.", Form::Sentence));
        assert!(weight("how long does it take", &with) > weight("how long does it take", &without));
        assert_eq!(weight("what does it take", &without), Some(1.0));
        let long = quote(&"word ".repeat(240), Form::Line);
        assert_eq!(weight("what is a word", &long).map(|weight| (weight * 10.0).round()), Some(5.0));
    }
}
