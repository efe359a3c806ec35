//! A graph that grows node by node.

use super::proto::{
    Attribute, Dimension, FLOAT, Graph, INT, INT64, INTS, Node, Shape, Tensor, TensorType, Type, ValueInfo,
};

/// The dimension that is left open: pairs of a picture and a second of sound.
pub(super) const BATCH: &str = "n";

/// A graph under way. Every node has one output, which has the node's name.
#[derive(Default)]
pub(super) struct Builder(Graph);

impl Builder {
    /// An input `[n, shape]`; returns its name, as all do here.
    pub(super) fn input(&mut self, name: &str, shape: &[usize], doc: &str) -> String {
        self.0.input.push(value_info(name, shape, doc));
        name.into()
    }

    /// Makes a node's output `[n, shape]` one of the graph's.
    pub(super) fn output(&mut self, name: &str, shape: &[usize], doc: &str) {
        self.0.output.push(value_info(name, shape, doc));
    }

    /// Numbers that are part of the model.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, FLOAT, bytes)
    }

    /// Whole numbers, as some operators take their axes and positions.
    pub(super) fn integers(&mut self, name: &str, shape: &[usize], values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, INT64, bytes)
    }

    fn initializer(&mut self, name: &str, shape: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let dims = shape.iter().map(|length| *length as i64).collect();
        self.0.initializer.push(Tensor { dims, data_type, name: name.into(), raw_data });
        name.into()
    }

    /// An operator and the names of what it reads.
    pub(super) fn node<const N: usize>(
        &mut self,
        name: &str,
        op: &str,
        inputs: &[&str],
        attributes: [Attribute; N],
    ) -> String {
        self.0.node.push(Node {
            input: inputs.iter().map(|input| (*input).into()).collect(),
            output: vec![name.into()],
            name: name.into(),
            op_type: op.into(),
            attribute: attributes.into(),
        });
        name.into()
    }

    /// The whole graph.
    pub(super) fn finish(self, name: &str) -> Graph {
        Graph { name: name.into(), ..self.0 }
    }
}

/// An attribute with one number.
pub(super) fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: name.into(), i: Some(value), ints: Vec::new(), r#type: INT }
}

/// An attribute with several.
pub(super) fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.into(), i: None, ints: values.into(), r#type: INTS }
}

fn value_info(name: &str, shape: &[usize], doc: &str) -> ValueInfo {
    let batch = Dimension { dim_value: None, dim_param: Some(BATCH.into()) };
    let rest = shape.iter().map(|length| Dimension { dim_value: Some(*length as i64), dim_param: None });
    let shape = Shape { dim: std::iter::once(batch).chain(rest).collect() };
    let tensor = TensorType { elem_type: FLOAT, shape: Some(shape) };
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type: Some(tensor) }), doc_string: doc.into() }
}
