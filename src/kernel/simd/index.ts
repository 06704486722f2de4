// AssemblyScript: the module. One export a kernel; kernel/wasm/simd.ts types them for TypeScript.

export { convStep } from './conv';
export { overlapAdd, windowFrame } from './frames';
export { normThenGate, sigmoidPowerInto, sigmoidRows, unitHeads } from './heads';
export { logMel } from './log-mel';
export {
  addInto,
  exp2Into,
  expInto,
  geluTanhInto,
  logInto,
  multiplyInto,
  sigmoidInto,
  siluInto,
  softplusInto,
  tanhInto,
} from './math';
export { matmul } from './matmul';
export { gatedDeltaStep, glaStep } from './matrix-state';
export { gatedRmsNorm, layerNorm, rmsNorm } from './norms';
export { multiplyAddPeak } from './peak';
export { inverseRealFft, realFft } from './real-fft';
export { blocksMatmul, rgLruStep } from './rg-lru';
export { gateRows, selectiveStep } from './selective';
export { ssdDt, ssdStep } from './ssd';
