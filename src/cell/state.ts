// The state arena: everything a stream remembers in one cell or operator is one run of bytes of a size fixed by its
// layout. A snapshot is a copy of those bytes; a fork is a copy; a slab holds many streams' states side by side.

import { assert } from '../base/assert.ts';
import { engineError } from '../base/errors.ts';

export type Dtype = 'f32' | 'f64' | 'u32' | 'i16';
export interface Slot {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}
export type Layout = Readonly<Record<string, Slot>>;
interface ViewTypes {
  f32: Float32Array;
  f64: Float64Array;
  u32: Uint32Array;
  i16: Int16Array;
}
export type ViewOf<D extends Dtype> = ViewTypes[D];
export type Views<L extends Layout> = { readonly [K in keyof L]: ViewOf<L[K]['dtype']> };

/** One stream's state in one place. `at.<slot>` are typed views into `bytes`. */
export interface State<L extends Layout = Layout> {
  readonly bytes: Uint8Array;
  readonly at: Views<L>;
}

export const f32 = (...shape: number[]): { readonly dtype: 'f32'; readonly shape: readonly number[] } => ({
  dtype: 'f32',
  shape,
});
export const f64 = (...shape: number[]): { readonly dtype: 'f64'; readonly shape: readonly number[] } => ({
  dtype: 'f64',
  shape,
});
export const u32 = (...shape: number[]): { readonly dtype: 'u32'; readonly shape: readonly number[] } => ({
  dtype: 'u32',
  shape,
});

export const i16 = (...shape: number[]): { readonly dtype: 'i16'; readonly shape: readonly number[] } => ({
  dtype: 'i16',
  shape,
});

const BYTES: Readonly<Record<Dtype, number>> = { f32: 4, f64: 8, u32: 4, i16: 2 };
const elements = (slot: Slot): number => slot.shape.reduce((product, size) => product * size, 1);
// Every slot starts on 8 bytes, so that float64 views are legal anywhere in an arena.
const slotBytes = (slot: Slot): number => (elements(slot) * BYTES[slot.dtype] + 7) & ~7;

/** What every state of a layout has in common. */
interface Plan {
  readonly bytes: number;
  readonly offsets: Readonly<Record<string, number>>;
  /** The names with nothing in them. */
  readonly blank: string;
}
const plans = new WeakMap<Layout, Plan>();

function planOf(layout: Layout): Plan {
  const known = plans.get(layout);
  if (known) return known;
  const offsets: Record<string, number> = {};
  let bytes = 0;
  for (const [name, slot] of Object.entries(layout)) {
    offsets[name] = bytes;
    bytes += slotBytes(slot);
  }
  const plan = { bytes, offsets, blank: JSON.stringify(Object.fromEntries(Object.keys(layout).map((k) => [k, null]))) };
  plans.set(layout, plan);
  return plan;
}

/** Bytes of one state with this layout, a multiple of 8. */
export const stateBytes = (layout: Layout): number => planOf(layout).bytes;

/** Where each slot begins in an arena of this layout, in bytes: for kernels that take addresses. */
export function slotOffsets<L extends Layout>(layout: L): { readonly [K in keyof L]: number } {
  return planOf(layout).offsets as { readonly [K in keyof L]: number };
}

/** A state over `buffer` at `byteOffset` (a slot of a slab), or over a buffer of its own. Zeroed only if freshly made. */
export function makeState<L extends Layout>(layout: L, buffer?: ArrayBufferLike, byteOffset = 0): State<L> {
  const size = stateBytes(layout);
  const arena = buffer ?? new ArrayBuffer(size);
  return { bytes: new Uint8Array(arena, byteOffset, size), at: viewsOf(layout, arena, byteOffset) };
}

/** The slots of a state of this layout that lies at `byteOffset`. */
export function viewsOf<L extends Layout>(layout: L, arena: ArrayBufferLike, byteOffset: number): Views<L> {
  const { bytes: size, offsets, blank } = planOf(layout);
  assert(byteOffset % 8 === 0 && byteOffset + size <= arena.byteLength, 'state slot outside its slab or unaligned');
  // Parsed, an object has all its places from the start; filled name by name, one with many becomes a hash table, five times
  // as large and slower to read.
  const at = JSON.parse(blank) as Record<string, ViewOf<Dtype>>;
  for (const name in layout) {
    const slot = layout[name]!;
    const [count, offset] = [elements(slot), byteOffset + offsets[name]!];
    if (slot.dtype === 'f32') at[name] = new Float32Array(arena, offset, count);
    else if (slot.dtype === 'f64') at[name] = new Float64Array(arena, offset, count);
    else if (slot.dtype === 'i16') at[name] = new Int16Array(arena, offset, count);
    else at[name] = new Uint32Array(arena, offset, count);
  }
  return at as Views<L>;
}

/** Zeros in every slot. */
export function clearState({ at }: State): void {
  for (const name in at) at[name]!.fill(0);
}

/** Overwrites `state` with snapshot bytes. ERR_STATE_LAYOUT when the sizes differ: the snapshot is of another model. */
export function restoreState(state: State, bytes: Uint8Array): void {
  if (bytes.length !== state.bytes.length) {
    throw engineError(
      'ERR_STATE_LAYOUT',
      `snapshot has ${bytes.length} state bytes, this pipeline needs ${state.bytes.length}`,
      {
        expected: 'a snapshot taken from the same pipeline, options and model',
      },
    );
  }
  state.bytes.set(bytes);
}

/** Several layouts as one, keys prefixed: `{ a: { h } }` becomes `{ 'a.h' }`. Order is kept, so bytes of a part are contiguous. */
export function joinLayouts(parts: Readonly<Record<string, Layout>>): Layout {
  const joined: Record<string, Slot> = {};
  for (const [prefix, layout] of Object.entries(parts)) {
    for (const [name, slot] of Object.entries(layout)) joined[`${prefix}.${name}`] = slot;
  }
  return joined;
}

/** The parts of a state made by `joinLayouts`, in the same order, as states over the same bytes. */
export function splitState<L extends Layout>(parts: Readonly<Record<string, L>>, whole: State): State<L>[] {
  let offset = whole.bytes.byteOffset;
  return Object.values(parts).map((layout) => {
    const part = makeState(layout, whole.bytes.buffer, offset);
    offset += part.bytes.length;
    return part;
  });
}
