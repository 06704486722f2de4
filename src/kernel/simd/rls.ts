// AssemblyScript: recursive least squares in float64, two lanes at a time, to the bit as plain/rls-accumulate.ts, rls-solve.ts
// and rls-predict.ts: every element gets the same operations in the same order, only several elements side by side. So it has
// no fused multiply-adds in either numerics. Sizes are in values; matrices as there: gram packed by rows, moment by targets.

/**
 * gram <- forget gram + phi phi^T;  moment <- forget moment + phi y^T.
 * @param gram [features (features + 1) / 2] f32   @param moment [features, targets] f32
 * @param phi [features] f64   @param y [targets] f64
 */
export function rlsAccumulate(
  gram: usize,
  moment: usize,
  phi: usize,
  y: usize,
  forget: f64,
  features: i32,
  targets: i32,
): void {
  const keep = f64x2.splat(forget);
  for (let i = 1; i <= features; i++) {
    const value = v128.load64_splat(phi + (<usize>(i - 1) << 3));
    gram = blend(gram, phi, value, keep, i);
    moment = blend(moment, y, value, keep, targets);
  }
}

/** a <- keep a + value b, in float64 and rounded to the float32 of a; returns where a ends. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function blend(a: usize, b: usize, value: v128, keep: v128, n: i32): usize {
  for (; n >= 4; n -= 4, a += 16, b += 32) {
    const low = blended(v128.load64_zero(a), v128.load(b), value, keep);
    const high = blended(v128.load64_zero(a, 8), v128.load(b, 16), value, keep);
    v128.store(a, v128.shuffle<i64>(low, high, 0, 2));
  }
  for (; n > 0; n--, a += 4, b += 8) {
    const sum = f64x2.extract_lane(keep, 0) * <f64>load<f32>(a) + f64x2.extract_lane(value, 0) * load<f64>(b);
    store<f32>(a, <f32>sum);
  }
  return a;
}

/** Two lanes of it, float32 in and out. */
// @ts-ignore
@inline
function blended(a: v128, b: v128, value: v128, keep: v128): v128 {
  return f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(keep, f64x2.promote_low_f32x4(a)), f64x2.mul(value, b)));
}

/**
 * (gram + ridge I) weights = moment. Returns 0, with `weights` untouched, when the matrix is not positive definite or the
 * result not finite; 1 otherwise.
 * @param weights [features, targets] f32 - written   @param factor as gram - scratch   @param column [features] f64 - scratch
 * @param solution [features, targets] f64 - scratch
 * Cost: features^3 / 6 + targets features^2 multiply-adds.
 */
export function rlsSolve(
  gram: usize,
  moment: usize,
  ridge: f64,
  weights: usize,
  factor: usize,
  column: usize,
  solution: usize,
  features: i32,
  targets: i32,
): i32 {
  if (!factorise(gram, ridge, factor, column, features)) return 0;
  const stride = <usize>targets << 3;
  memory.copy(solution, moment, stride * <usize>features);
  for (let i = 0, row = factor; i < features; i++) {
    eliminate(solution + <usize>i * stride, solution, row, 8, 0, i, stride, load<f64>(row + (<usize>i << 3)), targets);
    row += <usize>(i + 1) << 3;
  }
  let diagonal = factor + (<usize>((features * (features + 1)) / 2 - 1) << 3);
  for (let i = features - 1; i >= 0; i--) {
    const to = solution + <usize>i * stride;
    const below = diagonal + (<usize>(i + 1) << 3); // factor[k][i] for k = i + 1, a row of k + 1 values on for each k
    eliminate(to, to + stride, below, <usize>(i + 2) << 3, 8, features - 1 - i, stride, load<f64>(diagonal), targets);
    diagonal -= <usize>(i + 1) << 3;
  }
  const count = features * targets;
  let total: f64 = 0; // NaN and Infinity never leave a sum
  for (let j = 0; j < count; j++) total += abs(load<f64>(solution + (<usize>j << 3)));
  if (!(total < 1e30)) return 0;
  for (let j = 0; j < count; j++) store<f32>(weights + (<usize>j << 2), <f32>load<f64>(solution + (<usize>j << 3)));
  return 1;
}

/**
 * out = weights^T phi. @param weights [features, targets] i16   @param scales [targets] f32: what 1 of a weight is worth
 * @param out [targets] f64 - written
 */
