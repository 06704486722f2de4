// Symmetric int8 of keys against a float64 reference: the same integers, the same scales.

import { expect, it } from 'vitest';
import { quantiseInt8 } from '../../../src/kernel/plain/quantise-int8.ts';
import { expectParity, readGolden } from '../../helpers/golden.ts';

it('quantiseInt8 gives the same integers and, to f32, the same scales', () => {
  const golden = readGolden('int8_kv');
  const k = Float32Array.from(golden('in.k'));
  const words = new Uint32Array(k.length / 4);
  const scales = Array.from({ length: 32 }, (_, t) => quantiseInt8(k, 8 * t, 8, words, 2 * t));
  expect([...new Int8Array(words.buffer)]).toEqual([...golden('out.q')]);
  expectParity(scales, golden('out.scale'));
});
