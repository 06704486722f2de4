// Small S4 layers with fresh weights, one per seed: what the laws run. Seeds take turns through outputs and copies of A.

import { type S4Config, type S4Params, s4Init, s4Params } from './params.ts';

export function sampleS4(seed: number): { readonly config: S4Config; readonly params: S4Params } {
  const output = (['none', 'glu', 'gelu'] as const)[seed % 3]!;
  const config: S4Config = { dModel: 2, dState: seed % 2 === 0 ? 8 : 6, copies: 1 + (seed % 2), storedRows: 0, output };
  return { config, params: s4Params(s4Init(config, seed), '', config) };
}
