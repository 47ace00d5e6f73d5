//! What is searched for a question within a conversation. Pure.
//!
//! "And how do I delete it?" finds nothing by itself. A question follows up when a word in it refers back, when it opens as
//! only an answer to something does, or when it names next to nothing: never merely because it is short. It is then searched
//! together with what was asked before, up to the last question that stood alone. Measured on the conversations in
//! `workers/serve/tests/follow-ups.jsonl`.

use crate::llm::{Speaker, Turn};

/// Longest text that is searched, in characters.
const LONGEST: usize = 400;
/// A noun phrase of at most so many words takes the place of the word that refers to it.
const SHORT_PHRASE: usize = 6;

/// Words that refer back.
const REFERS: [&str; 48] = [
    "it",
    "its",
    "they",
    "them",
    "their",
    "those",
    "these",
    "this",
    "he",
    "she",
    "him",
    "his",
    "her",
    "both",
    "latter",
    "former",
    "ones",
    "same",
    "else",
    "instead",
    "again",
    "er",
    "ihn",
    "ihm",
    "ihr",
    "ihre",
    "ihren",
    "sie",
    "dies",
    "diese",
    "dieser",
    "diesen",
    "diesem",
    "dieses",
    "davon",
    "dafür",
    "damit",
    "dazu",
    "darin",
    "daran",
    "darauf",
    "dort",
    "dabei",
    "dagegen",
    "stattdessen",
    "jener",
    "jene",
    "beide",
];
/// What refers back in German only with a small letter: with a capital it is the polite form.
const POLITE: [&str; 3] = ["Sie", "Ihr", "Ihre"];
/// What stands before `that` where it refers back.
const BEFORE_THAT: [&str; 24] = [
    "about", "does", "is", "of", "for", "with", "if", "than", "to", "do", "can", "will", "was", "in", "like",
    "at", "after", "before", "without", "by", "on", "would", "did", "and",
];
/// What stands behind `that` where it refers back, and behind the German `das`.
const BEHIND_THAT: [&str; 10] =
    ["later", "too", "again", "now", "as", "auch", "immer", "so", "nur", "eigentlich"];
/// Turns of phrase whose word refers to nothing.
const EXPLETIVE: [&str; 12] = [
    "it take",
    "it cost to",
    "it possible",
    "it allowed",
    "it necessary",
    "it mean to",
    "it safe to",
    "it legal",
    "it required to",
    "the same day",
    "this year",
    "this month",
];
/// How a question opens that goes on from another.
const OPENS: [&str; 41] = [
    "and ",
    "but ",
    "or ",
    "also ",
    "ok ",
    "ok, ",
    "okay ",
    "okay, ",
    "then ",
    "what about",
    "how about",
    "what if",
    "why not",
    "so ",
    "in that case",
    "anything else",
    "tell me more",
    "more about",
    "more details",
    "und ",
    "aber ",
    "oder ",
    "dann ",
    "was ist mit",
    "wie ist es mit",
    "wie sieht es",
    "ok und",
    "那",
    "还有",
    "另外",
    "然后",
    "以及",
    "可是",
    "但是",
    "但",
    "如果不",
    "如果是",
    "要是",
    "再",
    "换成",
    "好的",
];
/// What of these is left out of the search.
const DROPPED: [&str; 22] = [
    "ok, and ",
    "ok and ",
    "okay, and ",
    "okay and ",
    "and what about ",
    "what about ",
    "how about ",
    "ok, ",
    "okay, ",
    "ok ",
    "and ",
    "but ",
    "also ",
    "then ",
    "so ",
    "ok und ",
    "und was ist mit ",
    "was ist mit ",
    "und ",
    "aber ",
    "那么",
    "那",
];
/// Chinese words that refer back.
const REFERS_ZH: [&str; 28] = [
    "它", "他", "她", "他们", "她们", "这个", "那个", "这些", "那些", "这种", "那种", "该", "此", "其",
    "上述", "刚才", "前面", "这样", "那样", "这里", "那里", "前者", "后者", "两者", "这是", "这么", "同样",
    "这项",
];
/// Words that only look as if.
const NOT_ZH: [&str; 13] =
    ["其中", "其他", "其它", "应该", "因此", "如此", "此外", "尤其", "其实", "彼此", "极其", "其次", "及其"];
