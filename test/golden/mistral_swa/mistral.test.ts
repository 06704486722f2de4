// transformers 5.17 MistralForCausalLM, two layers, a sliding window of 8 rows. Upstream's cache keeps window - 1 rows.

import { describe, it } from 'vitest';
import { openTransformer } from '../../helpers/golden-transformer.ts';

const WINDOW = 8;
const { parts, expectRows, expectRing } = openTransformer('mistral_swa', WINDOW);

describe.each(['f32', 'f64'])('Mistral with a sliding window against transformers in %s', (precision) => {
  it.each(parts)('%s gives the same rows', (_part, cell, from, to) => expectRows(precision, cell, from, to));
  it.each([0, 1, 7, 8, 12, 20, 39])('the ring holds the same keys and values after row %i', (t) =>
    expectRing(precision, t, Math.min(t + 1, WINDOW - 1)),
  );
});
