// The tiled form of scan, for prefill: many rows attend at once over tiles of keys with a running softmax. Equal to steps
// within rounding, at any tile size; what it leaves in the state is equal to the bit, for it is written the same way.

import { attendTiled } from '../../kernel/plain/attention-tiled.ts';
import type { ScanForm } from '../cell.ts';
import type { Layout, Views } from '../state.ts';
import type { Counters, KvCache } from './cache.ts';
import type { AttentionConfig } from './params.ts';
import type { Projection } from './project.ts';

const TILE_ROWS = 64; // 64 keys of 64 elements are 16 KiB: they stay in the first-level cache while they are used

/** `admit(position, rows)` throws when the stream may not go on. */
export function tiledForm<L extends Layout & Counters>(
  heads: Projection,
  cache: KvCache<L>,
  config: AttentionConfig,
  admit: (position: number, rows: number) => void,
): ScanForm<L> {
  const { dModel, window, tileRows = TILE_ROWS } = config;
  const [wide, narrow] = [heads.q.length, heads.k.length];
  return {
    rtol: 1e-6,
    scan(state, x, y, count) {
      const at: Views<L> & Views<Counters> = state.at;
      const start = at.position[0]!;
      admit(start, count);
      const past = slotsInOrder(at.rows, start, window);
      const total = past.length + count;
      const [k, v] = [new Float32Array(total * narrow), new Float32Array(total * narrow)];
      const [ownK, ownV] = [new Float32Array(count * narrow), new Float32Array(count * narrow)];
      const rows = Float64Array.from({ length: total }, (_, i) => at.rows[past[i] ?? 0]!);
      const q = new Float32Array(count * wide);
      const gates = new Float32Array(count * heads.gate.length);
      for (const [i, slot] of past.entries()) cache.load(at, slot, k, v, i * narrow);
      for (let t = 0; t < count; t++) {
        heads.enter(x.subarray(t * dModel, (t + 1) * dModel), start + t);
        q.set(heads.q, t * wide);
        gates.set(heads.gate, t * heads.gate.length);
        ownK.set(heads.k, t * narrow);
        ownV.set(heads.v, t * narrow);
        cache.store(at, heads.k, heads.v, start + t);
        cache.load(at, (start + t) % window, k, v, (past.length + t) * narrow);
        rows[past.length + t] = start + t;
      }
      at.position[0] = start + count;
      const attended = new Float32Array(count * wide);
      attendTiled(q, { k, v, rows, ownK, ownV }, window, tileRows, attended, config);
      for (let t = 0; t < count; t++) {
        const gate = gates.subarray(t * heads.gate.length, (t + 1) * heads.gate.length);
        heads.leave(attended.subarray(t * wide, (t + 1) * wide), gate, y.subarray(t * dModel, (t + 1) * dModel));
      }
    },
  };
}

/** Slots of the rows that the row `position` still sees, oldest first. */
function slotsInOrder(rows: Float64Array, position: number, window: number): number[] {
  const slots: number[] = [];
  for (let row = Math.max(0, position - window + 1); row < position; row++) {
    if (rows[row % window] === row) slots.push(row % window);
  }
  return slots;
}
