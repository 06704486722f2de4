// Small real pipelines for tests of the server: they have state, hops, missing values and work done elsewhere.

import { engineError } from '../../src/base/errors.ts';
import { f32, u32 } from '../../src/cell/state.ts';
import type { Item } from '../../src/item/item.ts';
import { makeStage } from '../../src/operator/make-stage.ts';
import type { Stage } from '../../src/operator/stage.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { definePipeline, type Pipeline } from '../../src/pipeline/define-pipeline.ts';
import type { OpenPipeline } from '../../src/transport/bridge-context.ts';

const HOP = 160;
const LAYOUT = { energy: f32(1), rows: u32(1) } as const;

/** Leaky energy of hops of 160 samples. A hop touched by a gap is a gap; an end gives the last, short hop. */
function energyStage(leak: number): Stage {
  return makeStage(
    (context, emit) => {
      const { at } = context.state('energy', LAYOUT, ({ at }) => {
        at.energy.fill(0);
        at.rows.fill(0);
      });
      const detect = (item: Item, end: number) => {
        const from = end - at.rows[0]!;
        emit({ kind: 'detection', name: 'energy', from, to: end, pts: item.pts, values: { energy: at.energy[0]! } });
        at.rows[0] = 0;
      };
      return {
        chunk(item) {
          for (let row = 0; row < item.rows; row++) {
            const x = item.data[row]!;
            at.energy[0] = at.energy[0]! * leak + (1 - leak) * x * x;
            at.rows[0]! += 1;
            if (at.rows[0] === HOP) detect(item, item.from + row + 1);
          }
        },
        gap(item) {
          emit({ ...item, from: item.from - at.rows[0]! });
          at.rows[0] = 0;
        },
        mark(item) {
          if (at.rows[0]! > 0 && item.what !== 'flush') detect(item, item.from);
          if (item.what === 'reset') at.energy.fill(0);
          emit(item);
        },
      };
    },
    [{ op: 'energy', values: ['energy'] }],
  );
}

const energy = definePipeline({
  name: 'energy',
  summary: 'Leaky energy of audio',
  input: { kind: 'audio', rateHz: 16_000, width: 1, hopRows: HOP },
  options: { leak: { type: 'number', default: 0.99, min: 0, max: 1, help: 'how slowly it forgets' } },
  load: async () => undefined,
  stages: (_, options) => [energyStage(options.leak as number)],
  modelIds: () => ['00ff'],
});

/** Leaky mean per column as its own forecast; a missing value keeps the mean and has no anomaly. */
const mean = definePipeline({
  name: 'mean',
  summary: 'Leaky mean of sensor columns',
  input: { kind: 'sensor', rateHz: 0, width: 0, hopRows: 1 },
  options: {},
  load: async () => undefined,
  modelIds: () => [],
  stages: (_, __, { width }) => [
    makeStage((context, emit) => {
      const state = context.state('mean', { mean: f32(width) }, ({ at }) => at.mean.fill(0));
      return {
        chunk(item) {
          for (let row = 0; row < item.rows; row++) {
            const anomaly = new Float32Array(width);
            for (let i = 0; i < width; i++) {
              const x = item.data[row * width + i]!;
              anomaly[i] = Math.abs(x - state.at.mean[i]!);
              if (x === x) state.at.mean[i] = 0.9 * state.at.mean[i]! + 0.1 * x;
            }
            const now = state.at.mean.slice();
            const from = item.from + row;
            const pts = (item.times?.[row] ?? item.pts) as typeof item.pts;
            const place = { kind: 'forecast', from, to: from + 1, pts, width, horizons: Uint32Array.of(1) } as const;
            emit({ ...place, mean: now, lower: now, upper: now, anomaly });
          }
        },
      };
    }),
  ],
});

/** Sends every chunk back after work elsewhere, as ONNX Runtime would. */
const echo = definePipeline({
  name: 'echo',
  summary: 'Audio back, asynchronously',
  input: { kind: 'audio', rateHz: 16_000, width: 1, hopRows: 1 },
  options: {},
  load: async () => undefined,
  modelIds: () => [],
  stages: () => [
    makeStage((context, emit) => ({
      chunk(item) {
        const copy = { ...item, data: item.data.slice() };
        context.busy(new Promise<void>((resolve) => setImmediate(resolve)).then(() => emit(copy)));
      },
    })),
  ],
});

/** Breaks on a sample above 1: stands for a bug in an operator. */
const fragile = definePipeline({
  ...energy,
  name: 'fragile',
  stages: () => [
    makeStage((_, emit) => ({
      chunk(item) {
        if (item.data.some((x) => x > 1)) throw new Error('a bug');
        emit(item);
      },
    })),
  ],
});

const all: readonly Pipeline[] = [energy, mean, echo, fragile] as readonly Pipeline[];

export const openTestPipeline: OpenPipeline = async (name, options) => {
  const pipeline = all.find((candidate) => candidate.name === name);
  if (!pipeline) {
    throw engineError('ERR_PIPELINE_UNKNOWN', `no pipeline ${name}`, { expected: 'energy, mean, echo, fragile' });
  }
  return loadPipeline(pipeline, options, () => Promise.reject(new Error('these have no models')));
};