/// How a question frames what is to be done, before the verb.
const FRAMES: [&str; 12] = [
    "how do i ",
    "how do we ",
    "how do you ",
    "how can i ",
    "how can we ",
    "how should i ",
    "how to ",
    "can i ",
    "may i ",
    "do i have to ",
    "where can i ",
    "when can i ",
];
/// The same in Chinese, where the verbs are those of [`VERBS_ZH`].
const FRAMES_ZH: [&str; 8] = ["如何", "怎么", "怎样", "怎么样", "可以", "能否", "能不能", "在哪里"];
const VERBS_ZH: [&str; 24] = [
    "创建", "删除", "配置", "设置", "修改", "更新", "查看", "启用", "禁用", "开启", "关闭", "安装", "卸载",
    "上传", "下载", "申请", "取消", "添加", "购买", "使用", "移除", "报销", "预订", "清洗",
];

/// The text that is searched for `question` after `history`; none where the question stands alone.
#[must_use]
pub fn condensed(history: &[Turn], question: &str) -> Option<String> {
    let asked: Vec<&str> =
        history.iter().filter(|turn| turn.speaker == Speaker::User).map(|turn| turn.text.trim()).collect();
    // A question is often too short to tell its language by itself.
    let language = analysis::language(&format!("{} {question}", asked.join(" "))).unwrap_or("en");
    if asked.is_empty() || !follows(question, language) {
        return None;
    }
    // The last question that stood alone; the first one always did. What followed it up is carried along.
    let anchor = asked.iter().rposition(|text| !follows(text, language)).unwrap_or_default();
    let (first, between) = asked.get(anchor..)?.split_first()?;
    let mut text = joined(question, first);
    for follow_up in between.iter().rev() {
        text = format!("{text} {}", bare(follow_up));
    }
    Some(text.chars().take(LONGEST).collect::<String>().trim().to_owned())
}

/// Whether a question has a word that refers to what was said before it.
pub(crate) fn refers_back(question: &str) -> bool {
    let lower = question.trim().to_lowercase();
    refers(question, &lower, analysis::language(question).unwrap_or("en")) || refers_zh(&lower)
}

/// Whether a question in a language cannot be understood without the one before it.
fn follows(question: &str, language: &str) -> bool {
    let lower = question.trim().to_lowercase();
    let opens = lower.split(['?', '？', '。', '!', '！', '\n']).any(|sentence| opens(sentence.trim()));
    opens || refers(question, &lower, language) || refers_zh(&lower) || says_little(question, language)
}

fn opens(lower: &str) -> bool {
    let ends = lower.trim_end_matches(['.', ' ']);
    OPENS.iter().any(|opening| lower.starts_with(opening))
        || (ends.ends_with('呢') && ends.chars().count() < 16)
}

fn refers(question: &str, lower: &str, language: &str) -> bool {
    let lower = EXPLETIVE.iter().fold(lower.to_owned(), |text, phrase| text.replace(phrase, " "));
    let words: Vec<&str> = words(&lower).collect();
    let polite =
        question.split_whitespace().skip(1).any(|word| POLITE.contains(&word.trim_matches(['?', ',', '.'])));
    let is_german = language == "de";
    words.iter().enumerate().any(|(place, word)| match *word {
        "that" => {
            let before = place.checked_sub(1).and_then(|before| words.get(before));
            let behind = words.get(place + 1);
            let is_last = behind.is_none_or(|behind| BEHIND_THAT.contains(behind));
            is_last || before.is_some_and(|before| BEFORE_THAT.contains(before))
        }
        "das" => is_german && words.get(place + 1).is_none_or(|behind| BEHIND_THAT.contains(behind)),
        "any" => words.get(place + 1).is_some_and(|behind| ["for", "of", "in"].contains(behind)),
        // An article in German.
        "these" | "those" | "this" | "he" | "her" | "his" if is_german => false,
        "sie" | "ihr" | "ihre" | "ihren" => is_german && !polite,
        "er" | "es" => *word == "er" && is_german,
        word => REFERS.contains(&word),
    })
}

fn refers_zh(lower: &str) -> bool {
    let text = NOT_ZH.iter().fold(lower.to_owned(), |text, word| text.replace(word, ""));
    REFERS_ZH.iter().any(|word| text.contains(word))
}

/// Whether a question names nothing by itself, or one thing and asks nothing about it ("In winter?").
fn says_little(question: &str, language: &str) -> bool {
    let all = analysis::terms(question, language).len();
    let asked = analysis::asked(question, language);
    let is_unspaced = asked.iter().any(|term| analysis::is_character(term));
    if is_unspaced {
        return question.chars().filter(|one| one.is_alphabetic()).count() < 5;
    }
    // `asked` gives all words back where each of them is empty.
    let names = if asked.len() == all && all > 2 && is_empty(question, language) { 0 } else { asked.len() };
    names == 0 || (names == 1 && all < 3)
}

