// Weights of a depthwise convolution as the kernel `convStep` reads them: neighbouring channels share a vector.

/** @param weight [channels, taps] @returns [taps, channels] */
export function packTaps(weight: Float32Array, channels: number, taps: number): Float32Array {
  return Float32Array.from(
    { length: channels * taps },
    (_, i) => weight[(i % channels) * taps + Math.floor(i / channels)]!,
  );
}
