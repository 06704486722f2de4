// The WebAssembly kernels as TypeScript sees them: functions on addresses in the kernel memory (memory.ts). Written in
// AssemblyScript in ../simd, where each file documents its arguments; the readable twins are in ../plain.
// Addresses are bytes; n, m, k and strides count float32 values.

import { engineError } from '../../base/errors.ts';
import { kernelMemory } from './memory.ts';

/** portable: the same bits on every machine and browser. relaxed: fused multiply-adds where the engine has them. */
export type Numerics = 'portable' | 'relaxed';

export interface SimdKernels {
  addInto(x: number, add: number, n: number): void;
  addScaled(x: number, add: number, scale: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  attendRow(q: number, k: number, v: number, rows: number, low: number, high: number, used: number, scratch: number, y: number, heads: number, kvHeads: number, headDim: number): void;
  // biome-ignore format: one kernel a line reads best
  attendRowInt8(q: number, ownK: number, ownV: number, k: number, v: number, kScale: number, vScale: number, rows: number, low: number, high: number, used: number, scratch: number, y: number, heads: number, kvHeads: number, headDim: number): void;
  blocksMatmul(w: number, bias: number, x: number, y: number, heads: number, width: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  convStep(state: number, x: number, stride: number, w: number, bias: number, y: number, channels: number, taps: number, rows: number): void;
  copyInto(x: number, y: number, n: number): void;
  eluPlusOneInto(x: number, y: number, n: number): void;
  exp2Into(x: number, y: number, n: number): void;
  expInto(x: number, y: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  filterSpectrum(x: number, past: number, gain: number, re: number, im: number, y: number, bins: number, filtered: number, taps: number, span: number, least: number, strength: number): void;
  gateRows(y: number, z: number, stride: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  gatedDeltaStep(S: number, decay: number, beta: number, q: number, k: number, v: number, stride: number, y: number, heads: number, shared: number, K: number, V: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  gatedRmsNorm(y: number, z: number, stride: number, weight: number, n: number, groups: number, eps: number, rows: number): void;
  gatherRows(x: number, slots: number, y: number, count: number, width: number): void;
  geluTanhInto(x: number, y: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  glaStep(S: number, decay: number, q: number, k: number, v: number, y: number, heads: number, K: number, V: number, rows: number): void;
  hush(x: number, n: number): void;
  inverseRealFft(spectrum: number, x: number, work: number, plan: number, size: number): void;
  layerNorm(x: number, weight: number, bias: number, y: number, n: number, eps: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  levelFeatures(spectrum: number, power: number, y: number, bins: number, phaseBins: number, inverse: number, scale: number, floor: number, exponent: number): void;
  // biome-ignore format: one kernel a line reads best
  linearAttentionStep(S: number, z: number, q: number, k: number, v: number, y: number, eps: number, heads: number, K: number, V: number, rows: number): void;
  logInto(x: number, y: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  logMel(spectrum: number, bands: number, weights: number, power: number, y: number, bins: number, count: number, floor: number, rows: number): void;
  matmul(w: number, bias: number, x: number, y: number, m: number, k: number, rows: number): void;
  multiplyAddPeak(y: number, rounds: number): void;
  multiplyInto(x: number, by: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  normThenGate(y: number, gate: number, stride: number, weight: number, heads: number, n: number, eps: number, rows: number): void;
  overlapAdd(x: number, gain: number, sums: number, n: number): void;
  quantiseHeads(x: number, y: number, scales: number, heads: number, headDim: number): void;
  realFft(x: number, spectrum: number, work: number, plan: number, size: number): void;
  reluSquareInto(x: number, y: number, n: number): void;
  // biome-ignore format: one kernel a line reads best
  rgLruStep(h: number, started: number, r: number, i: number, u: number, rate: number, gate: number, y: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  rlsAccumulate(gram: number, moment: number, phi: number, y: number, forget: number, features: number, targets: number): void;
  rlsPredict(weights: number, scales: number, phi: number, out: number, features: number, targets: number): void;
  // biome-ignore format: one kernel a line reads best
  rlsSolve(gram: number, moment: number, ridge: number, weights: number, factor: number, column: number, solution: number, features: number, targets: number): number;
  rmsNorm(x: number, weight: number, y: number, n: number, eps: number, rows: number): void;
  rotateHeads(x: number, rotation: number, heads: number, headDim: number, pairs: number): void;
  rwkv7Blend(v: number, share: number, first: number, stride: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  rwkv7Finish(y: number, r: number, k: number, v: number, gate: number, bonus: number, weight: number, bias: number, eps: number, dim: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  rwkv7Prepare(w: number, erase: number, k: number, keyErase: number, keyWrite: number, kk: number, dim: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  rwkv7Step(S: number, w: number, r: number, k: number, v: number, kk: number, erase: number, y: number, dim: number, n: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  selectiveStep(h: number, dt: number, A: number, x: number, B: number, C: number, stride: number, D: number, y: number, channels: number, dState: number, rows: number): void;
  sigmoidInto(x: number, y: number, n: number): void;
  sigmoidPowerInto(x: number, power: number, y: number, n: number): void;
  sigmoidRows(x: number, stride: number, scale: number, y: number, n: number, rows: number): void;
  siluInto(x: number, y: number, n: number): void;
  softplusInto(x: number, y: number, n: number): void;
  /** Returns the sum of the powers. */
  spectrumPower(spectrum: number, power: number, bins: number): number;
  // biome-ignore format: one kernel a line reads best
  ssdDt(raw: number, stride: number, bias: number, A: number, low: number, high: number, dt: number, decay: number, heads: number, rows: number): void;
  // biome-ignore format: one kernel a line reads best
  ssdStep(h: number, dt: number, decay: number, x: number, B: number, C: number, stride: number, D: number, y: number, heads: number, headDim: number, dState: number, groups: number, rows: number): void;
  tanhInto(x: number, y: number, n: number): void;
  tokenShift(shift: number, x: number, stride: number, mix: number, y: number, n: number, rows: number): void;
  unitHeads(x: number, stride: number, heads: number, n: number, eps: number, rows: number): void;
  windowFrame(x: number, window: number, y: number, n: number): void;
}

export interface Simd {
  readonly numerics: Numerics;
  readonly kernels: SimdKernels;
}

const loading = new Map<Numerics, Promise<Simd>>();

/**
 * The kernels, compiled at the first call: some 10 ms.
 * @throws ERR_ENGINE_UNAVAILABLE where the engine lacks SIMD, or relaxed SIMD
 */
export function loadSimd(numerics: Numerics): Promise<Simd> {
  const known = loading.get(numerics) ?? instantiate(numerics);
  loading.set(numerics, known);
  return known;
}

async function instantiate(numerics: Numerics): Promise<Simd> {
  const { BYTES } = await (numerics === 'portable' ? import('./bytes/portable.ts') : import('./bytes/relaxed.ts'));
  const text = atob(BYTES);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i); // a callback for each takes ten times as long
  const instance = new WebAssembly.Instance(compile(bytes, numerics), { env: { memory: kernelMemory() } });
  return { numerics, kernels: instance.exports as unknown as SimdKernels };
}

function compile(bytes: Uint8Array<ArrayBuffer>, numerics: Numerics): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw engineError('ERR_ENGINE_UNAVAILABLE', `this JavaScript engine cannot run the ${numerics} kernels`, {
      expected:
        numerics === 'relaxed'
          ? 'WebAssembly relaxed SIMD (Node 22 or later, Chrome 114 or later); or the engine "portable"'
          : 'WebAssembly SIMD (all engines since 2021); or the engine "plain"',
      cause,
    });
  }
}
