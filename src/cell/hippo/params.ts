// Parameters of a HiPPO memory: nothing is trained, everything follows from the measure, the order and the window.
// Built once per cell in float64. Equations: kernel/plain/hippo-matrices.ts.

import { assert } from '../../base/assert.ts';
import { dyadicExpm } from '../../kernel/plain/hippo-expm.ts';
import { gaussLegendre, legendreRow } from '../../kernel/plain/hippo-legendre.ts';
import { hippoLegt } from '../../kernel/plain/hippo-matrices.ts';

export interface HippoConfig {
  /** legs: everything since the first row, rescaled. legt: the last `windowRows` rows. */
  readonly measure: 'legs' | 'legt';
  /** Channels, each with a memory of its own. */
  readonly width: number;
  /** Coefficients per channel (N). A window holds about order / pi periods of the fastest wave it can reconstruct. */
  readonly order: number;
  /** legt only: length of the window in rows. */
  readonly windowRows?: number;
}

/** Time is counted in sixteenths of a row: a step of any whole number of ticks is a product of stored powers. */
export const TICKS_PER_ROW = 16;

export interface LegtParams {
  /** powers[k] = exp(A * 2^k / 16): [order, order] each. */
  readonly powers: readonly Float64Array[];
}
export interface LegsParams {
  /** phi_k at Gauss node i: [order, order]. */
  readonly basis: Float64Array;
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

export function legtParams(order: number, windowRows: number): LegtParams {
  assert(order >= 1 && windowRows >= 1, 'a LegT memory needs an order and a window of at least 1');
  const { A } = hippoLegt(order, windowRows);
  // After 16 windows of a held input the slowest mode is below 1e-7 of where it was; more time changes nothing visible.
  let count = 5;
  for (let ticks = 32; ticks < 16 * windowRows * TICKS_PER_ROW; ticks *= 2) count++;
  return { powers: dyadicExpm(A, order, 1 / TICKS_PER_ROW, count) };
}

export function legsParams(order: number): LegsParams {
  assert(order >= 1, 'a LegS memory needs an order of at least 1');
  const { nodes, weights } = gaussLegendre(order);
  const basis = new Float64Array(order * order);
  nodes.forEach((node, i) => {
    legendreRow(node, order, basis, i * order);
  });
  return { basis, nodes, weights };
}
