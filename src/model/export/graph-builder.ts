// Writes an ONNX graph op by op: every method adds a node and gives the name of what it computes. Rows of a batch lie on
// axis 0, which stays free. What the ops mean: https://onnx.ai/onnx/operators (opset 17).

import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxPort, OnnxTensor } from '../../wire/onnx-schema.ts';

/** Name of a tensor in the graph. */
export type Value = string;

const INT64 = 7;
const FLOAT32 = 1;

export class GraphBuilder {
  #nodes: OnnxNode[] = [];
  #tensors = new Map<string, OnnxTensor>();
  #inputs: OnnxPort[] = [];
  #outputs: OnnxPort[] = [];
  #next = 0;

  input(name: string, dims: readonly number[]): Value {
    this.#inputs.push({ name, dims: ['batch', ...dims] });
    return name;
  }

  /** Makes `value` an output of the graph under `name`. */
  output(name: string, value: Value, dims: readonly number[]): void {
    this.#add('Identity', [value], [name]);
    this.#outputs.push({ name, dims: ['batch', ...dims] });
  }

  /** A float32 constant: weights, kept under their upstream name. */
  weight(name: string, dims: readonly number[], data: Float32Array): Value {
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#tensors.set(name, { name, dims, data_type: FLOAT32, raw_data });
    return name;
  }

  scalar(value: number): Value {
    return this.weight(`const.${value}`, [], Float32Array.of(value));
  }

  ints(values: readonly number[]): Value {
    const name = `ints.${values.join('.')}`;
    const raw_data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.#tensors.set(name, { name, dims: [values.length], data_type: INT64, raw_data });
    return name;
  }

  /** A node with one output, without attributes. */
  op(type: string, ...inputs: Value[]): Value {
    return this.#node(type, inputs, []);
  }

  /** x [batch, k] -> x W^T [batch, m] (+ bias). W [m, k] as checkpoints keep it. */
  linear(x: Value, weight: Value, bias?: Value): Value {
    const transposed: OnnxAttribute = { name: 'transB', type: 'INT', i: 1 };
    return this.#node('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], [transposed]);
  }

  /** Parts of the last axis, of these sizes. */
  split(x: Value, sizes: readonly number[]): Value[] {
    const outputs = sizes.map(() => this.#name());
    this.#add('Split', [x, this.ints(sizes)], outputs, [{ name: 'axis', type: 'INT', i: -1 }]);
    return outputs;
  }

  /** 0 keeps a size, -1 takes what is left. */
  reshape(x: Value, dims: readonly number[]): Value {
    return this.op('Reshape', x, this.ints(dims));
  }

  concat(axis: number, ...parts: Value[]): Value {
    return this.#node('Concat', parts, [{ name: 'axis', type: 'INT', i: axis }]);
  }

  /** x from index `from` on, along `axis`. */
  tail(x: Value, axis: number, from: number): Value {
    return this.op('Slice', x, this.ints([from]), this.ints([2_147_483_647]), this.ints([axis]));
  }

  sum(x: Value, axis: number, keep = false): Value {
    return this.#node('ReduceSum', [x, this.ints([axis])], [{ name: 'keepdims', type: 'INT', i: keep ? 1 : 0 }]);
  }

  softmax(x: Value, axis: number): Value {
    return this.#node('Softmax', [x], [{ name: 'axis', type: 'INT', i: axis }]);
  }

  /** Sums of products by index letters, as in numpy: 'bhd,bwhd->bhw'. */
  einsum(equation: string, ...inputs: Value[]): Value {
    return this.#node('Einsum', inputs, [{ name: 'equation', type: 'STRING', s: new TextEncoder().encode(equation) }]);
  }

  silu(x: Value): Value {
    return this.op('Mul', x, this.op('Sigmoid', x));
  }

  /** x / rms(x) * weight over the last axis. */
  rmsNorm(x: Value, weight: Value, eps: number): Value {
    const square = this.op('Mul', x, x);
    const mean = this.#node(
      'ReduceMean',
      [square],
      [
        { name: 'axes', type: 'INTS', ints: [-1] },
        { name: 'keepdims', type: 'INT', i: 1 },
      ],
    );
    const rms = this.op('Sqrt', this.op('Add', mean, this.scalar(eps)));
    return this.op('Mul', this.op('Div', x, rms), weight);
  }

  graph(name: string): OnnxGraph {
    return {
      name,
      node: this.#nodes,
      initializer: [...this.#tensors.values()],
      input: this.#inputs,
      output: this.#outputs,
    };
  }

  #node(type: string, inputs: readonly Value[], attribute: readonly OnnxAttribute[]): Value {
    const output = this.#name();
    this.#add(type, inputs, [output], attribute);
    return output;
  }

  #add(
    op_type: string,
    input: readonly Value[],
    output: readonly Value[],
    attribute: readonly OnnxAttribute[] = [],
  ): void {
    this.#nodes.push({ op_type, input, output, attribute });
  }

  #name(): Value {
    return `t${this.#next++}`;
  }
}
