// HiPPO memory: the past of each channel as `order` Legendre coefficients, at constant size. Nothing is trained.
//   c' = A c + B f (LegT: the last `windowRows` rows)     c' = (1/t)(A c + B f) (LegS: all rows since the first)
// Zero-order hold, exactly: the new value is held over the time since the row before. y = c [width * order].
// A missing value (NaN) and a skipped row repeat the last value; the time before the first value counts as constant.
// State is float64: in float32 a sensor at 1e5 +- 1 loses what it should remember (see hippo.test.ts).
// Gu et al. 2020 (arXiv 2008.07669). Read next: kernel/plain/hippo-step.ts, naive.ts.

import { legendreRow } from '../../kernel/plain/hippo-legendre.ts';
import { legsStep, legtStep } from '../../kernel/plain/hippo-step.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { clearState, f32, f64, type State } from '../state.ts';
import { type HippoConfig, legsParams, legtParams, TICKS_PER_ROW } from './params.ts';

export const hippoLayout = ({ width, order }: HippoConfig) => ({
  /** Coefficients, [width, order]: slot c[channel, 0] is the mean of what is remembered. */
  c: f64(width, order),
  /** Rows since the channel's first value; 0: none yet. */
  elapsed: f64(width),
  /** The last value seen, held over gaps. */
  held: f32(width),
});
export type HippoLayout = ReturnType<typeof hippoLayout>;

export interface HippoCell extends Cell<HippoLayout> {
  readonly config: HippoConfig;
  /**
   * `step` after `dtRows` rows of time instead of one: for irregular times. LegT rounds to 1/16 row, at least 1/16.
   * With the same x, a step of d1 and a step of d2 equal a step of d1 + d2.
   */
  stepAfter(state: State<HippoLayout>, x: Float32Array, y: Float32Array, dtRows: number): void;
}

/** Moves one channel's coefficients by `dtRows` under the held input `f`. */
type Advance = (c: Float64Array, at: number, f: number, elapsed: number, dtRows: number) => void;

export function hippoCell(config: HippoConfig): HippoCell {
  const { measure, width, order } = config;
  const advance = measure === 'legs' ? legsAdvance(order) : legtAdvance(order, config.windowRows ?? 0);

  function move(state: State<HippoLayout>, channel: number, dtRows: number): void {
    const { c, elapsed, held } = state.at;
    if (elapsed[channel]! > 0 && dtRows > 0) {
      advance(c, channel * order, held[channel]!, elapsed[channel]!, dtRows);
      elapsed[channel]! += dtRows;
    }
  }
  function stepAfter(state: State<HippoLayout>, x: Float32Array, y: Float32Array, dtRows: number): void {
    const { c, elapsed, held } = state.at;
    for (let channel = 0; channel < width; channel++) {
      const value = x[channel]!;
      if (value === value) held[channel] = value;
      if (value === value && elapsed[channel] === 0) {
        c[channel * order] = value; // as if it had been constant before: the fixed point f * e0
        elapsed[channel] = dtRows;
      } else move(state, channel, dtRows);
    }
    for (let i = 0; i < c.length; i++) y[i] = c[i]!;
  }
  const cell: HippoCell = {
    kind: 'hippo',
    dIn: width,
    dOut: width * order,
    layout: hippoLayout(config),
    contextRows: Infinity, // LegT too: its window has a soft edge
    config,
    init: clearState,
    step(state, x, y) {
      stepAfter(state, x, y, 1);
    },
    stepAfter,
    skip(state, rows) {
      for (let channel = 0; channel < width; channel++) move(state, channel, rows);
    },
  };
  return { ...cell, scan: scanBySteps(cell) };
}

function legtAdvance(order: number, windowRows: number): Advance {
  const { powers } = legtParams(order, windowRows);
  const scratch = new Float64Array(order);
  const ticksMax = powers.reduce((sum) => 2 * sum + 1, 0); // every stored power once
  return (c, at, f, _elapsed, dtRows) => {
    let ticks = Math.min(Math.max(Math.round(dtRows * TICKS_PER_ROW), 1), ticksMax);
    for (let k = 0; ticks > 0; k++) {
      if (ticks % 2 === 1) legtStep(c, at, order, f, powers[k]!, scratch);
      ticks = Math.floor(ticks / 2);
    }
  };
}

function legsAdvance(order: number): Advance {
  const { basis, nodes, weights } = legsParams(order);
  const shrunk = new Float64Array(order * order);
  const scratch = new Float64Array(order);
  return (c, at, f, elapsed, dtRows) => {
    const ratio = elapsed / (elapsed + dtRows);
    for (let i = 0; i < order; i++) legendreRow(ratio * nodes[i]!, order, shrunk, i * order);
    legsStep(c, at, order, f, ratio, basis, weights, shrunk, scratch);
  };
}
