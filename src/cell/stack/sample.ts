// A small stack of a small mixer, made here because the stack knows no other kind: a gated leaky integrator, the least
// recurrence that depends on its input.  a = sigmoid(gate * x);  h = a h + (1 - a) x;  y = h, channel by channel.

import { sigmoid } from '../../base/math.ts';
import type { Cell } from '../cell.ts';
import { seededRandom } from '../seeded-random.ts';
import { f32 } from '../state.ts';
import type { NaiveMixer } from './naive.ts';
import type { StackParts } from './params.ts';

const D_MODEL = 4;
const D_HIDDEN = 5;

/** gate [dModel] f32. State: h [dModel]. A row without input leaks with a = sigmoid(0) = 1/2. */
function leakyCell(gate: Float32Array): Cell {
  return {
    kind: 'leaky',
    dIn: gate.length,
    dOut: gate.length,
    layout: { h: f32(gate.length) },
    contextRows: Infinity,
    init: ({ at }) => {
      at.h!.fill(0);
    },
    step({ at }, x, y) {
      const h = at.h!;
      for (let i = 0; i < gate.length; i++) {
        const a = sigmoid(gate[i]! * x[i]!);
        h[i] = a * h[i]! + (1 - a) * x[i]!;
        y[i] = h[i]!;
      }
    },
    /** A row that comes dt later finds h leaked dt - 1 rows further. */
    stepAfter(state, x, y, dt) {
      for (let t = 1; t < dt; t++) this.skip!(state, 1);
      this.step(state, x, y);
    },
    skip({ at }, rows) {
      let left = 1;
      for (let t = 0; t < rows && left > 0; t++) left /= 2;
      for (let i = 0; i < gate.length; i++) at.h![i] = at.h![i]! * left;
    },
  };
}

/** The same over a whole sequence, unrolled: h_t = sum_s (1 - a_s) x_s a_{s+1} ... a_t. */
function naiveLeaky(gate: Float32Array): NaiveMixer {
  const width = gate.length;
  return (x, rows) => {
    const keep = x.map((value, at) => sigmoid(gate[at % width]! * value));
    return Float64Array.from({ length: rows * width }, (_, at) => {
      let y = 0;
      let reach = 1;
      for (let s = at; s >= 0; s -= width) {
        y += reach * (1 - keep[s]!) * x[s]!;
        reach *= keep[s]!;
      }
      return y;
    });
  };
}

/** Three blocks: bare, with an MLP, with a feed-forward cell behind a LayerNorm. Odd seeds have ends, even seeds none. */
export function sampleStack(seed: number): { readonly parts: StackParts; readonly mixers: readonly NaiveMixer[] } {
  const random = seededRandom(seed);
  const values = (length: number, centre = 0): Float32Array =>
    Float32Array.from({ length }, () => centre + 0.5 * random());
  const gates = [values(D_MODEL), values(D_MODEL), values(D_MODEL), values(D_MODEL)];
  const mlp = {
    dHidden: D_HIDDEN,
    norm: values(D_MODEL, 1),
    gate: values(D_HIDDEN * D_MODEL),
    up: values(D_HIDDEN * D_MODEL),
    down: values(D_MODEL * D_HIDDEN),
  };
  const body: StackParts = {
    dModel: D_MODEL,
    eps: 1e-5,
    blocks: [
      { norm: values(D_MODEL, 1), mixer: leakyCell(gates[0]!) },
      { norm: values(D_MODEL, 1), mixer: leakyCell(gates[1]!), mlp },
      {
        norm: values(D_MODEL, 1),
        mixer: leakyCell(gates[2]!),
        feedForward: { norm: values(D_MODEL, 1), normBias: values(D_MODEL), cell: leakyCell(gates[3]!) },
      },
    ],
  };
  const linear = (dIn: number, dOut: number) => ({ dIn, dOut, weight: values(dIn * dOut), bias: values(dOut) });
  const ends = {
    embed: linear(3, D_MODEL),
    embedNorm: { weight: values(D_MODEL, 1), bias: values(D_MODEL) },
    finalNorm: values(D_MODEL, 1),
    head: linear(D_MODEL, 2),
    softCap: 3,
    activation: 'sigmoid' as const,
  };
  return { parts: seed % 2 === 1 ? { ...body, ...ends } : body, mixers: gates.map(naiveLeaky) };
}
