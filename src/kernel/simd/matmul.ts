// AssemblyScript: dense layers, y = bias + W x for one or several rows x. Weights lie in panels of eight outputs,
// [ceil(m / 8)][k][8] (kernel/wasm/panels.ts), so that eight sums take two loads and one broadcast for each k, with no
// horizontal sums. Each output adds its products in order of k whatever `rows` is: batches do not change a bit.
// Eight accumulators hide an addition's four cycles: four panels of one row, or one panel of four rows.

import { madd, storeTail } from './lanes';

const PANEL: i32 = 8;

/**
 * @param w [ceil(m / 8), k, 8]   @param bias [ceil(m / 8) * 8]   @param x [rows, k]   @param y [rows, m] - written, not x
 * Cost: rows * m * k multiply-adds.
 */
export function matmul(w: usize, bias: usize, x: usize, y: usize, m: i32, k: i32, rows: i32): void {
  const panels = (m + PANEL - 1) / PANEL;
  const groups = k & 3 ? 0 : m >> 5;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    for (let panel = 0; panel < panels; panel++) fourRows(w, bias, x, y, m, k, panel);
    x += <usize>k << 4;
    y += <usize>m << 4;
  }
  for (; row < rows; row++) {
    if (groups > 0) fourPanels(w, bias, x, y, groups, k);
    for (let panel = groups << 2; panel < panels; panel++) onePanel(w, bias, x, y, m, k, panel);
    x += <usize>k << 2;
    y += <usize>m << 2;
  }
}

/** Up to eight values of one panel; the last panel may hang over m. */
// @ts-ignore
@inline
function storePanel(y: usize, low: v128, high: v128, left: i32): void {
  if (left >= 8) {
    v128.store(y, low);
    v128.store(y, high, 16);
  } else if (left > 4) {
    v128.store(y, low);
    storeTail(y + 16, high, left - 4);
  } else if (left == 4) v128.store(y, low);
  else storeTail(y, low, left);
}

function onePanel(w: usize, bias: usize, x: usize, y: usize, m: i32, k: i32, panel: i32): void {
  let p = w + ((<usize>panel * <usize>k) << 5);
  const b = bias + (<usize>panel << 5);
  const end = x + (<usize>k << 2);
  let low = v128.load(b);
  let high = v128.load(b, 16);
  for (; x < end; x += 4, p += 32) {
    const xj = v128.load32_splat(x);
    low = madd(v128.load(p), xj, low);
    high = madd(v128.load(p, 16), xj, high);
  }
  storePanel(y + (<usize>panel << 5), low, high, m - (panel << 3));
}

/**
 * Whole groups of four panels, k a multiple of four. Unrolled, because 9 loads and 16 operations for each k leave no room for a
 * loop's own: 31 instead of 21 Gflop/s. The loop over groups lies inside and nothing else does: a remainder loop or a call for
 * each group costs that gain again (V8 of Node 20 then spills the sums).
 */
