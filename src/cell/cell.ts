// The contract of a sequence cell: parameters inside, state passed in. A cell object holds weights and scratch space only;
// it serves any number of streams on one thread. Laws that every kind obeys: laws.ts.

import type { Region } from '../kernel/wasm/region.ts';
import type { Simd } from '../kernel/wasm/simd.ts';
import type { Layout, State } from './state.ts';

export interface Cell<L extends Layout = Layout> {
  readonly kind: string;
  /** Width of an input row and of an output row. */
  readonly dIn: number;
  readonly dOut: number;
  /** What one stream's state holds; its size never changes. */
  readonly layout: L;
  /** How many rows back (this one included) y can depend on: Infinity for a recurrence, the window for attention. */
  readonly contextRows: number;
  /** Writes the start state. Every byte is set: an arena may be dirty. */
  init(state: State<L>): void;
  /** One row: x [dIn] -> y [dOut]. Runs to completion, mutates `state` and `y` only, allocates nothing. x and y must not alias. */
  step(state: State<L>, x: Float32Array, y: Float32Array): void;
  /** Many rows: x [rows, dIn] -> y [rows, dOut]. The same bytes as `rows` steps unless the cell declares `scanRtol`. */
  scan?(state: State<L>, x: Float32Array, y: Float32Array, rows: number): void;
  /** Relative tolerance of a blocked `scan` against steps; absent means bitwise equal. */
  readonly scanRtol?: number;
  /**
   * A row that came `dt` rows of time after the one before it (1 = on time): exact under zero-order hold for time-invariant
   * cells, a documented factor on dt for selective ones. stepAfter(s, x, y, 1) is step(s, x, y), to the bit.
   */
  stepAfter?(state: State<L>, x: Float32Array, y: Float32Array, dt: number): void;
  /** Other forms of `scan` (chunked, associative, fft): equal to steps within `rtol` of max|y|, end state included. */
  readonly forms?: Readonly<Record<string, ScanForm<L>>>;
  /** Floating-point operations of one step, a multiply-add as two, at the longest context. */
  readonly flops?: number;
  /**
   * The same cell on the WebAssembly kernels: puts its weights and scratch into `region`. Same layout, same meaning of every
   * byte of state, other rounding. Whoever wants a Cell of it calls `lowerCell` (lower-cell.ts).
   */
  lower?(simd: Simd, region: Region): Lowered;
  /** Time moves on by `rows` without input (a gap): state decays as if held. skip(a); skip(b) = skip(a + b) within rounding. */
  skip?(state: State<L>, rows: number): void;
}

/** Rows of one call to a lowered scan at most: its scratch holds as many. Weights stay in cache over sixteen rows. */
export const LOWERED_ROWS_MAX = 16;

/** A cell whose state and rows lie in the kernel memory: addresses in, nothing copied. */
export interface Lowered {
  /**
   * x [rows, dIn] -> y [rows, dOut], 1 <= rows <= LOWERED_ROWS_MAX, at addresses in bytes; x and y must not overlap. The bytes
   * of y and of the state do not depend on how rows are split into calls. Allocates nothing.
   */
  scan(state: number, x: number, y: number, rows: number): void;
}

export interface ScanForm<L extends Layout = Layout> {
  readonly rtol: number;
  /** x [rows, dIn] -> y [rows, dOut] from any state; may allocate. */
  scan(state: State<L>, x: Float32Array, y: Float32Array, rows: number): void;
}

/** A cell whose arithmetic runs elsewhere (ONNX Runtime). One `run` per row; never two at once on one state. */
export interface AsyncCell<L extends Layout = Layout>
  extends Omit<Cell<L>, 'step' | 'scan' | 'scanRtol' | 'stepAfter' | 'forms' | 'lower'> {
  run(state: State<L>, x: Float32Array, y: Float32Array): Promise<void>;
}
