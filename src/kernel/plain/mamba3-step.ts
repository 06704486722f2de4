// One step of Mamba-3's recurrence (2603.15569), single input and output: Mamba-2's, with the trapezoid rule in place of
// Euler's. The step reads the row before it as well, so the state holds that row's k (rotated already) and v. Decays,
// rotation and norms are made by the caller: mamba3-rotate.ts, cell/mamba3.

export interface Mamba3Sizes {
  readonly heads: number;
  readonly headDim: number;
  readonly dState: number;
}

/** The state of one stream: h [heads, headDim, dState], k [heads, dState], v [heads, headDim], f32 - all mutated. */
export interface Mamba3State {
  readonly h: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

/**
 * h = decay (h + before * v_prev (outer) k_prev) + now * v (outer) k;  y = h . q + D v, head by head; v and k are kept.
 * @param decay  [heads] f64, exp(A dt)   @param now [heads] f64, lam dt   @param before [heads] f64, (1 - lam) dt
 * @param k, q   [heads, dState] f32, rotated   @param v [heads, headDim] f32   @param D [heads] f32
 * @param y      [heads, headDim] f32 - written, must not alias v
 * Cost: 7 * heads * headDim * dState flops. Allocates nothing. f64 arithmetic, f32 store.
 */
export function mamba3Step(
  state: Mamba3State,
  decay: Float64Array,
  now: Float64Array,
  before: Float64Array,
  k: Float32Array,
  q: Float32Array,
  v: Float32Array,
  D: Float32Array,
  y: Float32Array,
  { heads, headDim, dState }: Mamba3Sizes,
): void {
  const { h } = state;
  let at = 0;
  for (let head = 0; head < heads; head++) {
    const a = decay[head]!;
    const first = head * dState;
    for (let p = head * headDim; p < (head + 1) * headDim; p++) {
      const drive = now[head]! * v[p]!;
      const late = a * before[head]! * state.v[p]!;
      let sum = D[head]! * v[p]!;
      for (let n = first; n < first + dState; n++) {
        const next = a * h[at]! + late * state.k[n]! + drive * k[n]!;
        h[at++] = next;
        sum += next * q[n]!;
      }
      y[p] = sum;
    }
  }
  for (let i = 0; i < k.length; i++) state.k[i] = k[i]!;
  for (let i = 0; i < v.length; i++) state.v[i] = v[i]!;
}

/**
 * Adds what the kept row still owes, so that a scan may start here: h += before * v_prev (outer) k_prev, before any decay.
 * @param before [heads] f64, (1 - lam) dt of the row that comes
 */
export function mamba3Settle({ h, k, v }: Mamba3State, before: Float64Array, sizes: Mamba3Sizes): void {
  const { heads, headDim, dState } = sizes;
  let at = 0;
  for (let p = 0; p < heads * headDim; p++) {
    const head = Math.floor(p / headDim);
    const late = before[head]! * v[p]!;
    for (let n = head * dState; n < (head + 1) * dState; n++, at++) h[at] = h[at]! + late * k[n]!;
  }
}