function fourPanels(w: usize, bias: usize, x: usize, y: usize, groups: i32, k: i32): void {
  const stride = <usize>k << 5;
  const end = x + (<usize>k << 2);
  for (let group = 0; group < groups; group++) {
    let q = x;
    let p0 = w;
    let p1 = p0 + stride;
    let p2 = p1 + stride;
    let p3 = p2 + stride;
    let a0 = v128.load(bias), a1 = v128.load(bias, 16), a2 = v128.load(bias, 32), a3 = v128.load(bias, 48);
    let a4 = v128.load(bias, 64), a5 = v128.load(bias, 80), a6 = v128.load(bias, 96), a7 = v128.load(bias, 112);
    for (; q < end; q += 16) {
      const x0 = v128.load32_splat(q, 0);
      a0 = madd(v128.load(p0, 0), x0, a0);
      a1 = madd(v128.load(p0, 16), x0, a1);
      a2 = madd(v128.load(p1, 0), x0, a2);
      a3 = madd(v128.load(p1, 16), x0, a3);
      a4 = madd(v128.load(p2, 0), x0, a4);
      a5 = madd(v128.load(p2, 16), x0, a5);
      a6 = madd(v128.load(p3, 0), x0, a6);
      a7 = madd(v128.load(p3, 16), x0, a7);
      const x1 = v128.load32_splat(q, 4);
      a0 = madd(v128.load(p0, 32), x1, a0);
      a1 = madd(v128.load(p0, 48), x1, a1);
      a2 = madd(v128.load(p1, 32), x1, a2);
      a3 = madd(v128.load(p1, 48), x1, a3);
      a4 = madd(v128.load(p2, 32), x1, a4);
      a5 = madd(v128.load(p2, 48), x1, a5);
      a6 = madd(v128.load(p3, 32), x1, a6);
      a7 = madd(v128.load(p3, 48), x1, a7);
      const x2 = v128.load32_splat(q, 8);
      a0 = madd(v128.load(p0, 64), x2, a0);
      a1 = madd(v128.load(p0, 80), x2, a1);
      a2 = madd(v128.load(p1, 64), x2, a2);
      a3 = madd(v128.load(p1, 80), x2, a3);
      a4 = madd(v128.load(p2, 64), x2, a4);
      a5 = madd(v128.load(p2, 80), x2, a5);
      a6 = madd(v128.load(p3, 64), x2, a6);
      a7 = madd(v128.load(p3, 80), x2, a7);
      const x3 = v128.load32_splat(q, 12);
      a0 = madd(v128.load(p0, 96), x3, a0);
      a1 = madd(v128.load(p0, 112), x3, a1);
      a2 = madd(v128.load(p1, 96), x3, a2);
      a3 = madd(v128.load(p1, 112), x3, a3);
      a4 = madd(v128.load(p2, 96), x3, a4);
      a5 = madd(v128.load(p2, 112), x3, a5);
      a6 = madd(v128.load(p3, 96), x3, a6);
      a7 = madd(v128.load(p3, 112), x3, a7);
      p0 += 128;
      p1 += 128;
      p2 += 128;
      p3 += 128;
    }
    v128.store(y, a0, 0);
    v128.store(y, a1, 16);
    v128.store(y, a2, 32);
    v128.store(y, a3, 48);
    v128.store(y, a4, 64);
    v128.store(y, a5, 80);
    v128.store(y, a6, 96);
    v128.store(y, a7, 112);
    y += 128;
    bias += 128;
    w += stride << 2;
  }
}

function fourRows(w: usize, bias: usize, x: usize, y: usize, m: i32, k: i32, panel: i32): void {
  let p = w + ((<usize>panel * <usize>k) << 5);
  const b = bias + (<usize>panel << 5);
  const xStride = <usize>k << 2;
  const yStride = <usize>m << 2;
  const end = x + xStride;
  let x1 = x + xStride;
  let x2 = x1 + xStride;
  let x3 = x2 + xStride;
  let low0 = v128.load(b), low1 = low0, low2 = low0, low3 = low0;
  let high0 = v128.load(b, 16), high1 = high0, high2 = high0, high3 = high0;
  for (; x < end; x += 4, x1 += 4, x2 += 4, x3 += 4, p += 32) {
    const low = v128.load(p);
    const high = v128.load(p, 16);
    const c0 = v128.load32_splat(x);
    low0 = madd(low, c0, low0);
    high0 = madd(high, c0, high0);
    const c1 = v128.load32_splat(x1);
    low1 = madd(low, c1, low1);
    high1 = madd(high, c1, high1);
    const c2 = v128.load32_splat(x2);
    low2 = madd(low, c2, low2);
    high2 = madd(high, c2, high2);
    const c3 = v128.load32_splat(x3);
    low3 = madd(low, c3, low3);
    high3 = madd(high, c3, high3);
  }
  const left = m - (panel << 3);
  y += <usize>panel << 5;
  storePanel(y, low0, high0, left);
  storePanel(y + yStride, low1, high1, left);
  storePanel(y + 2 * yStride, low2, high2, left);
  storePanel(y + 3 * yStride, low3, high3, left);
}
