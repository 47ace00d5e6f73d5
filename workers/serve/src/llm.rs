//! Who writes answers: the seam of language models.
//!
//! [`Prompt`] is a question with its passages as they are; a model that is a service gets them as messages
//! ([`render`]), [`extractive`] needs no rendering. An answer is a stream of [`Piece`]s whose last is [`Piece::Finish`];
//! a stream that ends without it is an error.
//!
//! To add a provider: an implementation of [`LanguageModel`], one line in [`Models`].

pub mod extractive;
pub mod openai;
pub mod render;
pub mod sse;

use std::pin::Pin;
use std::time::Duration;

use clap::Args;
use futures::Stream;
use secret::Secret;
use serde::Serialize;

/// A question and everything that its answer may rest on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The question.
    pub question: String,
    /// The passages, best first.
    pub passages: Vec<Given>,
    /// What was said before, oldest first.
    pub history: Vec<Turn>,
    /// What the client adds to the instructions.
    pub style: Option<String>,
    /// The model's name, if the provider has several.
    pub model: Option<String>,
    /// Tokens of the answer at most.
    pub max_tokens: usize,
    /// How freely the model chooses its words; the provider's default if absent.
    pub temperature: Option<f32>,
    /// What the fences around passages are marked with: nobody who wrote a document can know it.
    pub nonce: String,
}

/// A passage that is given to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What it is cited by, from 1.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// Its document.
    pub document: String,
}

/// Something that was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who says something in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More of its text.
    Text(String),
    /// It is whole. Always the last.
    Finish(Finish),
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Why there is no more.
    pub reason: EndReason,
    /// What it cost, if the provider says so.
    pub usage: Option<Usage>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The model said all that it wanted.
    #[default]
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// The provider's filter ended it.
    ContentFilter,
}

/// Tokens, as the provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// What was given.
    pub prompt_tokens: u64,
    /// What was written.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

/// Why there is no answer, or no more of it; sorted by what the caller does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// A person has to change a setting or an account.
    #[error("{0}")]
    Config(String),
    /// The provider refused what it read or wrote.
    #[error("the provider's content filter refused it: {0}")]
    Filtered(String),
    /// The provider does not take the request as it is.
    #[error("the provider refused the request: {0}")]
    Request(String),
    /// It may be asked again later: every try that there was time for failed.
    #[error("the provider is not available: {cause}")]
    Busy {
        /// What was wrong at last.
        cause: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    Broken(String),
}

/// An answer while it is being written.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Piece, LlmError>> + Send>>;

/// Something that writes answers.
pub trait LanguageModel: Send + Sync {
    /// Begins an answer. Dropping it stops it.
    ///
    /// # Errors
    /// When it cannot begin; what goes wrong later is in the stream.
    fn answer(&self, prompt: Prompt) -> impl Future<Output = Result<Pieces, LlmError>> + Send;
}

/// Where language models are.
#[derive(Args, Clone, Debug)]
pub struct LlmSettings {
    /// Address of Bailian's (Model Studio's) OpenAI-compatible interface.
    #[arg(
        long,
        env = "MILLRACE_BAILIAN_URL",
        default_value = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    )]
    pub bailian_url: String,
    /// API key of Bailian; without one it is not used.
    #[arg(long, env = "MILLRACE_BAILIAN_API_KEY", hide_env_values = true)]
    pub bailian_api_key: Option<Secret>,
    /// Model of Bailian that answers where no application names another.
    #[arg(long, env = "MILLRACE_BAILIAN_MODEL", default_value = "qwen-plus")]
    pub bailian_model: String,
    /// Address of any other OpenAI-compatible interface, up to and with `/v1`; without one it is not used.
    #[arg(long, env = "MILLRACE_OPENAI_URL")]
    pub openai_url: Option<String>,
    /// API key of that interface, if it needs one.
    #[arg(long, env = "MILLRACE_OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,
    /// Model of that interface that answers where no application names another.
    #[arg(long, env = "MILLRACE_OPENAI_MODEL", default_value = "default")]
    pub openai_model: String,
    /// Seconds that a model may take until its answer begins, and again for each next piece of it.
    #[arg(long, env = "MILLRACE_LLM_TIMEOUT", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub llm_timeout: u64,
}

/// The models that there are, by provider.
#[derive(Clone, Debug)]
pub struct Models {
    bailian: Option<openai::OpenAi>,
    openai: Option<openai::OpenAi>,
}

/// One provider's model.
#[derive(Clone, Debug)]
pub enum Model {
    /// The best sentences of the passages.
    Extractive(extractive::Extractive),
    /// A service.
    OpenAi(openai::OpenAi),
}

impl Models {
    /// Every provider's name.
    pub const PROVIDERS: &'static [&'static str] = &["bailian", "openai", "extractive"];

    /// Prepares the providers that are configured; nothing is sent yet.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn open(settings: &LlmSettings) -> Result<Self, LlmError> {
        let timeout = Duration::from_secs(settings.llm_timeout);
        let one = |name, url: &str, key: &Option<Secret>, model: &str| {
            openai::OpenAi::new(name, (url, key.clone()), model, timeout)
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

    /// No provider but `extractive`.
    #[must_use]
    pub fn none() -> Self {
        Self { bailian: None, openai: None }
    }

    /// The provider of that name.
    ///
    /// # Errors
    /// [`LlmError::Config`] when it is not configured.
    pub fn get(&self, provider: &str) -> Result<Model, LlmError> {
        let missing = |setting: &str| {
            LlmError::Config(format!("{provider} is not configured: start serve with {setting}"))
        };
        match provider {
            "extractive" => Ok(Model::Extractive(extractive::Extractive)),
            "bailian" => {
                self.bailian.clone().map(Model::OpenAi).ok_or_else(|| missing("MILLRACE_BAILIAN_API_KEY"))
            }
            "openai" => self.openai.clone().map(Model::OpenAi).ok_or_else(|| missing("MILLRACE_OPENAI_URL")),
            other => Err(LlmError::Config(format!("there is no provider {other:?}"))),
        }
    }

    /// Who answers where nothing else is said: the first of the services that is configured, else `extractive`.
    #[must_use]
    pub fn default_writer(&self) -> (&'static str, Option<String>) {
        match (&self.bailian, &self.openai) {
            (Some(bailian), _) => ("bailian", Some(bailian.model().to_owned())),
            (None, Some(openai)) => ("openai", Some(openai.model().to_owned())),
            (None, None) => ("extractive", None),
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
