// Where an upstream cache keeps a number that a stream's state here keeps too. Names and shapes as the golden files have
// them (a batch index is already gone):
//   layers.<i>.conv  [channels, taps]          Mamba kinds; upstream keeps one tap that is never read again
//   layers.<i>.ssm   [...]                     h, the same order; of a gated DeltaNet (also .recurrent) [heads, k, v] for S
//   layers.<i>.k, .v [kvHeads, rows, headDim]  the last rows; here a ring [window, kvHeads * headDim]
//   model.layers.<i>.temporal_block.{conv, rg_lru.h}        RecurrentGemma
//   rwkv.{att_x, num, den, max, ffn_x}  [channels, layers]  RWKV-4, layers in the last axis

import type { State } from '../../cell/state.ts';

/** The number here for element `index` of upstream's array after row `t`; undefined where it is not kept. */
export type ReadState = (at: State['at'], index: number, t: number) => number | undefined;

const RWKV: Readonly<Record<string, string>> = {
  att_x: 'shift',
  num: 'num',
  den: 'den',
  max: 'max',
  ffn_x: 'feed_forward.shift',
};

/** @returns undefined when nothing here corresponds to the name, or the shapes do not fit */
export function stateMapping(name: string, shape: readonly number[], at: State['at']): ReadState | undefined {
  const rwkv = /^rwkv\.(\w+)$/.exec(name)?.[1];
  if (rwkv !== undefined) return rwkvSlot(RWKV[rwkv], shape, at);
  const gemma = /^model\.layers\.(\d+)\.temporal_block\.(?:rg_lru\.)?(conv|h)$/.exec(name);
  const plain = /^layers\.(\d+)\.(\w+)$/.exec(name);
  const [, layer, part] = gemma ?? plain ?? [];
  if (part === 'k' || part === 'v') return ringSlot(`layers.${layer}.${part}`, shape, at);
  if (part === 'conv') return convSlot(`layers.${layer}.conv`, shape, at);
  if (at[`layers.${layer}.S`]) return transposedSlot(`layers.${layer}.S`, shape, at);
  const slot = `layers.${layer}.${part === 'recurrent' ? 'ssm' : part}`;
  return at[slot]?.length === elements(shape) ? (views, index) => views[slot]![index]! : undefined;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function rwkvSlot(slot: string | undefined, shape: readonly number[], at: State['at']): ReadState | undefined {
  const layers = shape.at(-1) ?? 0;
  const fits = slot !== undefined && at[`layers.0.${slot}`]?.length === elements(shape) / layers;
  if (!fits) return undefined;
  const names = Array.from({ length: layers }, (_, i) => `layers.${i}.${slot}`);
  return (views, index) => views[names[index % layers]!]![Math.floor(index / layers)]!;
}

function convSlot(slot: string, shape: readonly number[], at: State['at']): ReadState | undefined {
  const [channels = 0, taps = 0] = shape;
  const kept = (at[slot]?.length ?? 0) / channels;
  if (shape.length !== 2 || !(kept === taps || kept === taps - 1)) return undefined;
  return (views, index) => {
    const tap = (index % taps) - (taps - kept);
    return tap < 0 ? undefined : views[slot]![Math.floor(index / taps) * kept + tap]!;
  };
}

/** S here is [heads, v, k]. */
function transposedSlot(slot: string, shape: readonly number[], at: State['at']): ReadState | undefined {
  const [, k = 0, v = 0] = shape;
  if (shape.length !== 3 || at[slot]?.length !== elements(shape)) return undefined;
  return (views, index) => {
    const head = Math.floor(index / (k * v));
    return views[slot]![head * k * v + (index % v) * k + (Math.floor(index / v) % k)]!;
  };
}

function ringSlot(slot: string, shape: readonly number[], at: State['at']): ReadState | undefined {
  const [kvHeads = 0, rows = 0, headDim = 0] = shape;
  const window = (at[slot]?.length ?? 0) / (kvHeads * headDim);
  // A ring of int8 words is not compared.
  if (shape.length !== 3 || !(at[slot] instanceof Float32Array) || !Number.isInteger(window)) return undefined;
  return (views, index, t) => {
    const row = t - rows + 1 + (Math.floor(index / headDim) % rows);
    if (row < 0 || row <= t - window) return undefined;
    const head = Math.floor(index / (headDim * rows));
    return views[slot]![((row % window) * kvHeads + head) * headDim + (index % headDim)]!;
  };
}
