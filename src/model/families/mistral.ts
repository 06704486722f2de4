// Mistral checkpoints (Mistral-7B and after): Llama with a sliding window; "sliding_window": null means none.

import type { Family } from '../family.ts';
import { CONTEXT_ROWS_MAX } from '../fields.ts';
import { buildLlama } from './llama.ts';

export const mistral: Family = (weights, config, options) =>
  buildLlama(
    weights,
    config,
    options,
    config.has('sliding_window') ? config.integer('sliding_window', { max: CONTEXT_ROWS_MAX }) : undefined,
  );
