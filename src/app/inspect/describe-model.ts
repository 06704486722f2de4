// What a checkpoint is and costs, as a record and as a table: layers, parameters, state of a stream, keys and values as a
// context grows, work of a step.

import type { TokenModel } from '../../model/token-model.ts';
import { byteSize, table } from '../print.ts';

/** Rows at which keys and values are counted. */
const CONTEXTS = [1024, 16_384, 65_536];

export interface ModelReport {
  readonly name: string;
  readonly id: string;
  readonly type: string;
  readonly parameters: number;
  readonly vocabSize: number;
  readonly dModel: number;
  readonly layers: TokenModel['layers'];
  /** Of one stream, from its first row to its last. */
  readonly stateBytes: number;
  /** Rows a stream may have; null: any number. */
  readonly rowsMax: number | null;
  /** Keys and values after so many rows, were the context unbounded. */
  readonly kvBytes: Readonly<Record<string, number>>;
  readonly flopsPerStep: number;
}

export function reportModel(name: string, id: string, model: TokenModel): ModelReport {
  const { type, parameters, vocabSize, dModel, layers, cell } = model;
  return {
    name,
    id,
    type,
    parameters,
    vocabSize,
    dModel,
    layers,
    stateBytes: layers.reduce((sum, { stateBytes }) => sum + stateBytes, 0),
    rowsMax: Number.isFinite(model.rowsMax) ? model.rowsMax : null,
    kvBytes: Object.fromEntries(CONTEXTS.map((rows) => [rows, model.kvBytesAt(rows)])),
    flopsPerStep: cell.flops ?? 0,
  };
}

export function describeModel(report: ModelReport): string {
  const { name, type, parameters, vocabSize, dModel, layers, kvBytes } = report;
  const rows = layers.map((layer) => [layer.name, layer.kind, byteSize(layer.stateBytes), count(layer.flops)]);
  const kv = CONTEXTS.map((context) => `${byteSize(kvBytes[context]!)} at ${context / 1024}K`).join(', ');
  const attends = Object.values(kvBytes).some((bytes) => bytes > 0);
  const length = report.rowsMax === null ? 'whatever its length' : `for streams of up to ${report.rowsMax} rows`;
  return [
    `${name}: ${type}, ${count(parameters)} parameters, ${vocabSize} tokens, width ${dModel}`,
    '',
    table([['layer', 'kind', 'state', 'flop a step'], ...rows]),
    '',
    `state of a stream  ${byteSize(report.stateBytes)}, ${length}`,
    `keys and values    ${attends ? kv : 'none'}`,
    `flop a step        ${count(report.flopsPerStep)}, norms included, at the longest context`,
  ].join('\n');
}

/** 12.3 M */
function count(value: number): string {
  if (value < 10_000) return String(value);
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    if (value < 1000 * size) return `${(value / size).toFixed(1)} ${unit}`;
  }
  return `${(value / 1e12).toFixed(1)} T`;
}