/// Whether each word of a question is one that names nothing: together with one that does, only that one is left.
fn is_empty(question: &str, language: &str) -> bool {
    analysis::asked(&format!("{question} zyxw"), language).len() == 1
}

/// A question without what only leads over to it.
fn bare(question: &str) -> String {
    let mut text = question.trim();
    while let Some(opening) = DROPPED.iter().find(|opening| begins(text, opening)) {
        text = text.get(opening.len()..).unwrap_or_default().trim_start_matches(['，', ',', ' ']);
    }
    text.to_owned()
}

/// A question with what the one before was about: in the place of the word that refers to it where both are framed alike
/// ("how do I create a bucket", "how do I delete it"), otherwise behind it.
fn joined(question: &str, before: &str) -> String {
    let (question, before) = (bare(question), bare(before));
    let before = before.trim_end_matches(['?', '？', '.', '。', '!', '！', ' ']);
    let object = object(before);
    let framed = object.filter(|object| {
        object.split_whitespace().count() <= SHORT_PHRASE && self::object(&question).is_some()
    });
    if let Some(object) = framed
        && let Some(replaced) = replaced(&question, object)
    {
        return replaced;
    }
    format!("{question} {}", framed.unwrap_or(before))
}

/// What a framed question is about: what stands behind its verb.
fn object(question: &str) -> Option<&str> {
    if let Some(frame) = FRAMES.iter().find(|frame| begins(question, frame)) {
        return question.get(frame.len()..)?.split_once(' ').map(|(_, object)| object);
    }
    let behind = FRAMES_ZH.iter().find_map(|frame| question.split_once(frame)).map(|(_, behind)| behind)?;
    VERBS_ZH.iter().find_map(|verb| behind.strip_prefix(verb)).filter(|object| !object.is_empty())
}

/// A text in which `object` takes the place of the one word that refers back.
fn replaced(text: &str, object: &str) -> Option<String> {
    let lower = text.to_lowercase();
    for word in ["it", "them", "this", "that", "one"] {
        let found = lower.match_indices(word).find(|(at, _)| {
            let (before, behind) = (lower.get(..*at), lower.get(at + word.len()..));
            before.is_some_and(|before| before.ends_with(' '))
                && behind.is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
        });
        if let Some((at, _)) = found
            && lower.len() == text.len()
        {
            return Some(format!("{}{object}{}", text.get(..at)?, text.get(at + word.len()..)?));
        }
    }
    let (before, behind) = ["它", "这个", "那个", "他们"].iter().find_map(|word| text.split_once(word))?;
    Some(format!("{before}{object}{behind}"))
}

/// Whether a text begins with a phrase, in any case; the lengths of both are the same.
fn begins(text: &str, phrase: &str) -> bool {
    text.get(..phrase.len()).is_some_and(|start| start.to_lowercase() == phrase)
}

fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|one: char| !one.is_alphanumeric() && one != '\'').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Turn {
        Turn { speaker: Speaker::User, text: text.to_owned() }
    }

    #[test]
    fn what_stands_alone_is_searched_as_it_is() {
        for question in [
            "年假有几天？",
            "How do I create a bucket?",
            "Wie lange ist die Probezeit?",
            "其中哪些应该归档的文件需要签字？",
        ] {
            assert_eq!(condensed(&[user("How do I enable versioning?")], question), None, "{question}");
        }
        assert_eq!(condensed(&[], "And how do I delete it?"), None);
    }

    #[test]
    fn a_follow_up_brings_along_what_it_is_about() {
        for (before, question, expected) in [
            ("how do I create a bucket?", "ok and how do I delete it?", "how do I delete a bucket?"),
            ("如何创建存储空间？", "那怎么删除它？", "怎么删除存储空间？"),
            (
                "How many days of leave do I have?",
                "And in the first year?",
                "in the first year? How many days of leave do I have",
            ),
            ("年假有几天？", "试用期呢？", "试用期呢？ 年假有几天"),
        ] {
            assert_eq!(condensed(&[user(before)], question).as_deref(), Some(expected), "{question}");
        }
    }

    #[test]
    fn a_chain_goes_back_to_the_question_that_stood_alone() {
        let history =
            [user("Who pays for taxis?"), user("how do I create a bucket?"), user("and in Frankfurt?")];
        let text = condensed(&history, "How do I delete it?").unwrap();
        assert_eq!(text, "How do I delete a bucket? in Frankfurt?");
        let long = condensed(&[user(&"word ".repeat(500))], "and it?").unwrap();
        assert!(long.chars().count() <= LONGEST);
    }
}
