// Rows of several streams as one batch in shared memory: which axis of each tensor counts the streams, which batch sizes there
// are, and copying a stream's row and state in and out. Whether a batch may be used at all is measured: batching.ts.

import type { Slot, State } from '../state.ts';
import { elements, type OnnxManifest } from './manifest.ts';
import type { BatchPlan, GraphMetadata, SlabTensor } from './worker-main.ts';

/** `context` [context rows, width] when the graph wants history; `state.<input name>` for each state tensor. All float32. */
export type OnnxLayout = Readonly<Record<string, Slot & { readonly dtype: 'f32' }>>;

/** One stream's row: x [dIn] -> y [dOut], both the caller's and untouched by it until the row is done. */
export interface Row {
  readonly state: State<OnnxLayout>;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Batch sizes unit, 2 unit, 4 unit .. max: see batching.ts. */
export interface Batching {
  readonly unit: number;
  readonly max: number;
}

/** The axis of the input and of each state that counts streams: the first that the graph leaves free and the manifest has as 1. */
export interface BatchAxes {
  readonly input: number;
  readonly states: readonly number[];
}

/** Undefined when a tensor has no such axis: then every row runs alone. */
export function batchAxes({ input, states }: OnnxManifest, graph: GraphMetadata): BatchAxes | undefined {
  const axisOf = (name: string, shape: readonly number[]): number => {
    const meta = graph.inputMetadata.find((found) => found.name === name);
    return meta?.isTensor ? shape.findIndex((size, i) => size === 1 && typeof meta.shape[i] === 'string') : -1;
  };
  const axes = { input: axisOf(input.name, input.shape), states: states.map((state) => axisOf(state.in, state.shape)) };
  const inOrder = elements(input.shape.slice(0, Math.max(axes.input, 0))) === 1; // a stream's rows lie in one piece
  return axes.input < 0 || axes.states.includes(-1) || !inOrder ? undefined : axes;
}

export function batchSizes({ unit, max }: Batching): number[] {
  const sizes = [unit];
  while (sizes.at(-1)! * 2 <= max) sizes.push(sizes.at(-1)! * 2);
  return sizes;
}

/**
 * The size to run for `ready` rows: the largest that they fill. The next one when they fill more than three quarters of it:
 * from there on padding costs less than what is left over (Silero, 16 against 8 + 4 + 2: 1.3 ms against 1.5).
 */
export function sizeFor(ready: number, batching: Batching): number {
  const sizes = batchSizes(batching);
  const filled = sizes.findLast((size) => size <= ready) ?? batching.unit;
  return filled * 2 <= sizes.at(-1)! && ready > 1.5 * filled ? filled * 2 : filled;
}

/** Shared memory of one batch size. */
export interface Slab {
  readonly plan: BatchPlan;
  /** Copies rows in; places behind them become 0. */
  write(rows: readonly Row[]): void;
  /** Copies the result at `place` into the row's y and state. */
  read(place: number, row: Row): void;
}

interface Part {
  readonly outer: number;
  readonly inner: number;
  readonly tensor: SlabTensor;
  readonly view: Float32Array;
}
/** The batch lies as [outer, size, inner]. Each tensor begins on 64 bytes, so that no two share a cache line. */
export function makeSlab(manifest: OnnxManifest, axes: BatchAxes | undefined, size: number): Slab {
  const { input, output, states, constants } = manifest;
  const tensors: [name: string, shape: readonly number[], axis: number][] = [
    [input.name, input.shape, axes?.input ?? 0],
    ...states.map((state, i): [string, readonly number[], number] => [state.in, state.shape, axes?.states[i] ?? 0]),
    [output.name, [1, output.width], 0],
    ...states.map((state, i): [string, readonly number[], number] => [state.out, state.shape, axes?.states[i] ?? 0]),
  ];
  const lengths = tensors.map(([, shape]) => size * elements(shape));
  const offsets = lengths.map((_, i) =>
    lengths.slice(0, i).reduce((sum, length) => sum + ((length * 4 + 63) & ~63), 0),
  );
  const slab = new SharedArrayBuffer(offsets.at(-1)! + 4 * lengths.at(-1)!);
  const parts = tensors.map(([name, shape, axis], i): Part => {
    const [offset, length] = [offsets[i]!, lengths[i]!];
    return {
      outer: elements(shape.slice(0, axis)),
      inner: elements(shape.slice(axis)),
      tensor: { name, dims: size === 1 ? shape : shape.with(axis, size), offset, length },
      view: new Float32Array(slab, offset, length),
    };
  });
  const [x, past] = [parts[0]!, parts.slice(1, 1 + states.length)];
  const [y, next] = [parts[1 + states.length]!, parts.slice(2 + states.length)];
  const slots = states.map((state) => `state.${state.in}`);
  const contextSize = input.context * input.width;
  const feeds = [x, ...past];
  return {
    plan: {
      slab,
      feeds: feeds.map(({ tensor }) => tensor),
      fetches: [y, ...next].map(({ tensor }) => tensor),
      constants,
    },
    write(rows) {
      if (rows.length < size) for (const { view } of feeds) view.fill(0);
      for (const [place, { state, x: row }] of rows.entries()) {
        const at = place * x.inner;
        if (contextSize > 0) x.view.set(state.at.context!, at);
        x.view.set(row, at + contextSize);
        for (const [i, part] of past.entries()) copyIn(part, size, place, state.at[slots[i]!]!);
      }
    },
    read(place, { state, y: result }) {
      result.set(y.view.subarray(place * y.inner, (place + 1) * y.inner));
      for (const [i, part] of next.entries()) copyOut(part, size, place, state.at[slots[i]!]!);
      if (contextSize > 0)
        state.at.context!.set(x.view.subarray((place + 1) * x.inner - contextSize, (place + 1) * x.inner));
    },
  };
}

function copyIn({ outer, inner, view }: Part, size: number, place: number, values: Float32Array): void {
  if (outer === 1) return view.set(values, place * inner);
  for (let o = 0; o < outer; o++) view.set(values.subarray(o * inner, (o + 1) * inner), (o * size + place) * inner);
}
function copyOut({ outer, inner, view }: Part, size: number, place: number, values: Float32Array): void {
  for (let o = 0; o < outer; o++) {
    const from = (o * size + place) * inner;
    values.set(view.subarray(from, from + inner), o * inner);
  }
}
