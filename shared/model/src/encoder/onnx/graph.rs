//! One session: the graph with its weights, run by one thread.
//!
//! Edge. Verifies that the graph has the inputs and the output that the bundle promises. Pooling must be inside the
//! graph: one that returns a vector per token is rejected.

use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, Tensor, TensorElementType, ValueType};

use super::{ExecutionProvider, OpenOnnxError};
use crate::bundle::Bundle;
use crate::encoder::EncodeError;
use crate::tokenizer::TokenIds;

/// The kinds of input that a graph may have.
#[derive(Clone, Copy, Debug)]
enum Input {
    Ids,
    Mask,
    TypeIds,
}

/// A session of the bundle's graph.
#[derive(Debug)]
pub(super) struct Graph {
    session: Session,
    /// In the graph's order.
    inputs: Vec<Input>,
    output: String,
    dimension: usize,
    padding: u32,
}

impl Graph {
    /// Loads the graph; `padding` is the token that fills up shorter texts.
    pub(super) fn open(
        environment: &Environment,
        bundle: &Bundle,
        provider: ExecutionProvider,
        padding: u32,
    ) -> Result<Self, OpenOnnxError> {
        let path = bundle.path(Bundle::GRAPH);
        let session = options(environment, provider)?
            .commit_from_file(&path)
            .map_err(|source| OpenOnnxError::Graph { graph: path.clone(), source })?;
        let inputs =
            session.inputs().iter().map(|input| kind_of(input, &path)).collect::<Result<Vec<_>, _>>()?;
        check_output(session.outputs(), bundle, &path)?;
        let manifest = bundle.manifest();
        Ok(Self { session, inputs, output: manifest.output.clone(), dimension: manifest.dimension, padding })
    }

