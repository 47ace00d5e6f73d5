//! Elasticsearch: settings, query dialect, and transport through its own client. An edge; every request has a
//! deadline.

use backoff::retry_after;
use clap::Args;
use elasticsearch::auth::Credentials;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method as HttpMethod, Url};
use generation::Names;
use secret::Secret;
use serde_json::{Value, json};

use crate::action::EMBEDDING;
use crate::engine::Engine;
use crate::error::SinkError;
use crate::patient::Patient;
use crate::settings::{RequestSettings, address};
use crate::vectors::{self, VectorKind};
use crate::wire::{Failure, Method, Request, Response, SearchDepth, Sending, Server, chain, merge};

/// How to reach Elasticsearch.
#[derive(Args, Clone, Debug)]
pub struct ElasticsearchSettings {
    /// Address of Elasticsearch, without credentials.
    #[arg(long, env = "MILLRACE_ELASTICSEARCH_URL", default_value = "http://127.0.0.1:9200")]
    pub elasticsearch_url: String,
    /// API key for Elasticsearch (base64 of id and secret, as it was created); wins over user and password.
    #[arg(long, env = "MILLRACE_ELASTICSEARCH_API_KEY", hide_env_values = true)]
    pub elasticsearch_api_key: Option<Secret>,
    /// User for Elasticsearch; none when its security is off.
    #[arg(long, env = "MILLRACE_ELASTICSEARCH_USER", hide_env_values = true)]
    pub elasticsearch_user: Option<Secret>,
    /// Password of that user.
    #[arg(
        long,
        env = "MILLRACE_ELASTICSEARCH_PASSWORD",
        hide_env_values = true,
        requires = "elasticsearch_user"
    )]
    pub elasticsearch_password: Option<Secret>,
}

/// The connections to Elasticsearch.
struct ElasticsearchServer {
    transport: Transport,
    url: String,
}

// Not derived: the client's transport would print its credentials.
impl std::fmt::Debug for ElasticsearchServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElasticsearchServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl ElasticsearchSettings {
    /// Prepares connections for the indexes of `names`; sends nothing yet.
    ///
    /// # Errors
    /// When the settings are invalid.
    pub fn connect(&self, requests: &RequestSettings, names: Names) -> Result<Engine, SinkError> {
        Ok(Engine::new(self.server()?, requests.clone(), names))
    }

    /// Prepares connections for requests about other things than the indexes of a generation; sends nothing yet.
    pub(crate) fn patient(&self, requests: &RequestSettings) -> Result<Patient, SinkError> {
        Ok(Patient::new(self.server()?, requests))
    }

    fn server(&self) -> Result<ElasticsearchServer, SinkError> {
        const SETTING: &str = "MILLRACE_ELASTICSEARCH_URL";
        let url = address(SETTING, &self.elasticsearch_url)?;
        let broken = |cause| SinkError::Setting { setting: SETTING, cause };
        let parsed = Url::parse(&url).map_err(|error| broken(error.to_string()))?;
        // The engine is on the same network as its writers: a proxy from the environment is not meant for it.
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(parsed)).disable_proxy();
        if let Some(credentials) = credentials(self)? {
            builder = builder.auth(credentials);
        }
        let transport = builder.build().map_err(|error| broken(error.to_string()))?;
        Ok(ElasticsearchServer { transport, url })
    }
}

fn credentials(settings: &ElasticsearchSettings) -> Result<Option<Credentials>, SinkError> {
    if let Some(key) = settings.elasticsearch_api_key.as_ref().map(Secret::reveal) {
        // The client would panic on a key that is not a valid header value.
        HeaderValue::try_from(key).map_err(|error| SinkError::Setting {
            setting: "MILLRACE_ELASTICSEARCH_API_KEY",
            cause: format!("{error}: give it on one line, base64 as it was created"),
        })?;
        return Ok(Some(Credentials::EncodedApiKey(key.to_owned())));
    }
    let password = settings.elasticsearch_password.clone().unwrap_or_default();
    let user = settings.elasticsearch_user.as_ref();
    Ok(user.map(|user| Credentials::Basic(user.reveal().to_owned(), password.reveal().to_owned())))
}

impl Server for ElasticsearchServer {
    fn kind(&self) -> &'static str {
        "elasticsearch"
    }

    fn cosine(&self) -> &'static str {
        "cosine"
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let method = match request.method {
                Method::Get => HttpMethod::Get,
                Method::Head => HttpMethod::Head,
                Method::Put => HttpMethod::Put,
                Method::Post => HttpMethod::Post,
                Method::Delete => HttpMethod::Delete,
            };
            let (body, content) = request.body.parts();
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content))]);
            let sent =
                self.transport.send(method, &request.path, headers, None::<&()>, body, Some(request.timeout));
            let answer = sent.await.map_err(|error| Failure(chain(&error)))?;
            let status = answer.status_code().as_u16();
            let wish = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wish = retry_after(wish);
            let body = answer.bytes().await.map_err(|error| Failure(chain(&error)))?;
            Ok(Response { status, retry_after: wish, body })
        })
    }

    fn vectors(&self) -> &'static [VectorKind] {
        vectors::ELASTICSEARCH
    }

    fn default_vectors(&self) -> &'static [&'static str] {
        // Explicit, because the engine's default changed between versions (hnsw, int8_hnsw, bbq_hnsw). The first finds most
        // (loadtest/results/vectors.jsonl), and needs 8.19 or 9.1 and 64 numbers.
        &["bbq_hnsw", "hnsw"]
    }

    fn vector_field(&self, dimension: usize, kind: &VectorKind) -> Value {
        let mut field =
            json!({"type": "dense_vector", "dims": dimension, "index": true, "similarity": "cosine"});
        merge(&mut field, kind.field());
        field
    }

    fn vectors_of(&self, field: &Value) -> (Option<u64>, String) {
        let similarity = field.get("similarity").and_then(Value::as_str).unwrap_or(self.cosine());
        (field.get("dims").and_then(Value::as_u64), similarity.to_owned())
    }

    fn vector_settings(&self) -> Value {
        json!({})
    }

    fn nearest(
        &self,
        vector: &[f32],
        filter: &[Value],
        // The index knows how much is compared twice.
        SearchDepth { size, candidates, oversample: _ }: SearchDepth,
    ) -> Value {
        let candidates = candidates.min(10_000);
        json!({"knn": {
            "field": EMBEDDING, "query_vector": vector, "k": size, "num_candidates": candidates, "filter": filter,
        }})
    }

    fn fused(&self, query: Value, nearest: Value, size: usize, constant: u32) -> Value {
        // The `rrf` retriever exists since 8.14 and needs an Enterprise licence.
        json!({"retriever": {"rrf": {
            "retrievers": [{"standard": {"query": query}}, nearest],
            "rank_constant": constant, "rank_window_size": size,
        }}})
    }

    fn with_vectors(&self) -> Value {
        // Since 9.2, vectors are left out of `_source`; `fields` returns them in every version.
        json!({"_source": false, "fields": [EMBEDDING]})
    }
}
