// The laws of other forms and of irregular steps must be able to fail: each is given a cell that breaks it.

import { describe, expect, it } from 'vitest';
import type { Cell, ScanForm } from '../../src/cell/cell.ts';
import * as laws from '../../src/cell/laws-forms.ts';
import { f32, type State } from '../../src/cell/state.ts';

/** A leaky sum: h = h / 2 + x, y = h. */
function step({ at }: State, x: Float32Array, y: Float32Array): void {
  at.h![0] = at.h![0]! / 2 + x[0]!;
  y[0] = at.h![0]!;
}
const leakyWith = (change: Partial<Cell>) => ({
  make: (): Cell => ({
    kind: 'leaky sum',
    dIn: 1,
    dOut: 1,
    layout: { h: f32(1) },
    contextRows: Infinity,
    init: ({ at }) => {
      at.h![0] = 0;
    },
    step,
    ...change,
  }),
});
const formWith = (scan: ScanForm['scan'], rtol = 1e-6) => leakyWith({ forms: { loop: { rtol, scan } } });
const loop: ScanForm['scan'] = (state, x, y, rows) => {
  for (let t = 0; t < rows; t++) step(state, x.subarray(t), y.subarray(t));
};

describe('forms', () => {
  it('lets a sound form pass, and a cell without any', () => {
    laws.forms(formWith(loop));
    laws.forms(leakyWith({}));
  });

  it.each<[string, ScanForm['scan'], RegExp]>([
    [
      'drops its last rows',
      (state, x, y, rows) => {
        loop(state, x, y, rows);
        if (rows % 16 === 15) y[rows - 1] = 0;
      },
      /31 rows after 0: y is further/,
    ],
    [
      'starts anew',
      (state, x, y, rows) => {
        state.at.h![0] = 0;
        loop(state, x, y, rows);
      },
      /y in two calls|after 23: y is further/,
    ],
    [
      'leaves another end state',
      (state, x, y, rows) => {
        loop(state, x, y, rows);
        state.at.h![0]! *= 1.001;
      },
      /slot h/,
    ],
    [
      'writes its input',
      (state, x, y, rows) => {
        loop(state, x, y, rows);
        x[0] = 0;
      },
      /writes its input/,
    ],
  ])('catches one that %s', (_what, scan, message) => {
    expect(() => laws.forms(formWith(scan))).toThrow(message);
  });

  it('catches a tolerance that allows anything', () => {
    expect(() => laws.forms(formWith(loop, 1e-3))).toThrow(/declares an rtol/);
  });
});

describe('irregular', () => {
  it('lets a sound stepAfter pass, and a cell without one', () => {
    laws.irregular(leakyWith({ stepAfter: step }));
    laws.irregular(leakyWith({}));
  });

  it('catches a row on time that is not a step', () => {
    const off = (state: State, x: Float32Array, y: Float32Array): void => {
      step(state, x, y);
      y[0]! *= 1 + 1e-6;
    };
    expect(() => laws.irregular(leakyWith({ stepAfter: off }))).toThrow(/stepAfter\(1\) differs/);
    const drifting = (state: State, x: Float32Array, y: Float32Array): void => {
      step(state, x, y);
      state.at.h![0]! *= 1 + 1e-6;
    };
    expect(() => laws.irregular(leakyWith({ stepAfter: drifting }))).toThrow(/leaves another state/);
  });
});
