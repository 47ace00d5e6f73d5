//! OpenSearch: settings, query dialect, and transport through its own client. An edge; every request has a deadline.

use backoff::retry_after;
use clap::{Args, ValueEnum};
use generation::Names;
use opensearch::auth::Credentials;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use opensearch::http::{Method as HttpMethod, Url};
use secret::Secret;
use serde_json::{Value, json};

use crate::action::EMBEDDING;
use crate::engine::Engine;
use crate::error::SinkError;
use crate::patient::Patient;
use crate::settings::{RequestSettings, address};
use crate::vectors::{self, VectorKind};
use crate::wire::{Failure, Method, Request, Response, SearchDepth, Sending, Server, chain, merge};

/// How to reach OpenSearch, and how it compares vectors.
#[derive(Args, Clone, Debug)]
pub struct OpenSearchSettings {
    /// Address of OpenSearch, without credentials.
    #[arg(long, env = "MILLRACE_OPENSEARCH_URL", default_value = "http://127.0.0.1:9200")]
    pub opensearch_url: String,
    /// User for OpenSearch; none when its security is off.
    #[arg(long, env = "MILLRACE_OPENSEARCH_USER", hide_env_values = true)]
    pub opensearch_user: Option<Secret>,
    /// Password of that user.
    #[arg(long, env = "MILLRACE_OPENSEARCH_PASSWORD", hide_env_values = true, requires = "opensearch_user")]
    pub opensearch_password: Option<Secret>,
    /// Library that finds the nearest vectors in a newly created index.
    #[arg(long, env = "MILLRACE_OPENSEARCH_ENGINE", value_enum, default_value_t = KnnEngine::Lucene)]
    pub opensearch_engine: KnnEngine,
}

/// A nearest-neighbour library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KnnEngine {
    /// Java; what the tests run with.
    Lucene,
    /// Native code, part of every stock OpenSearch; its library is in no package registry, so no test has run with it.
    Faiss,
}

/// The connections to OpenSearch.
struct OpenSearchServer {
    transport: Transport,
    url: String,
    engine: KnnEngine,
}

// Not derived: the client's transport would print its credentials.
impl std::fmt::Debug for OpenSearchServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSearchServer")
            .field("url", &self.url)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl OpenSearchSettings {
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

    fn server(&self) -> Result<OpenSearchServer, SinkError> {
        const SETTING: &str = "MILLRACE_OPENSEARCH_URL";
        let url = address(SETTING, &self.opensearch_url)?;
        let broken = |cause| SinkError::Setting { setting: SETTING, cause };
        let parsed = Url::parse(&url).map_err(|error| broken(error.to_string()))?;
        // The engine is on the same network as its writers: a proxy from the environment is not meant for it.
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(parsed)).disable_proxy();
        if let Some(user) = &self.opensearch_user {
            let password = self.opensearch_password.clone().unwrap_or_default();
            let (user, password) = (user.reveal().to_owned(), password.reveal().to_owned());
            builder = builder.auth(Credentials::Basic(user, password));
        }
        let transport = builder.build().map_err(|error| broken(error.to_string()))?;
        Ok(OpenSearchServer { transport, url, engine: self.opensearch_engine })
    }
}

impl Server for OpenSearchServer {
    fn kind(&self) -> &'static str {
        "opensearch"
    }

    fn cosine(&self) -> &'static str {
        "cosinesimil"
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
        vectors::OPENSEARCH
    }

    fn default_vectors(&self) -> &'static [&'static str] {
        match self.engine {
            KnnEngine::Lucene => &["lucene"],
            KnnEngine::Faiss => &["faiss"],
        }
    }

    fn vector_field(&self, dimension: usize, kind: &VectorKind) -> Value {
        let mut field = json!({"type": "knn_vector", "dimension": dimension, "space_type": "cosinesimil"});
        merge(&mut field, kind.field());
        field
    }

    fn vectors_of(&self, field: &Value) -> (Option<u64>, String) {
        let named = field.get("space_type").or_else(|| field.pointer("/method/space_type"));
        let similarity = named.and_then(Value::as_str).unwrap_or("l2");
        (field.get("dimension").and_then(Value::as_u64), similarity.to_owned())
    }

    fn vector_settings(&self) -> Value {
        json!({"knn": true})
    }

    fn nearest(
        &self,
        vector: &[f32],
        filter: &[Value],
        SearchDepth { size, candidates, oversample }: SearchDepth,
    ) -> Value {
        let parameters = json!({"ef_search": candidates});
        let mut nearest = json!({"vector": vector, "k": size, "method_parameters": parameters});
        // OpenSearch rejects an empty filter.
        if !filter.is_empty() {
            merge(&mut nearest, json!({"filter": {"bool": {"filter": filter}}}));
        }
        if let Some(oversample) = oversample {
            merge(&mut nearest, json!({"rescore": {"oversample_factor": oversample}}));
        }
        json!({"query": {"knn": {EMBEDDING: nearest}}})
    }

    fn fused(&self, query: Value, mut nearest: Value, size: usize, constant: u32) -> Value {
        // A hybrid query with an inline search pipeline, so that no cluster state is needed; rank fusion exists since
        // 2.19.
        let nearest = nearest.get_mut("query").map(Value::take).unwrap_or_default();
        let combination = json!({"technique": "rrf", "rank_constant": constant});
        json!({
            "query": {"hybrid": {"queries": [query, nearest], "pagination_depth": size}},
            "search_pipeline": {"phase_results_processors": [{"score-ranker-processor": {"combination": combination}}]},
        })
    }

    fn with_vectors(&self) -> Value {
        json!({"_source": [EMBEDDING]})
    }
}
