// A small random step graph for the laws and the tests: a leaky integrator between two matrices, with one row of context.
//   h' = a * h + [x(t-1), x(t)] W;   y = (h' V) * gain        x [3], h [4], y [2], gain a constant input; batch axis free
// Written as ONNX bytes by hand (the format is protobuf: a key byte, then a number or a length and bytes), so that no
// file and no other package is needed. Field numbers: onnx.proto3 of ONNX 1.17.

import type { Model } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';

const [D_IN, STATE, D_OUT] = [3, 4, 2];
const GAIN = 0.5;

export interface SampleWeights {
  /** [4], between 0.5 and 1. */
  readonly a: Float32Array;
  /** [6, 4]. */
  readonly W: Float32Array;
  /** [4, 2]. */
  readonly V: Float32Array;
}

export function sampleWeights(seed: number): SampleWeights {
  const random = seededRandom(seed);
  return {
    a: Float32Array.from({ length: STATE }, () => 0.75 + random() / 4),
    W: Float32Array.from({ length: 2 * D_IN * STATE }, random),
    V: Float32Array.from({ length: STATE * D_OUT }, random),
  };
}

export function sampleModel(seed: number): Model {
  const onnx = {
    file: 'model.onnx',
    input: { name: 'x', shape: [1, 2 * D_IN], rows: 1, width: D_IN, context: 1 },
    output: { name: 'y', width: D_OUT },
    states: [{ in: 'h', out: 'h_next', shape: [1, STATE] }],
    constants: [{ name: 'gain', dtype: 'float32', value: GAIN, shape: [1] }],
  };
  return {
    id: `sample-${seed}`,
    name: 'sample',
    config: { model_type: 'onnx', onnx },
    weights: new Map(),
    onnx: graphBytes(sampleWeights(seed)),
  };
}

type Bytes = readonly number[];
const varint = (value: number): Bytes => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const int = (field: number, value: number): Bytes => [field << 3, ...varint(value)];
const block = (field: number, bytes: Bytes): Bytes => [(field << 3) | 2, ...varint(bytes.length), ...bytes];
const text = (field: number, value: string): Bytes => block(field, [...new TextEncoder().encode(value)]);

const node = (operator: string, inputs: readonly string[], output: string): Bytes =>
  block(1, [...inputs.flatMap((name) => text(1, name)), ...text(2, output), ...text(4, operator)]);

const FLOAT = 1;
const initializer = (name: string, shape: readonly number[], data: Float32Array): Bytes =>
  block(5, [
    ...shape.flatMap((size) => int(1, size)),
    ...int(2, FLOAT),
    ...text(8, name),
    ...block(9, [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
  ]);

/** field 11: an input of the graph; 12: an output. A word as size leaves the axis free. */
const value = (field: 11 | 12, name: string, shape: readonly (number | string)[]): Bytes => {
  const dims = shape.flatMap((size) => block(1, typeof size === 'string' ? text(2, size) : int(1, size)));
  const tensorType = [...int(1, FLOAT), ...block(2, dims)];
  return block(field, [...text(1, name), ...block(2, block(1, tensorType))]);
};

function graphBytes({ a, W, V }: SampleWeights): Uint8Array {
  const graph = [
    ...node('Mul', ['h', 'a'], 'kept'),
    ...node('MatMul', ['x', 'W'], 'added'),
    ...node('Add', ['kept', 'added'], 'h_next'),
    ...node('MatMul', ['h_next', 'V'], 'read'),
    ...node('Mul', ['read', 'gain'], 'y'),
    ...text(2, 'sample'),
    ...initializer('a', [STATE], a),
    ...initializer('W', [2 * D_IN, STATE], W),
    ...initializer('V', [STATE, D_OUT], V),
    ...value(11, 'x', ['batch', 2 * D_IN]),
    ...value(11, 'h', ['batch', STATE]),
    ...value(11, 'gain', [1]),
    ...value(12, 'y', ['batch', D_OUT]),
    ...value(12, 'h_next', ['batch', STATE]),
  ];
  const IR_VERSION = 8;
  const OPSET = 17;
  return Uint8Array.from([...int(1, IR_VERSION), ...block(7, graph), ...block(8, [...text(1, ''), ...int(2, OPSET)])]);
}
