//! What stands in an ONNX graph: its inputs and outputs, the format of its weights, and the files beside it. Pure.
//!
//! The numbers of fields and types are those of onnx.proto.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::WireMessage;

/// Types of numbers that weights have, by the name of the format; among equals the last counts.
const FORMATS: [(&str, &[u64]); 5] =
    [("int4", &[21, 22]), ("int8", &[2, 3]), ("bf16", &[16]), ("fp16", &[10]), ("fp32", &[1])];

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GraphValue {
    pub(super) name: String,
    /// The type of its numbers, as ONNX counts them.
    pub(super) kind: u64,
    /// Its lengths; none for any length, or where the graph does not say.
    pub(super) shape: Option<Vec<Option<u64>>>,
}

impl GraphValue {
    /// How many lengths its shape has.
    pub(super) fn rank(&self) -> Option<usize> {
        self.shape.as_ref().map(Vec::len)
    }

    /// The last length: how many numbers a vector has.
    pub(super) fn width(&self) -> Option<u64> {
        self.shape.as_ref()?.last().copied().flatten()
    }
}

/// What stands in a graph.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GraphFacts {
    pub(super) inputs: Vec<GraphValue>,
    pub(super) outputs: Vec<GraphValue>,
    /// The format that most weights have.
    pub(super) precision: &'static str,
    /// The files beside it that hold weights.
    pub(super) weights: BTreeSet<String>,
}

/// Reads the bytes of a graph.
pub(super) fn read_graph(bytes: &[u8]) -> Result<GraphFacts, String> {
    let facts = parsed(bytes).filter(|facts| !facts.outputs.is_empty());
    facts.ok_or_else(|| "is no ONNX graph, or not a whole one: fetch or export it again".to_owned())
}

fn parsed(bytes: &[u8]) -> Option<GraphFacts> {
    let (mut facts, mut weights) = (GraphFacts::default(), Weights::default());
    for graph in WireMessage::parse(bytes)?.all(7) {
        let graph = WireMessage::parse(graph)?;
        for tensor in graph.all(5) {
            weights.add(&WireMessage::parse(tensor)?)?;
        }
        for (field, values) in [(11, &mut facts.inputs), (12, &mut facts.outputs)] {
            for value in graph.all(field) {
                values.push(value_of(&WireMessage::parse(value)?)?);
            }
        }
    }
    // Graphs from before 2018 have each weight among their inputs.
    facts.inputs.retain(|input| !weights.names.contains(&input.name));
    facts.precision = weights.format();
    facts.weights = weights.files;
    Some(facts)
}

fn value_of(value: &WireMessage<'_>) -> Option<GraphValue> {
    let mut found = GraphValue { name: value.text(1), kind: 0, shape: None };
    for kind in value.all(2) {
        for tensor in WireMessage::parse(kind)?.all(1) {
            let tensor = WireMessage::parse(tensor)?;
            found.kind = tensor.numbers(1).last().copied().unwrap_or_default();
            for shape in tensor.all(2) {
                found.shape = Some(lengths(&WireMessage::parse(shape)?)?);
            }
        }
    }
    Some(found)
}

fn lengths(shape: &WireMessage<'_>) -> Option<Vec<Option<u64>>> {
    let length = |dimension| {
        let length = WireMessage::parse(dimension)?.numbers(1).last().copied();
        // Exporters write 0 or -1 for any length, too.
        Some(length.filter(|&length| length > 0 && i64::try_from(length).is_ok()))
    };
    shape.all(1).map(length).collect()
}

/// The weights that were read so far.
#[derive(Default)]
struct Weights {
    names: BTreeSet<String>,
    files: BTreeSet<String>,
    /// How many numbers there are of each type.
    counts: BTreeMap<u64, u64>,
}

impl Weights {
    fn add(&mut self, tensor: &WireMessage<'_>) -> Option<()> {
        self.names.insert(tensor.text(8));
        let size = tensor.numbers(1).into_iter().fold(1, u64::saturating_mul);
        let kind = tensor.numbers(2).last().copied().unwrap_or_default();
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(size);
        for entry in tensor.all(13) {
            let entry = WireMessage::parse(entry)?;
            if entry.text(1) == "location" {
                self.files.insert(entry.text(2));
            }
        }
        Some(())
    }

    fn format(&self) -> &'static str {
        let count = |kinds: &[u64]| {
            let counts = kinds.iter().filter_map(|kind| self.counts.get(kind));
            counts.fold(0, |all: u64, count| all.saturating_add(*count))
        };
        FORMATS.iter().max_by_key(|&&(_, kinds)| count(kinds)).map_or("fp32", |&(format, _)| format)
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{MadeGraph, tensor};
    use super::super::pooling::{FLOAT, INT64};
    use super::*;

    #[test]
    fn inputs_and_outputs_are_read_with_their_shapes() {
        let facts = read_graph(&MadeGraph::minilm().bytes()).unwrap();
        let names: Vec<&str> = facts.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["input_ids", "attention_mask", "token_type_ids"]);
        assert!(facts.inputs.iter().all(|input| input.kind == INT64 && input.rank() == Some(2)));
        let [output] = facts.outputs.as_slice() else { panic!("{:?}", facts.outputs) };
        assert_eq!((output.name.as_str(), output.kind, output.rank()), ("last_hidden_state", FLOAT, Some(3)));
        assert_eq!((output.width(), facts.precision, facts.weights.len()), (Some(384), "fp32", 0));
    }

    #[test]
    fn weights_among_the_inputs_are_no_inputs() {
        let graph = MadeGraph::minilm().input("words", FLOAT, &[Some(5), Some(384)]);
        let facts = read_graph(&graph.clone().bytes()).unwrap();
        assert_eq!(facts.inputs.len(), 4, "nothing says that it is a weight");
        let facts = read_graph(&graph.weights(&tensor("words", FLOAT, &[5, 384], None)).bytes()).unwrap();
        assert_eq!(facts.inputs.len(), 3);
    }

    #[test]
    fn files_of_weights_and_their_format_are_named() {
        let graph = MadeGraph::minilm()
            .weights(&tensor("a", 10, &[1000, 8], Some("model.onnx_data")))
            .weights(&tensor("b", 10, &[8], Some("more.bin")))
            .weights(&tensor("c", FLOAT, &[4000], None))
            .weights(&tensor("shape", INT64, &[1_000_000], None));
        let facts = read_graph(&graph.bytes()).unwrap();
        assert_eq!(facts.weights.into_iter().collect::<Vec<_>>(), ["model.onnx_data", "more.bin"]);
        assert_eq!(facts.precision, "fp16");
        let small =
            MadeGraph::minilm().weights(&tensor("a", 3, &[9], None)).weights(&tensor("b", FLOAT, &[8], None));
        assert_eq!(read_graph(&small.bytes()).unwrap().precision, "int8");
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let whole = MadeGraph::minilm().bytes();
        for bytes in [b"".as_slice(), b"no graph of tiny", &whole[..whole.len() - 1]] {
            assert!(read_graph(bytes).unwrap_err().contains("no ONNX graph"));
        }
    }
}
