// The denoising pipeline with random weights, and what its outputs must be like. For tests of the pipeline as a whole.

import { expect } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import type { Chunk } from '../../src/item/item.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import type { Output } from '../../src/session/session-options.ts';
import { denoiseModel, TINY } from './denoise-model.ts';

export const loadDenoiser = async (
  options: object = {},
  model: object = {},
  engine = 'portable',
): Promise<LoadedPipeline> =>
  loadPipeline(
    denoise,
    { ...options },
    async (name) => denoiseModel(TINY, { cell: name.split('-').at(-1)!, ...model }),
    await loadEngine(engine),
  );

export const chunksOf = (outputs: readonly Output[]): Chunk[] =>
  outputs.flatMap(({ item }) => (item.kind === 'chunk' ? [item] : []));
export const samplesOf = (outputs: readonly Output[]): number[] => chunksOf(outputs).flatMap(({ data }) => [...data]);
export const worst = (a: readonly number[], b: ArrayLike<number>): number =>
  a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0);

/** Results and gaps of audio stand side by side, each sample at its place. */
export function inStep(outputs: readonly Output[], rows: number): void {
  let at = 0;
  for (const { item } of outputs) {
    if (item.kind !== 'chunk' && item.kind !== 'gap') continue;
    expect(item.from).toBe(at);
    if (item.kind === 'chunk') expect(item.data.length).toBe(item.to - item.from);
    at = item.to;
  }
  expect(at).toBe(rows);
}
