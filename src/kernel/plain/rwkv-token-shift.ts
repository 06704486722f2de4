// The token shift of RWKV: channel by channel a blend of this row and the one before it, a convolution of two taps.
// RWKV-4 counts its weight from the row before (mix = 1: this row alone); RWKV-6 and 7 count from this row (mix = 1: the
// row before alone), so they pass the two rows the other way round.

/**
 * y = from + mix * (to - from).
 * @param from, to, mix [n] f32   @param y [n] f32 - written, may be any of them
 * Allocates nothing. f64 arithmetic, f32 store.
 */
export function tokenShift(from: Float32Array, to: Float32Array, mix: Float32Array, y: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = from[i]! + mix[i]! * (to[i]! - from[i]!);
}
