import { expect, it } from 'vitest';
import { type RouterRule, routeTopK } from './moe-router.ts';

function route(logits: number[], k: number, rule: RouterRule): { chosen: number[]; gates: number[] } {
  const [chosen, gates] = [new Uint32Array(k), new Float64Array(k)];
  routeTopK(Float32Array.from(logits), rule, chosen, gates);
  return { chosen: [...chosen], gates: [...gates] };
}

it('chooses the largest, largest first, ties to the lowest index', () => {
  expect(route([1, 3, 3, 2, 3], 4, 'chosen').chosen).toEqual([1, 2, 4, 3]);
  expect(route([0, 0, 0], 2, 'all').chosen).toEqual([0, 1]);
});

it('over the chosen ones gates sum to 1; over all they are the plain softmax', () => {
  const logits = [0.5, -1, 2, 1];
  const odds = logits.map(Math.exp);
  const sum = odds.reduce((a, b) => a + b);
  const { gates } = route(logits, 2, 'chosen');
  expect(gates[0]).toBeCloseTo(odds[2]! / (odds[2]! + odds[3]!), 14);
  expect(gates[0]! + gates[1]!).toBeCloseTo(1, 15);
  const all = route(logits, 2, 'all').gates;
  expect(all[0]).toBeCloseTo(odds[2]! / sum, 14);
  expect(all[1]).toBeCloseTo(odds[3]! / sum, 14);
});

it('survives logits beyond the range of exp, and never chooses an expert twice', () => {
  expect(route([-2000, 3000, 1000], 2, 'all')).toEqual({ chosen: [1, 2], gates: [1, 0] });
  expect(route([NaN, NaN, NaN], 3, 'chosen').chosen).toEqual([0, 1, 2]);
});
