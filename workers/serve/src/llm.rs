//! The interface of language models, which write answers.
//!
//! [`Prompt`] is a question with its passages as they are; a remote model gets them as messages ([`render`]),
//! [`extractive`] needs no rendering. An answer is a stream of [`Piece`]s, the last of which is [`Piece::Finish`]; a
//! stream that ends without it is an error.
//!
//! To add a provider: an implementation of [`LanguageModel`], and a line in [`Models`].

pub mod extractive;
pub mod openai;
pub mod render;

use std::pin::Pin;
use std::time::Duration;

use clap::Args;
use futures::Stream;
use secret::Secret;
use serde::Serialize;

/// The provider that quotes passages and needs no service.
pub const EXTRACTIVE: &str = "extractive";

/// What a model is to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// An answer from the passages.
    #[default]
    Answer,
    /// The question, so that it can be understood without the conversation so far.
    Condense,
}

/// A question and everything that its answer may be based on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// What to write.
    pub task: Task,
    /// The question.
    pub question: String,
    /// The passages, best first.
    pub passages: Vec<Given>,
    /// The conversation so far, oldest first.
    pub history: Vec<Turn>,
    /// The client's additional instructions.
    pub style: Option<String>,
    /// The model's name, if the provider has several.
    pub model: Option<String>,
    /// Maximum number of tokens of the answer.
    pub max_tokens: usize,
    /// The sampling temperature; by default the provider's.
    pub temperature: Option<f32>,
    /// The mark on the fences around passages; no author of a document can know it.
    pub nonce: String,
    /// How close the passages' parts are to the question, for the provider that quotes them.
    pub closeness: Option<extractive::Closeness>,
}

/// A passage given to a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The number it is cited by, from 1.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// Its document.
    pub document: String,
    /// What else is known of where it stands: the document's title, the page, a date; empty if nothing is.
    pub about: String,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub speaker: Speaker,
    /// The text.
    pub text: String,
}

/// The speaker of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// More of its text.
    Text(String),
    /// The end; always the last piece.
    Finish(Finish),
}

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Why it ended.
    pub reason: EndReason,
    /// Tokens used, if the provider reports them.
    pub usage: Option<Usage>,
    /// Why there is an answer or none, if the provider judges that itself.
    pub judged: Option<extractive::judge::Judged>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The model was done.
    #[default]
    Stop,
    /// The token limit was reached.
    Length,
    /// The provider's content filter stopped it.
    ContentFilter,
}

/// Numbers of tokens, as counted by the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// In the prompt.
    pub prompt_tokens: u64,
    /// In the answer.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

/// Why there is no answer, or only a part of one; classified by what the caller does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// A person must change a setting or the account.
    #[error("{0}")]
    Config(String),
    /// The provider's content filter rejected the prompt or the answer.
    #[error("the provider's content filter refused it: {0}")]
    Filtered(String),
    /// The provider rejects the request.
    #[error("the provider refused the request: {0}")]
    Request(String),
    /// Retry later: every attempt within the time limit failed.
    #[error("the provider is not available: {cause}")]
    Busy {
        /// The last failure.
        cause: String,
        /// The provider's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    Broken(String),
}

/// An answer being written.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Piece, LlmError>> + Send>>;

/// A writer of answers.
pub trait LanguageModel: Send + Sync {
    /// Begins an answer. Dropping the stream stops it.
    ///
    /// # Errors
    /// When it cannot begin; later errors are in the stream.
    fn answer(&self, prompt: Prompt) -> impl Future<Output = Result<Pieces, LlmError>> + Send;
}

