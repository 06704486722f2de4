// Every section of this folder with little to do: what it reports, not how fast anything is.

import { describe, expect, it } from 'vitest';
import { KERNELS } from './kernel-list.ts';
import { benchKernels } from './kernels.ts';
import { benchPeers } from './peers.ts';
import { PLAIN_KERNELS } from './plain-kernels.ts';
import { benchPrefill } from './prefill.ts';
import type { BenchOptions, BenchRecord, Section } from './record.ts';
import { shippedModels, shippedPipelines } from './shipped-models.ts';
import { benchSteps } from './steps.ts';

async function run(section: Section, options: BenchOptions) {
  const records: BenchRecord[] = [];
  const notes: string[] = [];
  await section((record) => records.push(record), { options, note: (text) => notes.push(text) });
  for (const { name, value, spread, ratio } of records) {
    expect(value, name).toBeGreaterThan(0);
    expect(Number.isFinite(value), name).toBe(true);
    if (spread) expect(value >= spread[0] && value <= spread[1], `${name} between its quartiles`).toBe(true);
    if (ratio !== undefined) expect(ratio, name).toBeGreaterThan(0);
  }
  expect(new Set(records.map(({ name, unit }) => `${name} ${unit}`)).size).toBe(records.length);
  const names = records.map(({ name }) => name);
  return { records, names, notes, by: (name: string) => records.find((record) => record.name === name)! };
}
const LITTLE: BenchOptions = { repetitions: 3, roundMs: 1, clock: 'wall' };

it('kernels: time and rate of every kernel', async () => {
  const { records } = await run(benchKernels, LITTLE);
  for (const kernel of Object.keys(KERNELS)) {
    const own = records.filter(({ name }) => name.startsWith(`${kernel}, `));
    expect(own.map(({ unit }) => unit)).toEqual(expect.arrayContaining(['ns/call', 'GFLOP/s']));
  }
  for (const kernel of Object.keys(PLAIN_KERNELS.kernels)) {
    expect(records.filter(({ name }) => name === `${kernel}, plain`)).toHaveLength(2);
  }
});

it('steps: every model of models/ beside ONNX Runtime, every pipeline that runs one, and what a stream holds', async () => {
  const { names, by } = await run(benchSteps, LITTLE);
  const models = await shippedModels();
  expect(models).toEqual(expect.arrayContaining(['vad-attention', 'vad-ssm']));
  for (const model of [...models, 'mamba2 4x64, random weights']) {
    expect(by(`${model}, stack, portable is faster than plain`).unit).toBe('times');
    expect(names).toContain(`${model}, stack, plain`);
    expect(by(`${model}, state`).unit).toBe('bytes/stream');
  }
  for (const model of ['vad-ssm', 'vad-attention']) {
    expect(by(`${model}, stack, plain`)).toMatchObject({ unit: 'us/row', baseline: 'onnxruntime-node' });
    expect(by(`${model}, stack, onnxruntime-node`)).not.toHaveProperty('ratio');
  }
  expect(by('vad-ssm, state').value).toBeLessThan(by('vad-attention, state').value);
  expect(names.filter((name) => name.startsWith('vad, cell=ssm, pipeline'))).not.toEqual([]);
});

it('shipped pipelines are found with the models that they open', async () => {
  const found = (await shippedPipelines()).map(({ name, models }) => [name, ...models]);
  expect(found).toContainEqual(['vad, cell=ssm', 'vad-ssm']);
  expect(found).toContainEqual(['vad, cell=attention', 'vad-attention']);
});

describe('prefill', () => {
  it('has time and state of both at every length; only the state of attention grows', async () => {
    const { by, records } = await run(benchPrefill, { ...LITTLE, rows: [64, 256] });
    expect(records.length).toBeGreaterThanOrEqual(2 * (4 + 2));
    expect(by('256 rows, mamba2, portable').baseline).toBe('attention, tiled');
    expect(by('256 rows, mamba2, chunks')).toMatchObject({ unit: 'us/row', baseline: 'attention, tiled' });
    expect(by('256 rows, mamba2, state').value).toBe(by('64 rows, mamba2, state').value);
    expect(by('256 rows, attention, state').value).toBeGreaterThan(3.9 * by('64 rows, attention, state').value);
  });

  it('says what it did not run, and how long that would have taken', async () => {
    const { by, names } = await run(benchPrefill, { ...LITTLE, rows: [64, 65_536], seconds: 1e-3 });
    const skipped = '64K rows, attention, steps: not run, over 0.001 s expected';
    expect(by(skipped).unit).toBe('s expected');
    expect(by(skipped).value).toBeGreaterThan(1);
    expect(names).not.toContain('64K rows, attention, steps');
    expect(names).toContain('64K rows, attention, state');
  });
});

it('peers: RNNoise and Silero beside ours, CPU a second of audio, and who is left out', async () => {
  const { by, notes } = await run(benchPeers, { ...LITTLE, repetitions: 1 });
  for (const peer of ['RNNoise', 'Silero VAD']) expect(by(peer).unit).toBe('CPU s/s of audio');
  expect(by('Silero VAD').baseline).toBe('vad, cell=ssm');
  expect(by('vad, cell=ssm')).not.toHaveProperty('ratio');
  expect(by('RNNoise, frame and lag')).toMatchObject({ value: 20, unit: 'ms' });
  expect(notes).toEqual(['GTCRN, UL-UNAS, DTLN are left out: no --peers folder']);
});
