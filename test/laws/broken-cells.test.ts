// The laws must be able to fail: each is given a cell that breaks it, and a sound cell that keeps them all.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import * as laws from '../../src/cell/laws.ts';
import { f32, type State } from '../../src/cell/state.ts';

/** A leaky sum: h = h / 2 + x, y = h. */
const sound = (): Cell => ({
  kind: 'leaky sum',
  dIn: 1,
  dOut: 1,
  layout: { h: f32(1) },
  contextRows: Infinity,
  init: ({ at }) => {
    at.h![0] = 0;
  },
  step({ at }, x, y) {
    at.h![0] = at.h![0]! / 2 + x[0]!;
    y[0] = at.h![0]!;
  },
  skip({ at }, rows) {
    at.h![0] = at.h![0]! / 2 ** rows;
  },
});
const cellWith = (change: Partial<Cell>) => ({ make: (): Cell => ({ ...sound(), ...change }) });
const naive = (x: Float32Array): Float64Array => {
  let h = 0;
  return Float64Array.from(x, (value) => {
    h = h / 2 + value;
    return h;
  });
};
let heap = 0;
const stillHeap = (): number => 0;

describe('a sound cell', () => {
  it('keeps every law', () => {
    const sample = { make: sound, naive };
    laws.startable(sample);
    laws.chunking(sample);
    laws.causal(sample);
    laws.forgetting(sample);
    laws.isolated(sample);
    laws.constant(sample, stillHeap);
    laws.resumable(sample);
    laws.finite(sample, 5000);
    laws.faithful(sample);
    laws.skippable(sample);
  });
});

describe('a broken cell is caught', () => {
  const { step } = sound();

  it('whose scan is not its steps', () => {
    const scan = (state: State, x: Float32Array, y: Float32Array, rows: number): void => {
      for (let t = 0; t < rows; t++) step(state, x.subarray(t), y.subarray(t));
      if (rows === 13) y[12]! *= 1 + 1e-6;
    };
    expect(() => laws.chunking(cellWith({ scan }))).toThrow(/scan differs from steps/);
  });

  it('that looks ahead', () => {
    const ahead = (state: State, x: Float32Array, y: Float32Array): void => {
      step(state, x, y);
      y[0]! += new Float32Array(x.buffer, x.byteOffset)[1] ?? 0;
    };
    expect(() => laws.causal(cellWith({ step: ahead }))).toThrow(/sees row/);
  });

  it('that remembers longer than it says', () => {
    expect(() => laws.forgetting(cellWith({ contextRows: 6 }))).toThrow(/beyond contextRows/);
  });

  it('that keeps state in the cell object', () => {
    let hidden = 0;
    const shared = (_state: State, x: Float32Array, y: Float32Array): void => {
      hidden = hidden / 2 + x[0]!;
      y[0] = hidden;
    };
    expect(() => laws.isolated(cellWith({ step: shared }))).toThrow(/interleaved/);
    expect(() => laws.resumable(cellWith({ step: shared }))).toThrow(/does not continue/);
  });

  it('that keeps memory, or makes arrays', () => {
    const growing = (): number => (heap += 1_000_000);
    expect(() => laws.constant(cellWith({}), growing)).toThrow(/kept 1000000 bytes/);
    for (const make of [() => new Float32Array(1), () => new Float32Array(4).subarray(1)]) {
      const wasteful = (state: State, x: Float32Array, y: Float32Array): void => {
        make();
        step(state, x, y);
      };
      expect(() => laws.constant(cellWith({ step: wasteful }), stillHeap)).toThrow(/typed arrays/);
    }
  });

  it('that does not set all of its start state', () => {
    expect(() => laws.startable(cellWith({ init: () => {} }))).toThrow(/dirty arena/);
    expect(() => laws.finite(cellWith({ init: () => {} }), 10)).toThrow(/not finite/);
    expect(() => laws.faithful({ ...cellWith({ init: () => {} }), naive })).toThrow(/slow twin/);
  });

  it('that blows up on a constant', () => {
    const sum = ({ at }: State, x: Float32Array, y: Float32Array): void => {
      at.h![0] = at.h![0]! * 1.5 + x[0]!;
      y[0] = at.h![0]!;
    };
    expect(() => laws.finite(cellWith({ step: sum }), 1000)).toThrow(/dc: y is not finite/);
  });

  it('that is not what its twin says', () => {
    expect(() => laws.faithful({ make: sound, naive: (x) => naive(x).map((v) => v * 1.0001) })).toThrow(/slow twin/);
  });

  it('whose skips do not add up', () => {
    const forgetful = ({ at }: State): void => {
      at.h![0] = at.h![0]! / 2;
    };
    expect(() => laws.skippable(cellWith({ skip: forgetful }))).toThrow(/skip\(0\)/);
    const off = ({ at }: State, rows: number): void => {
      if (rows > 0) at.h![0] = at.h![0]! / (1 + rows);
    };
    expect(() => laws.skippable(cellWith({ skip: off }))).toThrow(/differs from skip/);
  });
});
