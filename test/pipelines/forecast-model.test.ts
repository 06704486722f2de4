// The forecaster with a model trained beforehand: the networks say what the training code's say (on rows, on the series the
// rows are made of, at uneven times), and every law of the forecaster holds with one more expert in it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import { makeNearState } from '../../src/cell/near-state.ts';
import { makeState } from '../../src/cell/state.ts';
import type { Forecast, Item } from '../../src/item/item.ts';
import { type ForecastOptions, forecast, INPUTS, MODEL_KNOTS } from '../../src/operator/forecast/index.ts';
import { buildStack } from '../../src/pipeline/build-stack.ts';
import { type Engine, loadEngine } from '../../src/pipeline/engine.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { parseSafetensors } from '../../src/weights/safetensors.ts';
import { tensor } from '../../src/weights/tensor.ts';
import { relativeError } from '../helpers/golden.ts';
import { chunkOf, gapOf, markOf, printed, RATE_HZ, seeded } from '../helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../helpers/run-stage.ts';

const MODELS = ['forecast-ssm', 'forecast-attention'] as const;
const folderOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
const KNOTS = MODEL_KNOTS.length;

async function load(name: string, engine?: Engine) {
  const opened = await openModel(folderOf(name));
  const basis = tensor(opened.weights, 'basis.weight', [4, KNOTS]);
  return { cell: buildStack(opened, engine ? { engine } : {}), basis, coefficients: 4 };
}
const tensors = new Map(
  MODELS.map((name) => [name, parseSafetensors(readFileSync(`${folderOf(name)}/golden.safetensors`))]),
);
const golden = (name: (typeof MODELS)[number]) => (vector: string) =>
  Float32Array.from(tensors.get(name)!.get(vector)!.data as ArrayLike<number>);

/** x [rows, INPUTS] -> [rows, KNOTS], at the given pace. */
function steps(cell: Cell, x: Float32Array, pace?: Float32Array): Float32Array {
  const rows = x.length / INPUTS;
  const y = new Float32Array(rows * KNOTS);
  const state = makeState(cell.layout);
  cell.init(state);
  for (let t = 0; t < rows; t++) {
    const row = x.subarray(t * INPUTS, (t + 1) * INPUTS);
    const said = y.subarray(t * KNOTS, (t + 1) * KNOTS);
    if (pace) cell.stepAfter!(state, row, said, pace[t]!);
    else cell.step(state, row, said);
  }
  return y;
}

const OPTIONS: ForecastOptions = { width: 1, horizon: 4, seasonRows: 6, coverage: 0.9, cell: 'ssm', rateHz: RATE_HZ };
const wave = (row: number, season = 6) => Math.sin((2 * Math.PI * row) / season);

