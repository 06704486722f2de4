// AssemblyScript: the module. One export a kernel; kernel/wasm/simd.ts types them for TypeScript.

export { attendRow, attendRowInt8 } from './attention';
export { copyInto, gatherRows, quantiseHeads, rotateHeads } from './attention-rows';
export { convStep } from './conv';
export { filterSpectrum } from './filter-spectrum';
export { hush, overlapAdd, windowFrame } from './frames';
export { normThenGate, sigmoidPowerInto, sigmoidRows, unitHeads } from './heads';
export { levelFeatures, spectrumPower } from './level-features';
export { eluPlusOneInto, linearAttentionStep } from './linear-attention';
export { logMel } from './log-mel';
export {
  addInto,
  addScaled,
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
export { rlsAccumulate, rlsPredict, rlsSolve } from './rls';
export { reluSquareInto, rwkv7Blend, rwkv7Finish, rwkv7Prepare, rwkv7Step, tokenShift } from './rwkv7';
export { gateRows, selectiveStep } from './selective';
export { ssdDt, ssdStep } from './ssd';
