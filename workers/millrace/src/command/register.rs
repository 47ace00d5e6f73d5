//! `model register`: has OpenSearch run a model itself, once it gives the same vectors as here, and opens an index that takes
//! text from anyone.

mod golden;
mod licence;
mod output;

use std::process::ExitCode;

use process::Failure;
use serde_json::{Value, json};
use sink::{DirectIndex, HostSetting, ModelHost, ModelSource, RegisteredModel};

use self::golden::Agreement;
use self::licence::LicenceWord;
use self::output::TrainedOutput;
use crate::cli::RegisterModel;
use crate::show;

/// What was done.
struct Done {
    direct: DirectIndex,
    semantic: Option<DirectIndex>,
    settings: Vec<HostSetting>,
    model: RegisteredModel,
    digest: String,
    agreement: Agreement,
    removed: Vec<String>,
}

pub(super) async fn run(ask: &RegisterModel) -> Result<ExitCode, Failure> {
    let scratch = tempfile::tempdir()?;
    let output = output::open(ask, scratch.path()).await?;
    let host = ask.engines.opensearch.model_host(&ask.requests, ask.patience)?;
    let done = Box::pin(register(ask, &output, &host)).await?;
    let licence = licence::asked(ask).await;
    if ask.registry.json {
        show::json(&as_json(ask, &done, licence.as_ref()))?;
    } else {
        tell(ask, &host, &done, licence.as_ref());
    }
    Ok(ExitCode::SUCCESS)
}

async fn register(ask: &RegisterModel, output: &TrainedOutput, host: &ModelHost) -> Result<Done, Failure> {
    let fingerprint = output.bundle.model_fingerprint();
    let direct = DirectIndex {
        index: ask.direct.clone().unwrap_or_else(|| format!("{}-direct", ask.registry.index.index)),
        name: ask.name.clone(),
        dimension: output.bundle.dimension(),
        model: fingerprint.clone(),
    };
    let semantic = ask.semantic.then(|| semantic(&direct));
    let source = match &ask.url {
        Some(url) => ModelSource::Url(url.clone()),
        None => ModelSource::File(output.script.clone()),
    };
    // What is refused here has changed nothing yet.
    host.has_direct(&direct).await?;
    if let Some(semantic) = &semantic {
        host.has_semantic(semantic).await?;
    }
    let reference = golden::reference(&output.bundle, &ask.encoder).await?;
    let settings = host.prepare(&source, ask.configure).await?;
    let hosted = output.hosted(&ask.name, &fingerprint);
    let bar = show::bar(0, "sent");
    let progress = |piece, of| {
        bar.set_length(of);
        bar.set_position(piece);
    };
    let model = host.register(&hosted, &source, progress).await?;
    bar.finish_and_clear();
    let is_new = host.deploy(&model.id).await?;
    let agreement = match golden::compare(host, &model.id, &reference).await {
        Ok(agreement) if agreement.is_same() => agreement,
        Ok(agreement) => {
            stop(host, &model.id, is_new).await;
            return Err(refusal(ask, host, &agreement).into());
        }
        Err(trouble) => {
            stop(host, &model.id, is_new).await;
            return Err(trouble.into());
        }
    };
    host.open_direct(&direct, &model.id, &ask.requests).await?;
    if let Some(semantic) = &semantic {
        host.open_semantic(semantic, &model.id, &ask.requests).await?;
    }
    let removed = host.remove_old(&model, usize::from(ask.keep)).await?;
    Ok(Done { direct, semantic, settings, model, digest: hosted.digest, agreement, removed })
}

/// The index beside `direct` whose field embeds by itself.
fn semantic(direct: &DirectIndex) -> DirectIndex {
    let name = direct.index.strip_suffix("-direct").unwrap_or(&direct.index);
    DirectIndex { index: format!("{name}-semantic"), ..direct.clone() }
}

/// Has no node run a model that is not to be used. One that ran before is somebody's, who writes by it: it goes on. That it cannot be
/// undeployed is the lesser news.
async fn stop(host: &ModelHost, id: &str, is_new: bool) {
    if !is_new {
        show::note(&format!("the model {id} ran before and goes on"));
    } else if let Err(error) = host.undeploy(id).await {
        show::note(&format!("the model {id} stays deployed: {error}"));
    }
}

fn refusal(ask: &RegisterModel, host: &ModelHost, agreement: &Agreement) -> String {
    format!(
        "OpenSearch at {} embeds otherwise than ONNX Runtime here: over {} texts the numbers of {} differ by up to {:.1e} (at most \
         1e-3 is allowed) and the cosine is as low as {:.6} (at least 0.999), worst for {:?}. It is undeployed, and nothing is \
         written by it: the TorchScript was not made from these weights, or pools or normalises otherwise; train or export it \
         again",
        host.url(),
        agreement.texts,
        ask.name,
        agreement.largest,
        agreement.cosine,
        agreement.worst
    )
}