    /// Runs one batch and returns its vectors in order; each text is padded to `width` tokens.
    pub(super) fn run(&mut self, batch: &[TokenIds], width: usize) -> Result<Vec<Vec<f32>>, EncodeError> {
        let failed = |error: ort::Error| EncodeError::Run { texts: batch.len(), width, source: error.into() };
        let values = self
            .inputs
            .iter()
            .map(|&input| {
                let numbers = filled(batch, width, input, self.padding);
                Tensor::from_array(([batch.len(), width], numbers)).map(SessionInputValue::from)
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        let outputs = self.session.run(values.as_slice()).map_err(failed)?;
        let expected = vec![to_i64(batch.len()), to_i64(self.dimension)];
        let Some(output) = outputs.get(&self.output) else {
            return Err(EncodeError::Shape { expected, found: Vec::new() });
        };
        let (shape, numbers) = output.try_extract_tensor::<f32>().map_err(failed)?;
        if **shape != *expected {
            return Err(EncodeError::Shape { expected, found: shape.to_vec() });
        }
        Ok(numbers.chunks_exact(self.dimension).map(<[f32]>::to_vec).collect())
    }
}

/// One input of the batch, row by row. The mask is 1 for a token and 0 for padding.
fn filled(batch: &[TokenIds], width: usize, input: Input, padding: u32) -> Vec<i64> {
    let mut numbers = Vec::with_capacity(batch.len().saturating_mul(width));
    for tokens in batch {
        let end = numbers.len().saturating_add(width);
        match input {
            Input::Ids => numbers.extend(tokens.ids.iter().copied().map(i64::from)),
            Input::Mask => numbers.extend(tokens.ids.iter().map(|_| 1_i64)),
            Input::TypeIds => numbers.extend(tokens.type_ids.iter().copied().map(i64::from)),
        }
        let filler = match input {
            Input::Ids => i64::from(padding),
            Input::Mask | Input::TypeIds => 0,
        };
        numbers.resize(end, filler);
    }
    numbers
}

/// Session options: one thread each, because two sessions of one thread beat one session of two (see README.md).
fn options(environment: &Environment, provider: ExecutionProvider) -> Result<SessionBuilder, OpenOnnxError> {
    let failed = |operation| {
        move |source: ort::Error<SessionBuilder>| OpenOnnxError::Runtime { operation, source: plain(&source) }
    };
    let builder = Session::builder(environment)
        .map_err(|source| OpenOnnxError::Runtime { operation: "create session options", source })?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(failed("set the optimization level"))?
        .with_intra_threads(1)
        .map_err(failed("set the threads of an operator"))?
        .with_inter_threads(1)
        .map_err(failed("set the threads of a graph"))?
        // Memory patterns are cached per shape, and token budgets produce many shapes.
        .with_memory_pattern(false)
        .map_err(failed("turn memory patterns off"))?;
    builder
        .with_execution_providers(providers(provider)?)
        .map_err(|source| OpenOnnxError::Provider { provider, source: plain(&source) })
}

/// The requested provider, set to fail if it does not start; by default the library would silently go on without it.
/// The CPU is requested explicitly too, so that the library does not choose a device itself.
fn providers(provider: ExecutionProvider) -> Result<Vec<ExecutionProviderDispatch>, OpenOnnxError> {
    let available = match provider {
        ExecutionProvider::Cpu => Ok(true),
        ExecutionProvider::Cuda => ep::CUDA::is_available(),
        ExecutionProvider::Tensorrt => ep::TensorRT::is_available(),
    };
    match available {
        Ok(true) => {}
        Ok(false) => return Err(OpenOnnxError::NoProvider { provider }),
        Err(source) => return Err(OpenOnnxError::Provider { provider, source }),
    }
    let mut list = match provider {
        ExecutionProvider::Cpu => Vec::new(),
        ExecutionProvider::Cuda => vec![ep::CUDA::default().build()],
        ExecutionProvider::Tensorrt => vec![ep::TensorRT::default().build(), ep::CUDA::default().build()],
    };
    list.push(ep::CPU::default().build());
    Ok(list.into_iter().map(ExecutionProviderDispatch::error_on_failure).collect())
}

fn kind_of(input: &Outlet, graph: &Path) -> Result<Input, OpenOnnxError> {
    let kind = match input.name() {
        "input_ids" => Input::Ids,
        "attention_mask" => Input::Mask,
        "token_type_ids" => Input::TypeIds,
        other => {
            return Err(signature(
                graph,
                format!(
                    "it has the input {other}, and only input_ids, attention_mask and token_type_ids are known: export it as a sentence encoder"
                ),
            ));
        }
    };
    if matches!(input.dtype(), ValueType::Tensor { ty: TensorElementType::Int64, .. }) {
        Ok(kind)
    } else {
        Err(signature(graph, format!("its input {} is {}, not int64 numbers", input.name(), input.dtype())))
    }
}

fn check_output(outputs: &[Outlet], bundle: &Bundle, graph: &Path) -> Result<(), OpenOnnxError> {
    let manifest = bundle.manifest();
    let Some(output) = outputs.iter().find(|output| output.name() == manifest.output) else {
        let names = outputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
        return Err(signature(
            graph,
            format!("bundle.json names the output {}, and it has {names}", manifest.output),
        ));
    };
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = output.dtype() else {
        return Err(signature(
            graph,
            format!("its output {} is {}, not float32 numbers", manifest.output, output.dtype()),
        ));
    };
    match **shape {
        [_, dimension] if dimension < 0 || dimension == to_i64(manifest.dimension) => Ok(()),
        [_, dimension] => Err(signature(
            graph,
            format!("its vectors have {dimension} numbers, and bundle.json says {}", manifest.dimension),
        )),
        [_, _, _] => Err(signature(
            graph,
            format!(
                "its output {} is a vector for each token: export it with {} pooling inside the graph (as compose/model/export.py does)",
                manifest.output, manifest.pooling
            ),
        )),
        _ => Err(signature(
            graph,
            format!("its output {} has the shape {shape:?}, not [texts, numbers]", manifest.output),
        )),
    }
}

fn signature(graph: &Path, problem: String) -> OpenOnnxError {
    OpenOnnxError::Signature { graph: PathBuf::from(graph), problem }
}

/// Drops the builder that the error carries, because it cannot be sent between threads.
fn plain(error: &ort::Error<SessionBuilder>) -> ort::Error {
    ort::Error::new_with_code(error.code(), error.message())
}

/// A count in the runtime's integer type.
fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_texts_are_filled_up_and_masked() {
        let text = |ids: &[u32]| TokenIds { ids: ids.to_vec(), type_ids: vec![0; ids.len()] };
        let batch = [text(&[7, 8, 9]), text(&[5])];
        assert_eq!(filled(&batch, 3, Input::Ids, 1), [7, 8, 9, 5, 1, 1]);
        assert_eq!(filled(&batch, 3, Input::Mask, 1), [1, 1, 1, 1, 0, 0]);
        assert_eq!(filled(&batch, 3, Input::TypeIds, 1), [0; 6]);
    }
}
