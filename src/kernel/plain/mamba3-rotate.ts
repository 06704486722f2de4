// The rotation of Mamba-3's keys and queries (2603.15569): neighbours (2i, 2i + 1) turn by an angle that the stream has
// gathered so far, so that the difference of two angles, not a position, enters q . k. Not RoPE of attention, which pairs
// (i, i + d/2) and turns by position: rope.ts. The MIMO variant pairs (i, i + N/2) and is another function.

import { cos, sin } from '../../base/math.ts';

const TURN = 2 * Math.PI;

/**
 * angle = (angle + tanh(raw) * pi * dt) mod 2 pi.
 * @param angle [heads, pairs] f64 in [0, 2 pi) - mutated   @param speed [pairs] f64, tanh(raw) * pi   @param dt [heads] f64
 * Allocates nothing.
 */
export function mamba3Turn(angle: Float64Array, speed: Float64Array, dt: Float64Array): void {
  const pairs = speed.length;
  for (let i = 0; i < angle.length; i++) {
    const turned = angle[i]! + speed[i % pairs]! * dt[Math.floor(i / pairs)]!;
    angle[i] = turned - TURN * Math.floor(turned / TURN);
  }
}

/**
 * x = rotate(x + bias): the first `pairs` pairs of every head, the rest only gets the bias.
 * @param x     [groups, dState] f32, one group for heads / groups heads   @param bias [heads, dState] f32
 * @param angle [heads, pairs] f64   @param y [heads, dState] f32 - written, must not alias x
 * Cost: heads * pairs sines and cosines. Allocates nothing. f64 arithmetic, f32 store.
 */
export function mamba3Rotate(
  x: Float32Array,
  bias: Float32Array,
  angle: Float64Array,
  y: Float32Array,
  heads: number,
  groups: number,
  dState: number,
): void {
  const pairs = angle.length / heads;
  for (let head = 0; head < heads; head++) {
    const from = Math.floor((head * groups) / heads) * dState;
    const to = head * dState;
    for (let n = 0; n < dState; n++) y[to + n] = x[from + n]! + bias[to + n]!;
    for (let i = 0; i < pairs; i++) {
      const a = x[from + 2 * i]! + bias[to + 2 * i]!;
      const b = x[from + 2 * i + 1]! + bias[to + 2 * i + 1]!;
      const c = cos(angle[head * pairs + i]!);
      const s = sin(angle[head * pairs + i]!);
      y[to + 2 * i] = c * a - s * b;
      y[to + 2 * i + 1] = s * a + c * b;
    }
  }
}