fn tell(ask: &RegisterModel, host: &ModelHost, done: &Done, licence: Option<&LicenceWord>) {
    let Done { direct, semantic, settings, model, digest, agreement, removed } = done;
    for setting in settings {
        show::line(&format!("set in the cluster: {setting}"));
    }
    let was = if model.existed { "was there already and runs" } else { "is registered and runs" };
    let short = digest.get(..12).unwrap_or(digest);
    show::line(&format!("{} ({short}) {was} in OpenSearch as {}", ask.name, model.id));
    show::line(&format!(
        "its vectors are those of ONNX Runtime: {} texts, numbers at most {:.1e} apart, cosine at least {:.7}",
        agreement.texts, agreement.largest, agreement.cosine
    ));
    if !removed.is_empty() {
        show::line(&format!("older ones removed: {}", removed.join(", ")));
    }
    if let Some(licence) = licence {
        show::line(&licence.line(&ask.name));
    }
    let user = if ask.engines.opensearch.opensearch_user.is_some() { " -u USER" } else { "" };
    let semantic = semantic.as_ref().map(|index| (&index.index, by_the_field()));
    for (index, query) in [(&direct.index, by_the_model(&model.id))].into_iter().chain(semantic) {
        show::line("");
        show::line(&format!("text written to {index} is embedded by it; for example:"));
        show::line("");
        for line in examples(host.url(), user, (index, &query)) {
            show::line(&line);
        }
    }
}

const QUESTION: &str = "when may I open the filter?";

/// Asks an index whose pipeline embeds: the question has to name the model.
fn by_the_model(model: &str) -> Value {
    json!({"embedding": {"query_text": QUESTION, "model_id": model, "k": 5}})
}

/// Asks an index whose field embeds: the field names the model.
fn by_the_field() -> Value {
    json!({"text": {"query_text": QUESTION, "k": 5}})
}

/// Commands to try it with.
fn examples(url: &str, user: &str, (index, neural): (&str, &Value)) -> Vec<String> {
    let header = |kind: &str| format!("-H 'Content-Type: application/{kind}'");
    let item = json!({"index": {"_id": "1"}});
    let text = json!({"text": "The valve is closed before the filter is opened."});
    let query = json!({"_source": ["text"], "query": {"neural": neural}});
    vec![
        format!(
            "curl -s{user} '{url}/{index}/_bulk?refresh=true' {} --data-binary '{item}",
            header("x-ndjson")
        ),
        text.to_string(),
        "'".to_owned(),
        format!("curl -s{user} '{url}/{index}/_search?pretty' {} -d '{query}'", header("json")),
    ]
}

fn as_json(ask: &RegisterModel, done: &Done, licence: Option<&LicenceWord>) -> Value {
    let Done { direct, semantic, settings, model, digest, agreement, removed } = done;
    json!({
        "name": ask.name, "function_name": "TEXT_EMBEDDING", "model_format": "TORCH_SCRIPT",
        "model_content_hash_value": digest,
        "model_id": model.id, "model_group_id": model.group, "existed": model.existed,
        "settings": settings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "texts": agreement.texts, "largest_difference": agreement.largest, "least_cosine": agreement.cosine,
        "index": direct.index, "pipeline": direct.pipeline(), "dimension": direct.dimension,
        "semantic_index": semantic.as_ref().map(|index| &index.index),
        "fingerprint": direct.model, "removed": removed, "elasticsearch": licence.map(LicenceWord::as_json),
    })
}

#[cfg(test)]
mod tests {
    use message::Fingerprint;

    use super::*;

    #[test]
    fn what_is_printed_can_be_pasted() {
        let lines = examples("http://o:9200", "", ("docs-direct", &by_the_model("m1")));
        let whole = lines.join("\n");
        assert!(whole.starts_with("curl -s 'http://o:9200/docs-direct/_bulk?refresh=true'"), "{whole}");
        // Between the quotes: two lines of JSON, the last one ended.
        let bulk = whole.split("--data-binary '").nth(1).unwrap().split('\'').next().unwrap();
        let parts: Vec<Value> = bulk.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((parts.len(), bulk.ends_with('\n')), (2, true), "{bulk}");
        let query = whole.rsplit("-d '").next().unwrap().trim_end_matches('\'');
        let query: Value = serde_json::from_str(query).unwrap();
        assert_eq!(query["query"]["neural"]["embedding"]["model_id"], "m1");
        let lines = examples("u", " -u USER", ("i", &by_the_field()));
        assert!(lines[0].starts_with("curl -s -u USER 'u/i/_bulk"), "{lines:?}");
        assert!(by_the_field()["text"].get("model_id").is_none(), "the field knows it");
    }

    #[test]
    fn the_index_beside_is_called_alike_and_is_another() {
        let direct = |index: &str| DirectIndex {
            index: index.to_owned(),
            model: Fingerprint::of(&[("weights", "a")]),
            name: "m".to_owned(),
            dimension: 8,
        };
        for (given, named) in [
            ("domain_vectors-direct", "domain_vectors-semantic"),
            ("docs", "docs-semantic"),
            ("docs-semantic", "docs-semantic-semantic"),
        ] {
            assert_eq!(semantic(&direct(given)), DirectIndex { index: named.to_owned(), ..direct(given) });
        }
    }
}
