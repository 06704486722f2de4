// Feature rows that wait until what they were to forecast has come: the turned features are left out, as they follow from the
// others and the row's phase, and the rest are 16-bit steps of a thousandth of a usual deviation, far below any noise. A ring
// of a row for each step ahead is else a fifth of a column's state. What they are for: regression.ts.

import { turnFeatures } from './features.ts';
import type { ForecastSizes } from './sizes.ts';

const STEPS = 1024; // features lie within 30 usual deviations (features.ts): within 16 bits
const MOST = 32_767;

/** Values of a row. */
export const waitingOf = ({ plain, coefficients }: ForecastSizes): number => plain + coefficients;

export interface Waiting {
  /** phi [features] into slot `slot` of `ring` [slots, waitingOf]. */
  keep(ring: Int16Array, slot: number, phi: Float64Array): void;
  /** The features of row number `row` back. @param trained with what a trained model said, else 0 there   @param phi written */
  read(ring: Int16Array, slot: number, row: number, trained: boolean, phi: Float64Array): void;
}

export function waiting(sizes: ForecastSizes, seasonRows: number): Waiting {
  const { plain, features, coefficients } = sizes;
  const size = waitingOf(sizes);
  const first = features - coefficients;
  const turn = turnFeatures(sizes, seasonRows);
  return {
    keep(ring, slot, phi) {
      let at = slot * size;
      for (let i = 0; i < plain; i++) ring[at++] = toSteps(phi[i]!);
      for (let i = first; i < features; i++) ring[at++] = toSteps(phi[i]!);
    },
    read(ring, slot, row, trained, phi) {
      let at = slot * size;
      for (let i = 0; i < plain; i++) phi[i] = ring[at++]! / STEPS;
      turn(phi, row);
      for (let i = first; i < features; i++) phi[i] = trained ? ring[at++]! / STEPS : 0;
    },
  };
}

const toSteps = (feature: number): number => Math.round(Math.min(Math.max(STEPS * feature, -MOST), MOST));
