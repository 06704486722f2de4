// ONNX graphs with many live streams: the onnx cell, which batches the rows that are ready in a worker thread, beside the same
// graph one stream after the other on the main thread (peers/onnx-graph.ts: nothing copied but the input). What a row costs,
// and how long the event loop keeps everybody else waiting meanwhile. Decision and figures: docs/adr/0012-onnx-in-workers.md.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { onnxCell, sileroManifest } from '../../cell/onnx/index.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { makeState } from '../../cell/state.ts';
import { exportOnnx } from '../../model/export/export-onnx.ts';
import { modelFromBytes } from '../../weights/model-from-bytes.ts';
import type { Model } from '../../weights/tensor.ts';
import { openPackagedModel } from '../open-pipeline.ts';
import { quantile } from '../print.ts';
import { type Candidate, interleave, ratioOf } from './interleave.ts';
import { openGraph, type StepGraph } from './peers/onnx-graph.ts';
import type { BenchContext, Report } from './record.ts';

/** `run`: a row of every stream at once, answered when all are. */
type Way = Candidate & { readonly run: () => Promise<unknown> };

const STREAMS = [1, 4, 16, 64];
const ROUNDS = 15;
const ROUND_MS = 40;
/** A row of every stream this often: Silero's hop, and three of our own models'. */
const PERIOD_MS = 32;
/** Of event loop watched, per way and number of streams, in slices that take turns. */
const SECONDS = 2;
const SLICES = 4;
/** The watch is a timer of 1 ms: what it reports beyond that is delay. */
const TIMER_NS = 1e6;
const WORKER = 'batched in a worker';
const MAIN = 'one by one on the main thread';
/** What the machine's other work does to the watch alone. */
const IDLE: Way = { name: 'no rows', run: () => Promise.resolve() };

export async function benchOnnx(report: Report, { options, note }: BenchContext): Promise<void> {
  const { repetitions: rounds = ROUNDS, roundMs = ROUND_MS, clock = 'cpu', seconds = SECONDS } = options;
  for (const [name, model] of await models(note)) {
    for (const streams of STREAMS) {
      const ways = [await inWorker(model, streams), await onMainThread(model, streams)];
      const timings = await interleave(ways, { rounds, roundMs, clock });
      const [worker, main] = [timings.get(WORKER)!, timings.get(MAIN)!];
      const label = `${name}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`;
      for (const timing of [worker, main]) {
        report({
          section: 'onnx',
          name: `${label}, ${timing.name}`,
          value: timing.median / streams,
          unit: 'us/row',
          spread: [timing.spread[0] / streams, timing.spread[1] / streams],
          ...(timing === worker && { baseline: MAIN, ratio: ratioOf(worker, main) }),
        });
      }
      await reportDelays(report, label, [...ways, IDLE], seconds);
    }
  }
}

/** Silero where its development dependency is installed, and our own model as `millrace export --onnx` writes it. */
async function models(note: BenchContext['note']): Promise<Map<string, Model>> {
  const found = new Map<string, Model>();
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('@ricky0123/vad-web'));
    const onnx = await readFile(join(folder, sileroManifest.onnx.file));
    found.set('Silero VAD', withGraph('silero', sileroManifest, onnx));
  } catch {
    note('Silero VAD is left out: it comes with the development dependencies (npm ci)');
  }
  const { onnx, config } = exportOnnx(await openPackagedModel('vad-ssm'));
  return found.set('vad-ssm exported', withGraph('vad-ssm', config, onnx));
}

function withGraph(name: string, config: object, onnx: Uint8Array): Model {
  return modelFromBytes({ name, config: new TextEncoder().encode(JSON.stringify(config)), onnx });
}

async function inWorker(model: Model, streams: number): Promise<Way> {
  const cell = await onnxCell(model);
  const rows = Array.from({ length: streams }, (_, i) => {
    const state = makeState(cell.layout);
    cell.init(state);
    return { state, x: noise(i, cell.dIn), y: new Float32Array(cell.dOut) };
  });
  return { name: WORKER, run: () => Promise.all(rows.map(({ state, x, y }) => cell.run(state, x, y))) };
}

async function onMainThread({ onnx, config }: Model, streams: number): Promise<Way> {
  const manifest = config.onnx as StepGraph & { readonly input: { readonly rows: number } };
  const graph = await openGraph(onnx!, manifest);
  const dIn = manifest.input.rows * manifest.input.width;
  const rows = Array.from({ length: streams }, (_, i) => ({ step: graph.start(), x: noise(i, dIn) }));
  return { name: MAIN, run: () => Promise.all(rows.map(({ step, x }) => step(x))) };
}

function noise(seed: number, length: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => 0.3 * random());
}

/** Medians of the slices' quantiles, and the longest delay of all. */
async function reportDelays(report: Report, label: string, ways: readonly Way[], seconds: number): Promise<void> {
  const slices = new Map(ways.map(({ name }) => [name, [] as { p50: number; p99: number; max: number }[]]));
  for (let slice = 0; slice < SLICES; slice++) {
    for (const way of ways) slices.get(way.name)!.push(await delaysDuring(way, seconds / SLICES));
  }
  const delay = (name: string, which: 'p50' | 'p99' | 'max'): number => {
    const values = slices.get(name)!.map((each) => each[which]);
    return which === 'max' ? Math.max(...values) : quantile(values, 0.5);
  };
  for (const which of ['p50', 'p99', 'max'] as const) {
    for (const { name } of ways) {
      const compared = { baseline: MAIN, ratio: delay(name, which) / delay(MAIN, which) };
      report({
        section: 'onnx',
        name: `${label}, event-loop delay ${which}, ${name}`,
        value: delay(name, which),
        unit: 'us',
        ...(name === WORKER && delay(MAIN, which) > 0 && compared),
      });
    }
  }
}

async function delaysDuring({ run }: Way, seconds: number): Promise<{ p50: number; p99: number; max: number }> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  for (let row = 0; row < (1000 * seconds) / PERIOD_MS; row++) {
    const next = sleep(PERIOD_MS);
    await Promise.all([run(), next]);
  }
  delays.disable();
  const us = (ns: number): number => Math.max(0, ns - TIMER_NS) / 1000;
  return { p50: us(delays.percentile(50)), p99: us(delays.percentile(99)), max: us(delays.max) };
}
