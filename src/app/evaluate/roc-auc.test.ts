import { expect, it } from 'vitest';
import { rocAuc } from './roc-auc.ts';

it('is 1 for a perfect order, 0 for its reverse, a half for ties', () => {
  expect(rocAuc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])).toBe(1);
  expect(rocAuc([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1])).toBe(0);
  expect(rocAuc([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1])).toBe(0.5);
});

it('counts pairs: one of four in the wrong order', () => {
  expect(rocAuc([0.1, 0.6, 0.5, 0.9], [0, 0, 1, 1])).toBe(0.75);
});
