//! Whether a graph is that of the model beside it, and where its vectors come from. Pure.

use model::Manifest;

use super::graph::{GraphFacts, GraphValue};
use super::hugging::SaidModel;
use super::pooling::{FLOAT, INT64, POOLED, PoolingMode, pooling_bytes};

/// The inputs that Millrace has numbers for.
const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];
/// What exporters call the vector of a text.
const SENTENCE: &str = "sentence_embedding";
/// What they call the vectors of its tokens.
const TOKENS: [&str; 2] = ["last_hidden_state", "token_embeddings"];
/// Types of numbers that can be made 32-bit floats: of 32, 16, 64 bits, and bfloat16.
const FLOATS: [u64; 4] = [FLOAT, 10, 11, 16];

/// The manifest of a bundle, but for its files, and what its graph lacks.
#[derive(Debug)]
pub(super) struct FittedGraph {
    pub(super) manifest: Manifest,
    pub(super) pooled: Option<AddedPooling>,
}

/// What is appended to a graph that gives a vector for each token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AddedPooling {
    /// Its output.
    pub(super) tokens: String,
    pub(super) bytes: Vec<u8>,
}

/// Puts together what the files and the graph say of a model.
pub(super) fn fit(said: SaidModel, facts: &GraphFacts) -> Result<FittedGraph, String> {
    check_inputs(facts)?;
    let SaidModel { manifest, pooling } = said;
    let precision = facts.precision.to_owned();
    if let Some(vector) = facts.outputs.iter().find(|output| is_vector(output)) {
        check_width(vector, manifest.dimension)?;
        let manifest = Manifest { output: vector.name.clone(), precision, ..manifest };
        return Ok(FittedGraph { manifest, pooled: None });
    }
    let tokens = token_vectors(facts)?;
    check_width(tokens, manifest.dimension)?;
    if pooling == PoolingMode::Mean && !facts.inputs.iter().any(|input| input.name == "attention_mask") {
        return Err(
            "the graph has no input attention_mask, without which the mean would be over the padding of other texts, too: \
             export it again"
                .to_owned(),
        );
    }
    let pooled = AddedPooling {
        tokens: tokens.name.clone(),
        bytes: pooling_bytes(&tokens.name, pooling, manifest.dimension),
    };
    // The engines compare by cosine, for which the length of a vector does not matter.
    let manifest = Manifest { output: POOLED.to_owned(), precision, normalise: true, ..manifest };
    Ok(FittedGraph { manifest, pooled: Some(pooled) })
}

fn check_inputs(facts: &GraphFacts) -> Result<(), String> {
    if let Some(other) = facts.inputs.iter().find(|input| !INPUTS.contains(&input.name.as_str())) {
        return Err(format!(
            "the graph has the input {}, and Millrace gives input_ids, attention_mask and token_type_ids: export it with \
             `--task feature-extraction`",
            other.name
        ));
    }
    if let Some(odd) = facts.inputs.iter().find(|input| input.kind != INT64) {
        return Err(format!(
            "the graph's input {} is not of 64-bit whole numbers: export it again",
            odd.name
        ));
    }
    if facts.inputs.iter().any(|input| input.name == "input_ids") {
        return Ok(());
    }
    Err("the graph has no input input_ids: export that of a text model".to_owned())
}

/// Whether it is the vector of a text as a bundle wants it.
fn is_vector(output: &GraphValue) -> bool {
    output.name == SENTENCE && output.kind == FLOAT && output.rank().is_none_or(|rank| rank == 2)
}

/// The output with a vector for each token: the one that is called so, or the only one of that shape.
fn token_vectors(facts: &GraphFacts) -> Result<&GraphValue, String> {
    let is_shaped =
        |output: &&GraphValue| FLOATS.contains(&output.kind) && output.rank().is_none_or(|rank| rank == 3);
    let shaped: Vec<&GraphValue> = facts.outputs.iter().filter(is_shaped).collect();
    let called = shaped.iter().find(|output| TOKENS.contains(&output.name.as_str())).copied();
    let found = called.or(match shaped.as_slice() {
        [one] if one.rank().is_some() => Some(*one),
        _ => None,
    });
    found.ok_or_else(|| {
        let names: Vec<&str> = facts.outputs.iter().map(|output| output.name.as_str()).collect();
        format!(
            "the graph has the outputs {}, none of which is the vector of a text ({SENTENCE}) or those of its tokens ({}): export \
             it with `--task feature-extraction`",
            names.join(", "),
            TOKENS.join(", ")
        )
    })
}

