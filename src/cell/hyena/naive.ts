// The slow twin of hyenaCell: the equations over the whole sequence, every long convolution a double sum over the last l_max
// inputs. Float64, O(rows * l_max). It shares the evaluated filter with the cell; hyena.test.ts checks that by itself.

import type { HyenaConfig, HyenaParams } from './params.ts';

/** k * x + bias x over the window of the last `taps.length` rows. */
export function windowedConvolution(taps: ArrayLike<number>, bias: number, x: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length }, (_, t) => {
    let sum = bias * x[t]!;
    for (let l = 0; l < taps.length && l <= t; l++) sum += taps[l]! * x[t - l]!;
    return sum;
  });
}

/** x [rows, dModel] -> y [rows, dModel]. */
export function hyenaNaive(config: HyenaConfig, params: HyenaParams, x: Float32Array, rows: number): Float64Array {
  const { dModel, order, lMax, shortTaps = 3 } = config;
  const width = (order + 1) * dModel;
  const projected = Array.from({ length: width }, (_, c) =>
    Float64Array.from({ length: rows }, (_, t) => {
      let sum = params.inBias[c]!;
      for (let k = 0; k < dModel; k++) sum += params.inWeight[c * dModel + k]! * x[t * dModel + k]!;
      return sum;
    }),
  );
  const mixed = projected.map((signal, c) => {
    const newestFirst = params.shortWeight.slice(c * shortTaps, (c + 1) * shortTaps).reverse();
    return windowedConvolution(newestFirst, 0, signal).map((v) => v + params.shortBias[c]!);
  });
  const gated = Array.from({ length: dModel }, (_, d) => {
    let v: Float64Array = mixed[order * dModel + d]!;
    for (let i = order - 1; i >= 1; i--) {
      const lane = (order - 1 - i) * dModel + d;
      const input = v.map((value, t) => value * mixed[i * dModel + d]![t]!);
      v = windowedConvolution(params.taps.subarray(lane * lMax, (lane + 1) * lMax), params.filterBias[lane]!, input);
    }
    return v.map((value, t) => value * mixed[d]![t]!);
  });
  return new Float64Array(rows * dModel).map((_, i) => {
    const [t, out] = [Math.floor(i / dModel), i % dModel];
    let sum = params.outBias[out]!;
    for (let d = 0; d < dModel; d++) sum += params.outWeight[out * dModel + d]! * gated[d]![t]!;
    return sum;
  });
}