/// The language models.
#[derive(Args, Clone, Debug)]
pub struct LlmSettings {
    /// URL of Bailian's (Model Studio's) OpenAI-compatible interface.
    #[arg(
        long,
        env = "MILLRACE_BAILIAN_URL",
        default_value = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    )]
    pub bailian_url: String,
    /// API key of Bailian; without it Bailian is not used.
    #[arg(long, env = "MILLRACE_BAILIAN_API_KEY", hide_env_values = true)]
    pub bailian_api_key: Option<Secret>,
    /// Default model of Bailian.
    #[arg(long, env = "MILLRACE_BAILIAN_MODEL", default_value = "qwen-plus")]
    pub bailian_model: String,
    /// URL of any other OpenAI-compatible interface, up to and including `/v1`; without it, it is not used.
    #[arg(long, env = "MILLRACE_OPENAI_URL")]
    pub openai_url: Option<String>,
    /// API key of that interface, if it needs one.
    #[arg(long, env = "MILLRACE_OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,
    /// Default model of that interface.
    #[arg(long, env = "MILLRACE_OPENAI_MODEL", default_value = "default")]
    pub openai_model: String,
    /// Seconds until the answer must begin, and also for each further piece of it.
    #[arg(long, env = "MILLRACE_LLM_TIMEOUT", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub llm_timeout: u64,
}

/// The configured models, by provider.
#[derive(Clone, Debug)]
pub struct Models {
    bailian: Option<openai::OpenAi>,
    openai: Option<openai::OpenAi>,
}

/// One provider's model.
#[derive(Clone, Debug)]
pub enum Model {
    /// Sentences taken from the passages.
    Extractive(extractive::Extractive),
    /// A remote service.
    OpenAi(openai::OpenAi),
}

impl Models {
    /// The names of all providers.
    pub const PROVIDERS: &'static [&'static str] = &["bailian", "openai", EXTRACTIVE];

    /// Prepares the configured providers; sends nothing yet.
    ///
    /// # Errors
    /// The invalid setting.
    pub fn open(settings: &LlmSettings) -> Result<Self, LlmError> {
        let timeout = Duration::from_secs(settings.llm_timeout);
        let one = |name, url: &str, key: &Option<Secret>, model: &str| {
            openai::OpenAi::new(name, url, key.clone(), model, timeout)
        };
        let bailian = settings.bailian_api_key.as_ref().map(|_| {
            one("MILLRACE_BAILIAN", &settings.bailian_url, &settings.bailian_api_key, &settings.bailian_model)
        });
        let openai = settings
            .openai_url
            .as_ref()
            .map(|url| one("MILLRACE_OPENAI", url, &settings.openai_api_key, &settings.openai_model));
        Ok(Self { bailian: bailian.transpose()?, openai: openai.transpose()? })
    }

    /// Only the provider `extractive`.
    #[must_use]
    pub fn none() -> Self {
        Self { bailian: None, openai: None }
    }

    /// The provider with this name.
    ///
    /// # Errors
    /// [`LlmError::Config`] when it is not configured.
    pub fn get(&self, provider: &str) -> Result<Model, LlmError> {
        let missing = |setting: &str| {
            LlmError::Config(format!("{provider} is not configured: start serve with {setting}"))
        };
        match provider {
            EXTRACTIVE => Ok(Model::Extractive(extractive::Extractive)),
            "bailian" => {
                self.bailian.clone().map(Model::OpenAi).ok_or_else(|| missing("MILLRACE_BAILIAN_API_KEY"))
            }
            "openai" => self.openai.clone().map(Model::OpenAi).ok_or_else(|| missing("MILLRACE_OPENAI_URL")),
            other => Err(LlmError::Config(format!("there is no provider {other:?}"))),
        }
    }

    /// The default writer: the first configured service, or else `extractive`.
    #[must_use]
    pub fn default_writer(&self) -> (&'static str, Option<String>) {
        match (&self.bailian, &self.openai) {
            (Some(bailian), _) => ("bailian", Some(bailian.model().to_owned())),
            (None, Some(openai)) => ("openai", Some(openai.model().to_owned())),
            (None, None) => (EXTRACTIVE, None),
        }
    }
}

impl LanguageModel for Model {
    async fn answer(&self, prompt: Prompt) -> Result<Pieces, LlmError> {
        match self {
            Self::Extractive(model) => model.answer(prompt).await,
            Self::OpenAi(model) => model.answer(prompt).await,
        }
    }
}
