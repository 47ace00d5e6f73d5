//! The end of a graph that gives a vector for each token: the nodes that make one vector of length 1 of them. Pure.
//!
//! A bundle's graph pools by itself, and most graphs of Hugging Face leave that to the program. Protocol Buffers make one message
//! of two that stand one after the other, so that the nodes are appended to the file, which stays otherwise as it was. Only
//! operators are used that are the same in every version of ONNX since 2017, and that the GPU's providers have.

use super::wire::MessageBytes;

/// The output that the nodes add.
pub(super) const POOLED: &str = "millrace_vector";
/// The output's and the tokens' numbers while they are pooled: 32-bit floats.
pub(super) const FLOAT: u64 = 1;
/// The numbers of shapes and tokens.
pub(super) const INT64: u64 = 7;

/// How one vector is made of those of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolingMode {
    /// Their mean.
    Mean,
    /// That of the first token.
    Cls,
}

impl PoolingMode {
    /// As bundle.json calls it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
        }
    }
}

/// What has to be appended to a graph whose output `tokens` has a vector of `dimension` numbers for each token.
pub(super) fn pooling_bytes(tokens: &str, mode: PoolingMode, dimension: usize) -> Vec<u8> {
    let mut nodes = vec![node("Cast", &[tokens], "millrace_tokens", Some(&number("to", FLOAT)))];
    match mode {
        // The sum does for the mean: the factor goes away with the length.
        PoolingMode::Mean => nodes.extend([
            constant("millrace_row", &[0, 1, -1]),
            node("Cast", &["attention_mask"], "millrace_mask", Some(&number("to", FLOAT))),
            node("Reshape", &["millrace_mask", "millrace_row"], "millrace_mask_row", None),
            node("MatMul", &["millrace_mask_row", "millrace_tokens"], "millrace_pooled", None),
        ]),
        PoolingMode::Cls => nodes.extend([
            constant("millrace_first", &[0]),
            node(
                "Gather",
                &["millrace_tokens", "millrace_first"],
                "millrace_pooled",
                Some(&number("axis", 1)),
            ),
        ]),
    }
    nodes.extend([
        node("Transpose", &["millrace_pooled"], "millrace_column", Some(&numbers("perm", &[0, 2, 1]))),
        node("MatMul", &["millrace_pooled", "millrace_column"], "millrace_square", None),
        node("Sqrt", &["millrace_square"], "millrace_length", None),
        node("Div", &["millrace_pooled", "millrace_length"], "millrace_unit", None),
        constant("millrace_flat", &[0, -1]),
        node("Reshape", &["millrace_unit", "millrace_flat"], POOLED, None),
    ]);
    let graph = nodes.iter().fold(MessageBytes::default(), |graph, node| graph.message(1, node));
    let graph = graph.message(12, &value(POOLED, FLOAT, &[None, Some(dimension as u64)]));
    MessageBytes::default().message(7, &graph).done()
}

/// An input or output: its name, the type of its numbers, and its shape, in which none is any length.
pub(super) fn value(name: &str, kind: u64, shape: &[Option<u64>]) -> MessageBytes {
    // Without a name: lengths of one name would have to be equal.
    let dimension = |length: Option<u64>| match length {
        Some(length) => MessageBytes::default().number(1, length),
        None => MessageBytes::default(),
    };
    let shape =
        shape.iter().fold(MessageBytes::default(), |shape, length| shape.message(1, &dimension(*length)));
    let tensor = MessageBytes::default().number(1, kind).message(2, &shape);
    MessageBytes::default().text(1, name).message(2, &MessageBytes::default().message(1, &tensor))
}

/// A node of one output, which is its name, too.
pub(super) fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attribute: Option<&MessageBytes>,
) -> MessageBytes {
    let node = inputs.iter().fold(MessageBytes::default(), |node, input| node.text(1, input));
    let node = node.text(2, output).text(3, output).text(4, operator);
    match attribute {
        Some(attribute) => node.message(5, attribute),
        None => node,
    }
}

/// An attribute that is a number.
fn number(name: &str, value: u64) -> MessageBytes {
    MessageBytes::default().text(1, name).number(3, value).number(20, 2)
}

/// An attribute that is several numbers.
fn numbers(name: &str, values: &[u64]) -> MessageBytes {
    let named = MessageBytes::default().text(1, name);
    values.iter().fold(named, |attribute, value| attribute.number(8, *value)).number(20, 7)
}

/// A node that gives these numbers. An initializer would have to be an input, too, in graphs from before 2018.
fn constant(output: &str, numbers: &[i64]) -> MessageBytes {
    let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let tensor = MessageBytes::default().number(1, numbers.len() as u64).number(2, INT64).bytes(9, &raw);
    let attribute = MessageBytes::default().text(1, "value").message(5, &tensor).number(20, 4);
    node("Constant", &[], output, Some(&attribute))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::wire::WireMessage;
    use super::*;

    /// Each node as its operator, inputs and output.
    fn nodes(bytes: &[u8]) -> Vec<(String, Vec<String>, String)> {
        let model = WireMessage::parse(bytes).unwrap();
        let mut nodes = Vec::new();
        for graph in model.all(7) {
            for node in WireMessage::parse(graph).unwrap().all(1) {
                let node = WireMessage::parse(node).unwrap();
                let inputs = node.all(1).map(|input| String::from_utf8(input.to_vec()).unwrap()).collect();
                nodes.push((node.text(4), inputs, node.text(2)));
            }
        }
        nodes
    }

    /// ONNX wants each value to be made before it is used, and once.
    #[test]
    fn each_node_uses_only_what_is_there_and_the_last_makes_the_output() {
        for (mode, given) in [
            (PoolingMode::Mean, vec!["last_hidden_state", "attention_mask"]),
            (PoolingMode::Cls, vec!["last_hidden_state"]),
        ] {
            let nodes = nodes(&pooling_bytes("last_hidden_state", mode, 384));
            let mut there: BTreeSet<String> = given.iter().map(|&name| name.to_owned()).collect();
            let mut used = BTreeSet::new();
            for (operator, inputs, output) in &nodes {
                assert!(
                    inputs.iter().all(|input| there.contains(input)),
                    "{mode:?}: {operator} of {inputs:?}"
                );
                assert!(there.insert(output.clone()), "{mode:?}: {output} is made twice");
                used.extend(inputs.clone());
            }
            assert!(given.iter().all(|name| used.contains(*name)), "{mode:?} uses {used:?}");
            assert_eq!(nodes.last().unwrap().2, POOLED);
            let unused: Vec<_> = nodes.iter().filter(|(_, _, output)| !used.contains(output)).collect();
            assert_eq!(unused.len(), 1, "{mode:?}: {unused:?} are made for nothing");
        }
    }

    /// By the numbers of onnx.proto: a node has input 1, output 2, name 3, operator 4; an attribute name 1, number 3, type 20.
    #[test]
    fn a_node_is_written_as_onnx_wants_it() {
        let bytes = node("Cast", &["a"], "b", Some(&number("to", FLOAT))).done();
        let expected = b"\x0a\x01a\x12\x01b\x1a\x01b\x22\x04Cast\x2a\x09\x0a\x02to\x18\x01\xa0\x01\x02";
        assert_eq!(bytes, expected);
        let bytes = constant("c", &[0, -1]).done();
        let tensor = b"\x08\x02\x10\x07\x4a\x10\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
        assert!(bytes.windows(tensor.len()).any(|window| window == tensor), "{bytes:?}");
    }
}
