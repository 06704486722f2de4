// Small S5 layers with fresh weights, one per seed: what the laws run. Seeds take turns through methods and outputs.

import { type S5Config, type S5Params, s5Init, s5Params } from './params.ts';

export function sampleS5(seed: number): { readonly config: S5Config; readonly params: S5Params } {
  const output = (['full_glu', 'none', 'half_glu1', 'half_glu2', 'gelu'] as const)[seed % 5]!;
  const method = seed % 3 === 0 ? 'bilinear' : 'zoh';
  const config: S5Config = { dModel: 3, modes: 4, conjSym: true, method, output };
  return { config, params: s5Params(s5Init(config, 1 + (seed % 2), seed), '', config) };
}
