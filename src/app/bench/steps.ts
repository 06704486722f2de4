// What one row costs, of every shipped model and of one with round sizes (4 Mamba-2 layers 64 wide): the stack alone, engine beside engine and beside ONNX Runtime with the same
// model on one thread; and the whole pipeline a hop. All of them take turns. Stacks run on random rows of the size of
// log-mels, pipelines on the bundled recording, over and over.

import { asEngineError } from '../../base/errors.ts';
import { streamId } from '../../base/units.ts';
import type { Cell } from '../../cell/cell.ts';
import { makeNearState } from '../../cell/near-state.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { stateBytes } from '../../cell/state.ts';
import { exportOnnx } from '../../model/export/export-onnx.ts';
import { buildStack } from '../../pipeline/build-stack.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { Session } from '../../session/session.ts';
import type { Model } from '../../weights/tensor.ts';
import { systemClock } from '../clock.ts';
import { openPackagedModel } from '../open-pipeline.ts';
import { type Candidate, interleave, ratioOf, type Timing } from './interleave.ts';
import { openEngines } from './open-engines.ts';
import { openGraph, type StepGraph } from './peers/onnx-graph.ts';
import { bundledRecording } from './peers/recording.ts';
import { resampled } from './peers/resampled.ts';
import { referenceModel } from './random-models.ts';
import type { BenchContext, Report } from './record.ts';
import { type ShippedPipeline, shippedModels, shippedPipelines } from './shipped-models.ts';

const ONNX = 'onnxruntime-node';
const ROUNDS = 15;
const ROUND_MS = 40;
/** Rows that stacks are given in turn. */
const ROWS = 64;
/** A ring of attention is full by then, and its rows at their dearest. */
const WARM_UP_ROWS_MAX = 20_000;

export async function benchSteps(report: Report, context: BenchContext): Promise<void> {
  const { repetitions: rounds = ROUNDS, roundMs = ROUND_MS, clock = 'cpu' } = context.options;
  const how = { rounds, roundMs, clock };
  const engines = await openEngines(context);
  const models = await Promise.all((await shippedModels()).map(openPackagedModel));
  for (const model of [...models, referenceModel()]) {
    const { candidates, bytes } = await stacksOf(model, engines, context);
    reportStacks(report, model.name, await interleave(candidates, how));
    report({ section: 'steps', name: `${model.name}, state`, value: bytes, unit: 'bytes/stream' });
  }
  const candidates: Candidate[] = [];
  for (const engine of engines) {
    for (const shipped of await shippedPipelines(engine)) {
      candidates.push({ name: pipelineName(shipped, engine), run: await hopOf(shipped.loaded) });
    }
  }
  reportPipelines(report, await interleave(candidates, how));
}

const pipelineName = ({ name }: ShippedPipeline, engine: Engine): string => `${name}, pipeline, ${engine.name}`;

interface Stacks {
  readonly candidates: readonly Candidate[];
  readonly bytes: number;
}

/** One model on every engine and, where it can be exported, on ONNX Runtime. */
async function stacksOf(model: Model, engines: readonly Engine[], { note }: BenchContext): Promise<Stacks> {
  const candidates: Candidate[] = [];
  let [bytes, dIn] = [0, 0];
  for (const engine of engines) {
    const cell = buildStack(model, { engine });
    [bytes, dIn] = [stateBytes(cell.layout), cell.dIn];
    candidates.push({ name: engine.name, run: stepOf(cell) });
  }
  try {
    candidates.push({ name: ONNX, run: await onnxStepOf(model, dIn) });
  } catch (thrown) {
    note(`${model.name} has no ${ONNX} beside it: ${asEngineError(thrown).message}`);
  }
  return { candidates, bytes };
}

function stepOf(cell: Cell): () => void {
  const [next, state, y] = [rowsOf(cell.dIn), makeNearState(cell.layout).state, new Float32Array(cell.dOut)];
  cell.init(state);
  const rows = cell.contextRows === Infinity ? 0 : Math.min(cell.contextRows, WARM_UP_ROWS_MAX);
  for (let row = 0; row < rows; row++) cell.step(state, next(), y);
  return () => cell.step(state, next(), y);
}

async function onnxStepOf(model: Model, dIn: number): Promise<() => Promise<unknown>> {
  const { onnx, config } = exportOnnx(model);
  const graph = await openGraph(onnx, (config as { onnx: StepGraph }).onnx);
  const [next, run] = [rowsOf(dIn), graph.start()];
  return () => run(next());
}

/** Input row by row, over and over, in -8 .. -2 as the log-mels of a recording lie. */
function rowsOf(dIn: number): () => Float32Array {
  const random = seededRandom(1);
  const x = Float32Array.from({ length: ROWS * dIn }, () => 3 * random() - 5);
  let at = 0;
  return () => {
    at = (at + 1) % ROWS;
    return x.subarray(at * dIn, (at + 1) * dIn);
  };
}

/** A live stream of the pipeline: every call brings a hop of the recording and works it off. */
async function hopOf({ pipeline, ...loaded }: LoadedPipeline): Promise<() => unknown> {
  const { input } = pipeline;
  if (input.kind !== 'audio') throw new Error('shippedPipelines gives pipelines over audio only');
  const recording = await bundledRecording();
  const samples = resampled(recording.samples, recording.rateHz, input.rateHz);
  const source = { rateHz: input.rateHz, width: 1 };
  const session = new Session({
    id: streamId('bench'),
    loaded: { pipeline, ...loaded },
    source,
    clock: systemClock,
    onOutput: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  const hops = Math.floor(samples.length / input.hopRows);
  let hop = 0;
  return () => {
    hop = (hop + 1) % hops;
    session.rows(samples.subarray(hop * input.hopRows, (hop + 1) * input.hopRows));
    session.work();
  };
}

/** Everything beside ONNX Runtime where it is there, and the other engines beside the first one too. */
function reportStacks(report: Report, model: string, timings: ReadonlyMap<string, Timing>): void {
  const [first, ...others] = [...timings.values()].filter(({ name }) => name !== ONNX);
  const onnx = timings.get(ONNX);
  for (const timing of timings.values()) {
    const { name, median: value, spread } = timing;
    const beside = onnx && timing !== onnx ? { baseline: ONNX, ratio: ratioOf(timing, onnx) } : {};
    report({ section: 'steps', name: `${model}, stack, ${name}`, value, unit: 'us/row', spread, ...beside });
  }
  for (const timing of others) {
    const ratio = ratioOf(first!, timing);
    const name = `${model}, stack, ${timing.name} is faster than ${first!.name}`;
    report({ section: 'steps', name, value: ratio, unit: 'times' });
  }
}

/** Each beside the last one of the same pipeline and engine: the choices of `cell` end with the twin. */
function reportPipelines(report: Report, timings: ReadonlyMap<string, Timing>): void {
  const familyOf = (name: string): string => `${name.split(',')[0]}, ${name.split(', ').at(-1)}`;
  for (const timing of timings.values()) {
    const { name, median: value, spread } = timing;
    const twin = [...timings.values()].findLast((other) => familyOf(other.name) === familyOf(name))!;
    const beside = twin === timing ? {} : { baseline: twin.name, ratio: ratioOf(timing, twin) };
    report({ section: 'steps', name, value, unit: 'us/hop', spread, ...beside });
  }
}
