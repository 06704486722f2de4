// How an attention cell keeps keys and values: a ring of f32 rows, or of int8 rows with a scale for each row and head.
// Both have the same counters: `rows`, the absolute row in each slot, and `position`, the next row. Row p lies in slot
// p mod window, its key already rotated.

import { attendRing } from '../../kernel/plain/attention-ring.ts';
import { dequantiseInt8, quantiseInt8 } from '../../kernel/plain/quantise-int8.ts';
import { attendQuantised } from '../../kernel/plain/quantise-int8-attention.ts';
import { f32, f64, type Layout, u32, type Views } from '../state.ts';
import type { AttentionConfig } from './params.ts';

type F32 = ReturnType<typeof f32>;
type F64 = ReturnType<typeof f64>;
type U32 = ReturnType<typeof u32>;

/** rows [window]: the absolute row in each slot, -1 for none. position [1]: the next row, exact up to 9e15. */
export type Counters = { readonly rows: F64; readonly position: F64 };
/** k, v [window, kvHeads * headDim]. */
export type AttentionLayout = { readonly k: F32; readonly v: F32 } & Counters;
/** k, v [window, kvHeads * headDim / 4] words of four int8; kScale, vScale [window, kvHeads]. */
export type Int8AttentionLayout = {
  readonly k: U32;
  readonly v: U32;
  readonly kScale: F32;
  readonly vScale: F32;
} & Counters;

export interface KvCache<L extends Layout & Counters> {
  readonly layout: L;
  /** Attends from q over the window that ends with the row `position` (k, v), and keeps that row. */
  attend(at: Views<L>, q: Float32Array, k: Float32Array, v: Float32Array, position: number, y: Float32Array): void;
  /** Keeps a row without attending. */
  store(at: Views<L>, k: Float32Array, v: Float32Array, position: number): void;
  /** A kept row as attention sees it from the next row on: [kvHeads * headDim] into k and v from `to`. */
  load(at: Views<L>, slot: number, k: Float32Array, v: Float32Array, to: number): void;
}

export function floatCache(config: AttentionConfig): KvCache<AttentionLayout> {
  const { window, kvHeads, headDim } = config;
  const width = kvHeads * headDim;
  const scores = new Float64Array(window);
  const store: KvCache<AttentionLayout>['store'] = (at, k, v, position) => {
    const slot = position % window;
    at.k.set(k, slot * width);
    at.v.set(v, slot * width);
    at.rows[slot] = position;
  };
  return {
    layout: { k: f32(window, width), v: f32(window, width), rows: f64(window), position: f64(1) },
    store,
    attend(at, q, k, v, position, y) {
      store(at, k, v, position);
      attendRing(q, at.k, at.v, at.rows, position, scores, y, config);
    },
    load(at, slot, k, v, to) {
      k.set(at.k.subarray(slot * width, (slot + 1) * width), to);
      v.set(at.v.subarray(slot * width, (slot + 1) * width), to);
    },
  };
}

export function int8Cache(config: AttentionConfig): KvCache<Int8AttentionLayout> {
  const { window, kvHeads, headDim } = config;
  const words = headDim / 4;
  const scores = new Float64Array(window);
  const store: KvCache<Int8AttentionLayout>['store'] = (at, k, v, position) => {
    const slot = position % window;
    for (let head = 0, to = slot * kvHeads; head < kvHeads; head++, to++) {
      at.kScale[to] = quantiseInt8(k, head * headDim, headDim, at.k, to * words);
      at.vScale[to] = quantiseInt8(v, head * headDim, headDim, at.v, to * words);
    }
    at.rows[slot] = position;
  };
  const [packed, scale] = [u32(window, kvHeads * words), f32(window, kvHeads)];
  return {
    layout: { k: packed, v: packed, kScale: scale, vScale: scale, rows: f64(window), position: f64(1) },
    store,
    attend(at, q, k, v, position, y) {
      attendQuantised(q, k, v, at, position, scores, y, config);
      store(at, k, v, position);
    },
    load(at, slot, k, v, to) {
      for (let head = 0, from = slot * kvHeads; head < kvHeads; head++, from++) {
        dequantiseInt8(at.k, from * words, headDim, at.kScale[from]!, k, to + head * headDim);
        dequantiseInt8(at.v, from * words, headDim, at.vScale[from]!, v, to + head * headDim);
      }
    },
  };
}
