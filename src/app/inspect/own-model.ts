// Millrace's own models (config.millrace: rows in, readings out, no tokens): what they cost, and how far they are from the
// golden.safetensors that the training code put beside them.

import { sigmoid } from '../../base/math.ts';
import type { Cell } from '../../cell/cell.ts';
import { makeState, stateBytes } from '../../cell/state.ts';
import { buildStack } from '../../pipeline/build-stack.ts';
import { configReader } from '../../weights/config-reader.ts';
import type { RawTensor } from '../../weights/safetensors.ts';
import { type Model, tensor } from '../../weights/tensor.ts';
import { byteSize } from '../print.ts';
import { errorMeter } from '../verify/error-meter.ts';
import type { Comparison } from '../verify/verify-model.ts';

export const isOwnModel = (model: Model): boolean =>
  typeof model.config.millrace === 'object' && model.config.millrace !== null;

export interface OwnReport {
  readonly name: string;
  readonly id: string;
  readonly type: unknown;
  readonly parameters: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly stateBytes: number;
  readonly flopsPerStep: number;
  /** Slots of a stream's state and their bytes. */
  readonly state: Readonly<Record<string, number>>;
}

export function reportOwnModel(model: Model): OwnReport {
  const cell = buildStack(model);
  const state = Object.entries(cell.layout).map(([slot, layout]) => [slot, stateBytes({ [slot]: layout })]);
  return {
    name: model.name,
    id: model.id,
    type: model.config.model_type,
    parameters: [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    dIn: cell.dIn,
    dOut: cell.dOut,
    stateBytes: stateBytes(cell.layout),
    flopsPerStep: cell.flops ?? 0,
    state: Object.fromEntries(state),
  };
}

export function describeOwnModel(report: OwnReport): string {
  const { name, type, parameters, dIn, dOut, flopsPerStep, state } = report;
  return [
    `${name}: ${String(type)}, ${parameters} parameters, rows of ${dIn} in, ${dOut} out`,
    ...Object.entries(state).map(([slot, bytes]) => `  ${slot.padEnd(20)} ${byteSize(bytes)}`),
    `state of a stream  ${byteSize(report.stateBytes)}, whatever its length`,
    `flop a step        ${flopsPerStep}`,
  ].join('\n');
}

/**
 * The features of the golden file (out.features) through the model, whole and stepwise, against the training code's outputs
 * (out.logits, before the activation) and, where the layout is the same, its last states (state.<layer>.<slot>).
 * @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE for what the golden file lacks
 */
export function verifyOwnModel(model: Model, golden: ReadonlyMap<string, RawTensor>): Comparison[] {
  const cell = buildStack(model);
  const vectors = new Map(
    [...golden].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data as ArrayLike<number>) }]),
  );
  const rows = vectors.get('out.features')?.shape[0] ?? 0;
  const x = tensor(vectors, 'out.features', [rows, cell.dIn]);
  const logits = tensor(vectors, 'out.logits', [rows * cell.dOut]);
  const activation = configReader(model).section('millrace').section('ends').text('activation', 'none');
  const wanted = activation === 'sigmoid' ? logits.map((logit) => sigmoid(logit)) : logits;
  const { y: whole } = run(cell, x, rows, true);
  const { y: stepped, at } = run(cell, x, rows, false);
  const states = Object.keys(cell.layout).flatMap((slot): Comparison[] => {
    const [, layer, name] = /^layers\.(\d+)\.(conv|ssm)$/.exec(slot) ?? [];
    const expected = vectors.get(`state.${layer}.${name}`)?.data;
    return expected ? [{ name: `step/state.${slot}`, error: relative(at[slot]!, expected) }] : [];
  });
  return [
    { name: 'full/output', error: relative(whole, wanted) },
    { name: 'step/output', error: relative(stepped, wanted) },
    ...states,
  ];
}

function run(cell: Cell, x: Float32Array, rows: number, whole: boolean) {
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(rows * cell.dOut);
  if (whole && cell.scan) cell.scan(state, x, y, rows);
  else {
    for (let t = 0; t < rows; t++) {
      const input = x.subarray(t * cell.dIn, (t + 1) * cell.dIn);
      cell.step(state, input, y.subarray(t * cell.dOut, (t + 1) * cell.dOut));
    }
  }
  return { y, at: state.at };
}

function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number | undefined {
  const meter = errorMeter();
  for (let i = 0; i < expected.length; i++) meter.add(actual[i]!, expected[i]!);
  return meter.value();
}