describe.each(MODELS)('%s', (name) => {
  const vectors = golden(name);

  it.each([undefined, 'portable'])('says what the training code says, step by step, on engine %s', async (engine) => {
    const { cell } = await load(name, engine ? await loadEngine(engine) : undefined);
    expect([cell.dIn, cell.dOut]).toEqual([INPUTS, KNOTS]);
    expect(relativeError(steps(cell, vectors('out.features')), vectors('out.logits'))).toBeLessThan(1e-5);
    if (name === 'forecast-attention') return;
    const uneven = steps(cell, vectors('out.features'), vectors('uneven.pace'));
    expect(relativeError(uneven, vectors('uneven.logits'))).toBeLessThan(1e-5);
  });

  it('is given the rows that the training code makes of a series', async () => {
    const options = { ...OPTIONS, seasonRows: 24, horizon: 30, model: await load(name) };
    const stream = openStream(forecast(options));
    const [values, logits] = [vectors('in.values'), vectors('out.logits')];
    for (let row = 0; row < values.length; row++) {
      stream.push(chunkOf(row, values.subarray(row, row + 1)));
      if (row < 23 || row % 12 !== 0) continue;
      // 8 bytes of time, what the row itself is, then what the network said of it
      const said = new Float32Array(stream.snapshot().get('forecast.model.said')!.buffer, 12, KNOTS);
      expect(relativeError(said, logits.subarray((row - 23) * KNOTS, (row - 22) * KNOTS)), `${row}`).toBeLessThan(1e-4);
    }
  });

  const random = seeded(3);
  const broken = Float32Array.from({ length: 200 }, (_, i) => (random() < 0.1 ? NaN : wave(i >> 1) + random()));
  const items: Item[] = [
    chunkOf(0, broken.subarray(0, 100), 2),
    gapOf(50, 53),
    chunkOf(53, broken.subarray(100, 140), 2),
    gapOf(73, 90),
    gapOf(90, 300),
    chunkOf(300, broken.subarray(140), 2),
    markOf('end', 330),
  ];

  it.each(['ssm', 'attention'] as const)('obeys the laws beside the %s reader', async (cell) => {
    const stage = forecast({ ...OPTIONS, width: 2, cell, quantiles: true, model: await load(name) });
    expectChunkInvariant(stage, items, { runs: 15 });
    expectResumable(stage, items, { runs: 15 });
    const stream = openStream(stage);
    const bytes = stream.stateBytes();
    const first = stream.push(...items) as Forecast[];
    expect(first.filter(({ kind }) => kind === 'forecast').length).toBe(100);
    expect(first[0]!.expertNames!.at(-1)).toBe('trained');
    stream.push(markOf('reset', 330));
    const again = stream.push(...items) as Forecast[];
    expect(again.map(({ mean }) => mean)).toEqual(first.map(({ mean }) => mean));
    expect(stream.stateBytes()).toBe(bytes);
  });

  it('gives the same in the kernel memory and elsewhere', async () => {
    const engine = await loadEngine('portable');
    const stage = forecast({ ...OPTIONS, width: 2, simd: engine.simd, model: await load(name, engine) });
    const near = openStream(stage, undefined, (layout) => makeNearState(layout).state);
    const away = openStream(stage);
    expect(printed(near.push(...items))).toEqual(printed(away.push(...items)));
    expect(near.snapshot()).toEqual(away.snapshot());
  });

  it('stays finite on signals that break naive arithmetic, and over a gap of a million rows', async () => {
    const noise = seeded(5);
    const signals: Record<string, (row: number) => number> = {
      constant: () => 101_325,
      extreme: (row) => (row % 2 === 0 ? 3.4e38 : -3.4e38),
      tiny: (row) => 1e-38 * wave(row),
      step: (row) => (row < 300 ? 0.001 * noise() : 1e6),
      'mostly missing': (row) => (row > 0 && noise() < 0.95 ? NaN : wave(row)),
    };
    const stage = forecast({ ...OPTIONS, model: await load(name) });
    for (const [signal, f] of Object.entries(signals)) {
      const data = (from: number) => Float32Array.from({ length: 400 }, (_, i) => f(from + i));
      const out = runStage(stage, [chunkOf(0, data(0)), gapOf(400, 1_000_400), chunkOf(1_000_400, data(1_000_400))]);
      const means = out.flatMap((item) => (item.kind === 'forecast' ? [...item.mean] : []));
      expect(means.every(Number.isFinite), signal).toBe(true);
      if (signal === 'constant') expect(means.every((v) => v === 101_325)).toBe(true);
    }
  });
});

describe('a season of another length', () => {
  it.each([7, 60])('of %i rows is forecast by the trained expert as one of 24 is', async (season) => {
    const model = await load('forecast-ssm');
    const random = seeded(7);
    const rows = 30 * season;
    const data = Float32Array.from({ length: rows }, (_, row) => 5 * wave(row, season) + 0.3 * random());
    const options: ForecastOptions = { ...OPTIONS, seasonRows: season, horizon: season, quantiles: true, model };
    const out = runStage(forecast(options), [chunkOf(0, data)]) as Forecast[];
    for (const { mean, to } of out.slice(-season - 5, -season)) {
      for (let j = 0; j < season; j++) expect(Math.abs(mean[j]! - data[to + j]!)).toBeLessThan(0.8);
    }
  });
});
