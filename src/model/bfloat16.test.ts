import { expect, it } from 'vitest';
import { toBfloat16 } from './bfloat16.ts';

it('rounds to the nearest number of 8 bits, ties to even', () => {
  expect(toBfloat16(Math.sqrt(2560))).toBe(50.5);
  expect(toBfloat16(Math.sqrt(4096))).toBe(64);
  expect(toBfloat16(-1.2)).toBe(-1.203125);
  // Between 1 and 2 the step is 1/128: 1 + 1/256 and 1 + 3/256 are ties.
  expect([toBfloat16(1 + 1 / 256), toBfloat16(1 + 3 / 256)]).toEqual([1, 1 + 4 / 256]);
  expect(toBfloat16(1 + 1 / 256 + 1e-6)).toBe(1 + 1 / 128);
});
