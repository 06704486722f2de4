// Small ONNX step graphs that show one thing each, with their manifests: for the tests of cell/onnx.

import type { Model } from '../../src/weights/tensor.ts';
import { encodeOnnx, type OnnxNode, type OnnxPort, type OnnxTensor } from '../../src/wire/onnx-schema.ts';

const FLOAT32 = 1;
const INT64 = 7;
type Dims = readonly (number | string)[];

const op = (op_type: string, input: readonly string[], output: string, to?: number): OnnxNode => ({
  op_type,
  input,
  output: [output],
  attribute: to === undefined ? [] : [{ name: 'to', type: 'INT', i: to }],
});
const weight = (name: string, values: readonly number[]): OnnxTensor => ({
  name,
  dims: [values.length],
  data_type: FLOAT32,
  raw_data: new Uint8Array(Float32Array.from(values).buffer),
});

/** x [.., width] and a state in, y and the next state out; sizes of one stream are those with 1 for a word. */
function modelOf(
  name: string,
  dims: { readonly x: Dims; readonly state: Dims; readonly y: Dims },
  node: readonly OnnxNode[],
  initializer: readonly OnnxTensor[],
  batch = 16,
): Model {
  const port = (port: string, sizes: Dims): OnnxPort => ({ name: port, dims: sizes });
  const alone = (sizes: Dims): number[] => sizes.map((size) => (typeof size === 'number' ? size : 1));
  const count = (sizes: Dims): number => alone(sizes).reduce((product, size) => product * size, 1);
  const onnx = encodeOnnx({
    name,
    node,
    initializer,
    input: [port('x', dims.x), port('last', dims.state)],
    output: [port('y', dims.y), port('next', dims.state)],
  });
  const manifest = {
    input: { name: 'x', shape: alone(dims.x), rows: 1, width: count(dims.x) },
    output: { name: 'y', width: count(dims.y) },
    states: [{ in: 'last', out: 'next', shape: alone(dims.state) }],
    batch,
  };
  return { id: name, name, config: { model_type: 'onnx', onnx: manifest }, weights: new Map(), onnx };
}

/** y = table[x], next = x: x is an index from -16 to 15, and anything else fails in the runtime. table[i] = 10 i. */
export function gatherModel(): Model {
  const table = Array.from({ length: 16 }, (_, i) => 10 * i);
  const nodes = [
    op('Cast', ['x'], 'index', INT64),
    op('Gather', ['table', 'index'], 'y'),
    op('Mul', ['last', 'zero'], 'forgotten'),
    op('Add', ['x', 'forgotten'], 'next'),
  ];
  const one = ['batch', 1];
  return modelOf('gather', { x: one, state: one, y: one }, nodes, [weight('table', table), weight('zero', [0])]);
}

/** y = softplus(x + last), next = (x + last) / 2. */
export function softplusModel(width: number): Model {
  const nodes = [op('Add', ['x', 'last'], 'sum'), op('Softplus', ['sum'], 'y'), op('Mul', ['sum', 'half'], 'next')];
  const row = ['batch', width];
  return modelOf(`softplus-${width}`, { x: row, state: row, y: row }, nodes, [weight('half', [0.5])]);
}

/** Forty products of matrices of 384 x 384, a tenth of a second or more; no batch. */
export function longModel(): Model {
  const products = Array.from({ length: 40 }, (_, i) =>
    op('MatMul', [i === 0 ? 'last' : `m${i}`, 'last'], `m${i + 1}`),
  );
  const nodes = [...products, op('Identity', ['m40'], 'next'), op('MatMul', ['x', 'm40'], 'y')];
  return modelOf('long', { x: [1, 384], state: [1, 384, 384], y: [1, 1, 384] }, nodes, [], 1);
}
