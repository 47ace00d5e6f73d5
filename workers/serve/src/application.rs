//! Applications: named settings for answering questions. Pure.

mod definition;
mod object;

use serde::{Deserialize, Serialize};
use sink::Clause;

use crate::filters::Filters;
use crate::llm::EXTRACTIVE;
use crate::question::{Fusion, Include, Mode, Question, Wrong};

/// The built-in application.
pub const BUILT_IN: &str = "millrace";
/// Maximum length of a name in characters.
const LONGEST_NAME: usize = 100;

/// How an application searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retrieval {
    /// Vector search.
    Vector,
    /// Keyword search.
    Keyword,
    /// Both, fused by rank (RRF).
    Rrf,
    /// Both, fused by score.
    Hybrid,
}

impl Retrieval {
    /// The mode of a search.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::Vector => Mode::Vector,
            Self::Keyword => Mode::Keyword,
            Self::Rrf | Self::Hybrid => Mode::Hybrid,
        }
    }
}

/// An application's search.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Retriever {
    /// How.
    #[serde(rename = "type")]
    pub kind: Retrieval,
    /// The outside name of the index; the server's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Maximum number of passages given to the model.
    pub top_k: usize,
    /// Whether passages are reranked; by default where there is a reranker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<bool>,
    /// Results with a lower relevance count as nothing found; the server's own bound by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_relevance: Option<f64>,
    /// Which passages may be found at all; those of a question hold besides.
    #[serde(default, skip_serializing_if = "is_none")]
    pub filter: Filters,
}

fn is_none(filter: &Filters) -> bool {
    *filter == Filters::default()
}

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AnswerModel {
    /// One of the providers of [`crate::llm`].
    pub provider: String,
    /// The provider's name for the model; none for `extractive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl AnswerModel {
    /// Whether it only quotes, here on this server, and is no language model.
    #[must_use]
    pub fn only_quotes(&self) -> bool {
        self.provider == EXTRACTIVE
    }

    /// What an answer names as its writer.
    #[must_use]
    pub fn name(&self) -> &str {
        self.model.as_deref().unwrap_or(&self.provider)
    }
}

/// The model that writes the answers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AnswerWriter {
    /// The model.
    #[serde(flatten)]
    pub first: AnswerModel,
    /// Who is asked, one after the other, when the one before cannot begin an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<AnswerModel>,
    /// The sampling temperature, where a question names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Maximum number of tokens of an answer, where a question names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// Whether personal data and secrets are masked before a text leaves for a model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mask: bool,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Application {
    /// Its name, used as `model` in a chat.
    pub name: String,
    /// How passages are found.
    pub retriever: Retriever,
    /// Who writes the answer.
    pub llm: AnswerWriter,
    /// Maximum number of tokens in everything given to the model.
    pub max_context_length: usize,
    /// How answers are to be written, in addition to the server's own instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
}

/// What applications on this server may refer to.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The outside name of the served index.
    pub index: &'a str,
    /// The available providers.
    pub providers: &'a [&'a str],
}

impl Application {
    /// The built-in application.
    #[must_use]
    pub fn built_in(writer: AnswerModel) -> Self {
        let retriever = Retriever {
            kind: Retrieval::Hybrid,
            index: None,
            top_k: 8,
            rerank: None,
            least_relevance: None,
            filter: Filters::default(),
        };
        let llm = AnswerWriter {
            first: writer,
            fallback: Vec::new(),
            temperature: None,
            max_tokens: None,
            mask: false,
        };
        Self { name: BUILT_IN.to_owned(), retriever, llm, max_context_length: 4096, instructions: None }
    }

    /// The search for a text, with `filter` besides its own.
    ///
    /// # Errors
    /// What is wrong with its filter; it was checked when it was put.
    pub fn question(&self, text: &str, filter: &[Clause]) -> Result<Question, Wrong> {
        let fusion = match self.retriever.kind {
            Retrieval::Rrf => Fusion::Rrf,
            Retrieval::Vector | Retrieval::Keyword | Retrieval::Hybrid => Fusion::Auto,
        };
        let filter = filter.iter().cloned().chain(self.retriever.filter.clauses()?);
        Ok(Question {
            fusion,
            filter: filter.collect(),
            rerank: self.retriever.rerank,
            include: Include {
                place: true,
                relevance: true,
                neighbours: self.reads_sections(),
                ..Include::default()
            },
            ..Question::plain(text, self.retriever.kind.mode(), self.retriever.top_k)
        })
    }

    /// Whether passages are given together with what stands beside them: a model reads more than it quotes.
    #[must_use]
    pub fn reads_sections(&self) -> bool {
        !self.llm.first.only_quotes()
    }

    /// The models that write its answers, in the order in which they are asked.
    pub fn writers(&self) -> impl Iterator<Item = &AnswerModel> {
        std::iter::once(&self.llm.first).chain(&self.llm.fallback)
    }
}

/// Whether this can be an application's name; it must be safe in a URL path of the engine.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = |c: char| first(c) || "-_.".contains(c);
    name.starts_with(first) && name.len() <= LONGEST_NAME && name.chars().all(allowed)
}
