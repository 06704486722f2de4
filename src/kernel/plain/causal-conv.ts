// One step of a depthwise causal convolution: each channel is a short FIR filter over its own last inputs, with zeros
// before the first. The state is laid out as causal-conv1d keeps it: the last K-1 inputs of a channel, oldest first.

/**
 * y_c = bias_c + sum_j weight_cj * input_c(t - K + 1 + j); then the state moves on by one input.
 * @param state  [channels, taps - 1] f32, oldest first - mutated
 * @param x      [channels] f32, the newest input (multiplied by the last weight)
 * @param weight [channels, taps] f32   @param bias [channels] f32   @param y [channels] f32 - written, may be x
 * Cost: channels * taps multiply-adds. Allocates nothing. f64 sums, f32 store.
 */
export function causalConvStep(
  state: Float32Array,
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  y: Float32Array,
  channels: number,
  taps: number,
): void {
  const kept = taps - 1;
  for (let c = 0; c < channels; c++) {
    const oldest = c * kept;
    const first = c * taps;
    const newest = x[c]!;
    let sum = bias[c]!;
    for (let j = 0; j < kept; j++) {
      const input = state[oldest + j]!;
      sum += weight[first + j]! * input;
      if (j > 0) state[oldest + j - 1] = input;
    }
    if (kept > 0) state[oldest + kept - 1] = newest;
    y[c] = sum + weight[first + kept]! * newest;
  }
}

/** The state after `rows` further inputs of zero. */
export function causalConvSkip(state: Float32Array, channels: number, taps: number, rows: number): void {
  const kept = taps - 1;
  const shift = Math.min(rows, kept);
  for (let c = 0; c < channels; c++) {
    const oldest = c * kept;
    for (let j = 0; j < kept; j++) state[oldest + j] = j + shift < kept ? state[oldest + j + shift]! : 0;
  }
}
