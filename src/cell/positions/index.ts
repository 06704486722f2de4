// Positional encoding on the residual path, as a mixer: y = sines and cosines of the row's position, whatever x is, so a
// block of a stack adds them to its rows (Vaswani et al. 2017, 1706.03762, section 3.5). For models trained that way; rotary
// positions belong to attention. State: the position, 8 bytes; exact up to 9e15 rows.

import { cos, sin } from '../../base/math.ts';
import { ropeFrequencies } from '../../kernel/plain/rope.ts';
import { addSinusoidalPositions } from '../../kernel/plain/sinusoidal-positions.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f64, type State } from '../state.ts';

export type PositionsLayout = { readonly position: ReturnType<typeof f64> };

/** @param width of a row, even   @param theta base of the frequencies theta^(-2i / width); 10000 in the paper */
export function positionsCell(width: number, theta = 10_000): Cell<PositionsLayout> {
  const frequencies = ropeFrequencies(theta, width);
  const stepAfter = ({ at }: State<PositionsLayout>, _x: Float32Array, y: Float32Array, dt: number): void => {
    at.position[0] = at.position[0]! + dt;
    y.fill(0);
    addSinusoidalPositions(y, at.position[0]!, frequencies);
  };
  const step = (state: State<PositionsLayout>, x: Float32Array, y: Float32Array): void => stepAfter(state, x, y, 1);
  return {
    kind: 'positions',
    dIn: width,
    dOut: width,
    layout: { position: f64(1) },
    contextRows: Infinity, // it counts every row there was
    flops: width,
    init: ({ at }) => void at.position.fill(-1), // the first row is 0
    step,
    scan: scanBySteps({ dIn: width, dOut: width, step }),
    stepAfter,
    skip({ at }, rows) {
      at.position[0] = at.position[0]! + rows;
    },
  };
}

const SAMPLE_WIDTH = 4;
export const sampleCell = (seed: number): Cell<PositionsLayout> => positionsCell(SAMPLE_WIDTH, 10 + seed);

export function naiveScan(seed: number, _x: Float32Array, rows: number): Float64Array {
  const [fast, slow] = ropeFrequencies(10 + seed, SAMPLE_WIDTH);
  return Float64Array.from(
    Array.from({ length: rows }, (_, t) => [sin(t * fast!), cos(t * fast!), sin(t * slow!), cos(t * slow!)]).flat(),
  );
}
