//! `model promote`: the generation that was built with a model, by the code of `generation promote`.

use std::process::ExitCode;

use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::Registry;
use registry::rules::{self, RuleRefusal};

use crate::cli::{PromoteGeneration, PromoteModel};
use crate::command::generation::Ground;
use crate::command::generation::promote::{Direction, run as serve_generation};

pub(super) async fn run(
    PromoteModel { fingerprint, ask, bounds }: PromoteModel,
) -> Result<ExitCode, Failure> {
    let id = {
        let ground = Ground::new(&ask);
        built_with(&ground.registry().await?, ground.index, &fingerprint)?.id.clone()
    };
    serve_generation(&PromoteGeneration { id: Some(id), ask, bounds }, Direction::Forth).await
}

/// The generation of the model whose fingerprint begins so.
fn built_with<'a>(
    registry: &'a Registry,
    index: &'a str,
    beginning: &str,
) -> Result<&'a GenerationEntry, RuleRefusal> {
    let model = rules::model_of(registry, beginning)?;
    let gone = [BuildState::Retiring, BuildState::Retired];
    let found = registry.furthest_of(index, &model.fingerprint).filter(|entry| !gone.contains(&entry.state));
    found.ok_or_else(|| {
        let (name, short) = (&model.name, model.fingerprint.short());
        RuleRefusal::Otherwise(format!(
            "no generation of {index} is built with {name} ({short}): `millrace generation start --with-model {short}` builds one"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::keep_up::made::{Made, of};

    #[test]
    fn a_generation_is_found_by_the_model_that_it_was_built_with() {
        let registry = Made::default()
            .model("old", "accepted")
            .model("new", "accepted")
            .generation("old", 0, BuildState::Built, 1)
            .generation("new", 0, BuildState::Retired, 9)
            .generation("new", 1, BuildState::Built, 2)
            .generation("new", 2, BuildState::Building, 3)
            .registry();
        let id = |beginning: &str| built_with(&registry, "docs", beginning).map(|entry| entry.id.as_str());
        assert_eq!(id(of("old").as_str()).unwrap(), Made::id("old", 0));
        assert_eq!(id(of("new").short()).unwrap(), Made::id("new", 1), "the built one, not the newest");
        assert!(id("").unwrap_err().to_string().contains("more than one model"));
        assert!(id("none").unwrap_err().to_string().contains("model list"));
        let other = built_with(&registry, "wiki", of("new").short()).unwrap_err().to_string();
        assert!(other.contains("generation start --with-model"), "{other}");
    }

    #[test]
    fn a_model_whose_generation_is_gone_has_none() {
        let registry =
            Made::default().model("new", "accepted").generation("new", 0, BuildState::Retired, 9).registry();
        assert!(built_with(&registry, "docs", of("new").short()).is_err());
    }
}