export function rlsPredict(weights: usize, scales: usize, phi: usize, out: usize, features: i32, targets: i32): void {
  const stride = <usize>targets << 1;
  const end = phi + (<usize>features << 3);
  let left = targets;
  for (; left >= 8; left -= 8, weights += 16, out += 64, scales += 32) {
    let a = f64x2.splat(0), b = a, c = a, d = a;
    for (let p = phi, w = weights; p < end; p += 8, w += stride) {
      const value = v128.load64_splat(p);
      const low = v128.load16x4_s(w);
      const high = v128.load16x4_s(w, 8);
      a = f64x2.add(a, f64x2.mul(f64x2.convert_low_i32x4_s(low), value));
      b = f64x2.add(b, f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(low, low, 1, 1)), value));
      c = f64x2.add(c, f64x2.mul(f64x2.convert_low_i32x4_s(high), value));
      d = f64x2.add(d, f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(high, high, 1, 1)), value));
    }
    v128.store(out, f64x2.mul(a, f64x2.promote_low_f32x4(v128.load64_zero(scales))));
    v128.store(out, f64x2.mul(b, f64x2.promote_low_f32x4(v128.load64_zero(scales, 8))), 16);
    v128.store(out, f64x2.mul(c, f64x2.promote_low_f32x4(v128.load64_zero(scales, 16))), 32);
    v128.store(out, f64x2.mul(d, f64x2.promote_low_f32x4(v128.load64_zero(scales, 24))), 48);
  }
  for (; left > 0; left--, weights += 2, out += 8, scales += 4) {
    let total: f64 = 0;
    for (let p = phi, w = weights; p < end; p += 8, w += stride) total += <f64>load<i16>(w) * load<f64>(p);
    store<f64>(out, total * <f64>load<f32>(scales));
  }
}

/**
 * factor <- L with L L^T = gram + ridge I. Column by column: once a column is done, its products leave all that lies to the
 * right of it, so each element loses them in the order in which a row-wise factorisation takes them away.
 */
function factorise(gram: usize, ridge: f64, factor: usize, column: usize, features: i32): bool {
  memory.copy(factor, gram, <usize>((features * (features + 1)) / 2) << 3);
  let diagonal = factor;
  for (let n = 0; n < features; n++) {
    const square = load<f64>(diagonal) + ridge;
    if (!(square > 0)) return false;
    const root = sqrt<f64>(square);
    store<f64>(diagonal, root);
    let at = diagonal;
    for (let i = n + 1; i < features; i++) {
      at += <usize>i << 3; // factor[i][n]
      const value = load<f64>(at) / root;
      store<f64>(at, value);
      store<f64>(column + (<usize>i << 3), value);
      subtract(at + 8, column + (<usize>(n + 1) << 3), value, i - n);
    }
    diagonal += <usize>(n + 2) << 3;
  }
  return true;
}

/** a -= value b */
// @ts-ignore
@inline
function subtract(a: usize, b: usize, value: f64, n: i32): void {
  const by = f64x2.splat(value);
  for (; n >= 4; n -= 4, a += 32, b += 32) {
    v128.store(a, f64x2.sub(v128.load(a), f64x2.mul(by, v128.load(b))));
    v128.store(a, f64x2.sub(v128.load(a, 16), f64x2.mul(by, v128.load(b, 16))), 16);
  }
  for (; n > 0; n--, a += 8, b += 8) store<f64>(a, load<f64>(a) - value * load<f64>(b));
}

/**
 * to = (to - sum_k f_k row_k) / divisor over `count` rows from `rows` on, in that order, eight targets at a time in registers.
 * f_0 lies at `factor`, the next one `step` bytes on, the one after it step + grow, and so on.
 */
// @ts-ignore
@inline
function eliminate(
  to: usize,
  rows: usize,
  factor: usize,
  step: usize,
  grow: usize,
  count: i32,
  stride: usize,
  divisor: f64,
  targets: i32,
): void {
  const by = f64x2.splat(divisor);
  let left = targets;
  for (; left >= 8; left -= 8, to += 64, rows += 64) {
    let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
    let row = rows;
    let f = factor;
    let next = step;
    for (let k = 0; k < count; k++, row += stride) {
      const value = v128.load64_splat(f);
      f += next;
      next += grow;
      a = f64x2.sub(a, f64x2.mul(value, v128.load(row)));
      b = f64x2.sub(b, f64x2.mul(value, v128.load(row, 16)));
      c = f64x2.sub(c, f64x2.mul(value, v128.load(row, 32)));
      d = f64x2.sub(d, f64x2.mul(value, v128.load(row, 48)));
    }
    v128.store(to, f64x2.div(a, by));
    v128.store(to, f64x2.div(b, by), 16);
    v128.store(to, f64x2.div(c, by), 32);
    v128.store(to, f64x2.div(d, by), 48);
  }
  for (; left > 0; left--, to += 8, rows += 8) {
    let value = load<f64>(to);
    let row = rows;
    let f = factor;
    let next = step;
    for (let k = 0; k < count; k++, row += stride) {
      value -= load<f64>(f) * load<f64>(row);
      f += next;
      next += grow;
    }
    store<f64>(to, value / divisor);
  }
}
