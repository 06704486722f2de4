// transformers 5.17 LlamaForCausalLM, two layers, grouped queries: full attention as a window longer than the sequence.

import { describe, it } from 'vitest';
import { openTransformer } from '../../helpers/golden-transformer.ts';

const { parts, expectRows, expectRing } = openTransformer('llama_gqa', 64);

describe.each(['f32', 'f64'])('Llama with grouped queries against transformers in %s', (precision) => {
  it.each(parts)('%s gives the same rows', (_part, cell, from, to) => expectRows(precision, cell, from, to));
  it.each([0, 1, 7, 8, 12, 20, 39])('the ring holds the same keys and values after row %i', (t) =>
    expectRing(precision, t, t + 1),
  );
});