fn check_width(output: &GraphValue, dimension: usize) -> Result<(), String> {
    match output.width() {
        Some(width) if width != dimension as u64 => Err(format!(
            "the graph's output {} has vectors of {width} numbers, and the files beside it say {dimension}: they are not of one model",
            output.name
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::read_graph;
    use super::super::made::{MadeGraph, made_said};
    use super::*;

    fn fitted(graph: MadeGraph, pooling: PoolingMode) -> Result<FittedGraph, String> {
        fit(made_said(384, pooling), &read_graph(&graph.bytes()).unwrap())
    }

    const PER_TEXT: [Option<u64>; 2] = [None, Some(384)];
    const PER_TOKEN: [Option<u64>; 3] = [None, None, Some(384)];

    #[test]
    fn a_vector_for_each_token_is_pooled_as_the_model_says() {
        for pooling in [PoolingMode::Mean, PoolingMode::Cls] {
            let found = fitted(MadeGraph::minilm(), pooling).unwrap();
            let added = found.pooled.unwrap();
            assert_eq!(added.tokens, "last_hidden_state");
            assert_eq!(added.bytes, pooling_bytes("last_hidden_state", pooling, 384));
            assert_eq!((found.manifest.output.as_str(), found.manifest.normalise), (POOLED, true));
            // Appended, it is one graph.
            let both = [MadeGraph::minilm().bytes(), added.bytes].concat();
            let facts = read_graph(&both).unwrap();
            assert_eq!(facts.inputs.len(), 3);
            let last = facts.outputs.last().unwrap();
            assert_eq!((last.name.as_str(), last.rank(), last.width()), (POOLED, Some(2), Some(384)));
        }
    }

    #[test]
    fn a_graph_that_pools_stays_as_it_is() {
        let graph = MadeGraph::minilm().output(SENTENCE, FLOAT, &PER_TEXT);
        let found = fitted(graph, PoolingMode::Mean).unwrap();
        assert!(found.pooled.is_none());
        // Of what the files say of the length nothing changes, either.
        assert_eq!((found.manifest.output.as_str(), found.manifest.normalise), (SENTENCE, false));
        let halves = MadeGraph::minilm().output(SENTENCE, 10, &PER_TEXT);
        assert!(fitted(halves, PoolingMode::Mean).unwrap().pooled.is_some(), "16-bit vectors were taken");
    }

    #[test]
    fn only_vectors_of_tokens_are_pooled() {
        let ids = || MadeGraph::texts(&["input_ids", "attention_mask"]);
        let odd = ids().output("hidden", FLOAT, &PER_TOKEN).output("pooler_output", FLOAT, &PER_TEXT);
        assert_eq!(fitted(odd.clone(), PoolingMode::Cls).unwrap().pooled.unwrap().tokens, "hidden");
        let two = odd.output("layer_1", FLOAT, &PER_TOKEN);
        for graph in [
            two,
            ids().output("pooler_output", FLOAT, &PER_TEXT),
            ids().output("last_hidden_state", INT64, &PER_TOKEN),
        ] {
            let error = fitted(graph, PoolingMode::Mean).unwrap_err();
            assert!(error.contains("outputs") && error.contains("--task feature-extraction"), "{error}");
        }
    }

    #[test]
    fn another_dimension_is_told_with_both_numbers() {
        for graph in [
            MadeGraph::texts(&INPUTS).output("token_embeddings", FLOAT, &[None, None, Some(768)]),
            MadeGraph::texts(&INPUTS).output(SENTENCE, FLOAT, &[None, Some(768)]),
        ] {
            let error = fitted(graph, PoolingMode::Mean).unwrap_err();
            assert!(error.contains("768") && error.contains("384"), "{error}");
        }
        // One that it does not say is found out when it is tried.
        let silent = MadeGraph::texts(&INPUTS).output("token_embeddings", FLOAT, &[None, None, None]);
        assert!(fitted(silent, PoolingMode::Mean).is_ok());
    }

    #[test]
    fn inputs_that_nothing_fills_are_named() {
        let tokens = |graph: MadeGraph| graph.output("last_hidden_state", FLOAT, &PER_TOKEN);
        let positions = tokens(MadeGraph::texts(&["input_ids", "attention_mask", "position_ids"]));
        assert!(fitted(positions, PoolingMode::Mean).unwrap_err().contains("position_ids"));
        let small = tokens(MadeGraph::default().input("input_ids", 6, &[None, None]));
        assert!(fitted(small, PoolingMode::Cls).unwrap_err().contains("64-bit"));
        let none = tokens(MadeGraph::texts(&["attention_mask"]));
        assert!(fitted(none, PoolingMode::Mean).unwrap_err().contains("no input input_ids"));
        let unmasked = tokens(MadeGraph::texts(&["input_ids"]));
        assert!(fitted(unmasked.clone(), PoolingMode::Mean).unwrap_err().contains("attention_mask"));
        assert!(fitted(unmasked, PoolingMode::Cls).is_ok(), "the first token needs no mask");
    }
}
