// The manifest: what config.json says about an ONNX step graph, so that any graph with explicit state tensors becomes a cell.
// Schema with an example in README.md. Checks the manifest against itself; check-graph.ts checks it against the graph.

import { engineError } from '../../base/errors.ts';
import type { Model } from '../../weights/tensor.ts';

export interface OnnxInput {
  readonly name: string;
  /** Of the graph's input tensor; its elements are (context + rows) * width. */
  readonly shape: readonly number[];
  /** New rows per run, of `width` values each: the cell's dIn is rows * width. */
  readonly rows: number;
  readonly width: number;
  /** Rows of history put in front of the new ones (0 before the stream began). Default 0. */
  readonly context: number;
}
export interface OnnxStateTensor {
  /** Graph input that takes the state and graph output that gives the next one. It starts at 0. */
  readonly in: string;
  readonly out: string;
  readonly shape: readonly number[];
}
export interface OnnxConstant {
  readonly name: string;
  readonly dtype: 'int64' | 'float32';
  /** Every element. */
  readonly value: number;
  /** [] is a scalar. */
  readonly shape: readonly number[];
}
export interface OnnxManifest {
  readonly input: OnnxInput;
  /** The cell's dOut is `width`. */
  readonly output: { readonly name: string; readonly width: number };
  readonly states: readonly OnnxStateTensor[];
  readonly constants: readonly OnnxConstant[];
  /** Rows of different streams that one call of the runtime may take, at most; 1 runs each alone. */
  readonly batch: number;
}

/** At 16 streams a batch a row of our exported models costs 0.3 to 0.4 of a row alone; 32 gain nothing (Silero: 0.4, then 0.3). */
const BATCH_DEFAULT = 16;
const BATCH_MAX = 256;

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The manifest in a model's config.json. @throws ERR_CONFIG_INVALID naming the field */
export function parseManifest(model: Model): OnnxManifest {
  const onnx = record(model.config.onnx, 'onnx');
  const input = parseInput(record(onnx.input, 'onnx.input'));
  const given = record(onnx.output, 'onnx.output');
  const output = { name: text(given.name, 'onnx.output.name'), width: size(given.width, 'onnx.output.width') };
  const states = list(onnx.states ?? [], 'onnx.states').map((state, i): OnnxStateTensor => {
    const at = `onnx.states[${i}]`;
    return {
      in: text(state.in, `${at}.in`),
      out: text(state.out, `${at}.out`),
      shape: sizes(state.shape, `${at}.shape`),
    };
  });
  const constants = list(onnx.constants ?? [], 'onnx.constants').map((constant, i) =>
    parseConstant(constant, `onnx.constants[${i}]`),
  );
  unique([input.name, ...states.map((state) => state.in), ...constants.map(({ name }) => name)], 'input');
  unique([output.name, ...states.map((state) => state.out)], 'output');
  const batch = onnx.batch === undefined ? BATCH_DEFAULT : size(onnx.batch, 'onnx.batch');
  if (batch > BATCH_MAX) throw invalid('onnx.batch', batch, `at most ${BATCH_MAX}`);
  return { input, output, states, constants, batch };
}

function parseInput(value: Record<string, unknown>): OnnxInput {
  const name = text(value.name, 'onnx.input.name');
  const shape = sizes(value.shape, 'onnx.input.shape');
  const rows = size(value.rows, 'onnx.input.rows');
  const width = size(value.width, 'onnx.input.width');
  const context = value.context === undefined || value.context === 0 ? 0 : size(value.context, 'onnx.input.context');
  const needed = (context + rows) * width;
  if (elements(shape) !== needed) {
    throw invalid('onnx.input.shape', shape, `${needed} elements: (${context} context + ${rows} rows) of ${width}`);
  }
  return { name, shape, rows, width, context };
}

function parseConstant(constant: Record<string, unknown>, at: string): OnnxConstant {
  const { dtype, value } = constant;
  if (dtype !== 'int64' && dtype !== 'float32') throw invalid(`${at}.dtype`, dtype, '"int64" or "float32"');
  const fits = dtype === 'int64' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (typeof value !== 'number' || !fits) throw invalid(`${at}.value`, value, `one ${dtype} number`);
  return { name: text(constant.name, `${at}.name`), dtype, value, shape: sizes(constant.shape ?? [], `${at}.shape`) };
}

function invalid(field: string, found: unknown, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `${field} is ${JSON.stringify(found)}`, { expected });
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, value, 'an object');
  return value as Record<string, unknown>;
}
function list(value: unknown, field: string): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw invalid(field, value, 'a list of objects');
  return value.map((entry, i) => record(entry, `${field}[${i}]`));
}
function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(field, value, 'the name of a tensor of the graph');
  return value;
}
function size(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(field, value, 'a whole number of 1 or more');
  }
  return value;
}
function sizes(value: unknown, field: string): number[] {
  if (!Array.isArray(value)) throw invalid(field, value, 'a list of sizes');
  return value.map((entry, i) => size(entry, `${field}[${i}]`));
}
function unique(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(`the ${what} name`, twice, 'each tensor named once');
}
