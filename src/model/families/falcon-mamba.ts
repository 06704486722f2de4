// Falcon Mamba (tiiuae/falcon-mamba-7b): Mamba with an RMSNorm without weights over r, B and C in every mixer.

import type { Family } from '../family.ts';
import { readEps } from '../fields.ts';
import { buildMamba } from './mamba.ts';

export const falconMamba: Family = (weights, config) =>
  buildMamba(weights, config, { weights: false, eps: readEps(config, 'mixer_rms_eps', 1e-6) });
