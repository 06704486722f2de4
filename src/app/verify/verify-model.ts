// A checkpoint against what its upstream code made of the same token ids: golden.safetensors beside it, with
//   input_ids [B, T]; <precision>/full/{logits, hidden.<i>, state.<name>}; <precision>/step/{logits, state.<name>,
//   kv.<name>@<t>}; <precision>/mixed/logits                    (state.<name>: [T, B, ...] in step, [B, ...] in full)
// Each tensor gets one number: its largest error over its largest value.

import { engineError } from '../../base/errors.ts';
import type { Cell } from '../../cell/cell.ts';
import { makeState, type State } from '../../cell/state.ts';
import type { TokenModel } from '../../model/token-model.ts';
import type { RawTensor } from '../../weights/safetensors.ts';
import { errorMeter } from './error-meter.ts';
import { goldenStates } from './golden-states.ts';

export type Precision = 'f32' | 'f64';

export interface Comparison {
  /** As in the golden file, without the precision. */
  readonly name: string;
  /** max|here - golden| / max|golden|; undefined when the state here has nothing that corresponds. */
  readonly error: number | undefined;
}

type Golden = ReadonlyMap<string, RawTensor>;

/** Rows that upstream took in one call before single steps, in its mixed run. */
const PREFILL_ROWS = 13;

/** @throws ERR_WEIGHTS_MISSING without input_ids or logits; ERR_WEIGHTS_SHAPE when they do not fit the model */
export function verifyModel(model: TokenModel, golden: Golden, precision: Precision): Comparison[] {
  const { ids, sequences, rows } = readIds(golden);
  const embedded = embed(model, ids);
  const states = goldenStates(golden, precision, sequences, rows);
  const results: Comparison[] = [];
  const expected = (name: string, width: number) => shaped(golden, `${precision}/${name}`, [sequences, rows, width]);
  const compare = (name: string, actual: Float32Array, width: number): boolean => {
    const data = expected(name, width);
    if (data) results.push({ name, error: relativeError(actual, data) });
    return data !== undefined;
  };
  const run = (cell: Cell, x: Float32Array, cut: Cut, observe?: Observe) =>
    runCell(cell, x, { sequences, rows, cut }, observe);

  const { cell, vocabSize, dModel } = model;
  const full = run(cell, embedded, rows, (at, b, t) => states.observe('full', at, b, t));
  if (!compare('full/logits', full, vocabSize)) throw missing(`${precision}/full/logits`);
  let hidden = embedded;
  for (const [i, part] of model.hidden.entries()) {
    hidden = run(part, hidden, rows);
    compare(`full/hidden.${i}`, hidden, dModel);
  }
  const steps = run(cell, embedded, 0, (at, b, t) => states.observe('step', at, b, t));
  compare('step/logits', steps, vocabSize);
  if (expected('mixed/logits', vocabSize)) compare('mixed/logits', run(cell, embedded, PREFILL_ROWS), vocabSize);
  for (const [name, meter] of states.meters()) results.push({ name, error: meter.value() });
  return results;
}

/** Rows in one scan at the beginning; single steps after. */
type Cut = number;
type Observe = (at: State['at'], b: number, t: number) => void;

/** x [sequences, rows, dIn] -> [sequences, rows, dOut], each sequence from the start state. */
function runCell(
  cell: Cell,
  x: Float32Array,
  { sequences, rows, cut }: { readonly sequences: number; readonly rows: number; readonly cut: Cut },
  observe: Observe = () => undefined,
): Float32Array {
  const y = new Float32Array(sequences * rows * cell.dOut);
  for (let b = 0; b < sequences; b++) {
    const input = x.subarray(b * rows * cell.dIn, (b + 1) * rows * cell.dIn);
    const output = y.subarray(b * rows * cell.dOut, (b + 1) * rows * cell.dOut);
    const state = makeState(cell.layout);
    cell.init(state);
    const first = Math.min(cut, rows);
    if (first > 0) {
      cell.scan!(state, input, output, first);
      observe(state.at, b, first - 1);
    }
    for (let t = first; t < rows; t++) {
      cell.step(
        state,
        input.subarray(t * cell.dIn, (t + 1) * cell.dIn),
        output.subarray(t * cell.dOut, (t + 1) * cell.dOut),
      );
      observe(state.at, b, t);
    }
  }
  return y;
}

function readIds(golden: Golden): { ids: number[]; sequences: number; rows: number } {
  const found = golden.get('input_ids');
  if (!found) throw missing('input_ids');
  const [sequences = 0, rows = 0] = found.shape;
  if (found.shape.length !== 2 || sequences * rows === 0) {
    throw engineError('ERR_WEIGHTS_SHAPE', `tensor input_ids has shape [${found.shape.join(', ')}]`, {
      expected: '[sequences, tokens]',
    });
  }
  return { ids: Array.from(found.data as ArrayLike<number | bigint>, Number), sequences, rows };
}

function embed(model: TokenModel, ids: readonly number[]): Float32Array {
  const x = new Float32Array(ids.length * model.dModel);
  for (const [t, id] of ids.entries()) model.embed(id, x.subarray(t * model.dModel, (t + 1) * model.dModel));
  return x;
}

function shaped(golden: Golden, name: string, shape: readonly number[]): ArrayLike<number> | undefined {
  const found = golden.get(name);
  if (!found) return undefined;
  if (found.shape.join() !== shape.join() || found.data instanceof BigInt64Array) {
    throw engineError('ERR_WEIGHTS_SHAPE', `tensor ${name} has shape [${found.shape.join(', ')}]`, {
      expected: `[${shape.join(', ')}] floats`,
    });
  }
  return found.data;
}

function relativeError(actual: Float32Array, expected: ArrayLike<number>): number | undefined {
  const meter = errorMeter();
  for (let i = 0; i < actual.length; i++) meter.add(actual[i]!, expected[i]!);
  return meter.value();
}

function missing(name: string): Error {
  return engineError('ERR_WEIGHTS_MISSING', `tensor ${name} is not in golden.safetensors`, {
    expected: 'input_ids and logits of the upstream code',
  });
}
