import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapOf, markOf, RATE_HZ } from '../../../test/helpers/items.ts';
import { type Arenas, openStream } from '../../../test/helpers/run-stage.ts';
import { micros } from '../../base/units.ts';
import type { Cell } from '../../cell/cell.ts';
import { noiseRows } from '../../cell/laws.ts';
import { f32 } from '../../cell/state.ts';
import type { Chunk, Gap, Item, Mark } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import type { ScanOptions } from '../row-results.ts';
import { scanCell } from './scan-cell.ts';

const SPAN = 160;
type Leaky = { h: ReturnType<typeof f32> };

/** h = 0.9 h + x0 + x1 / 2; y = [h, x0 * h, 1 / x1]: recurrent, and non-finite where a test puts x1 = 0. */
function leaky(parts: { skip?: boolean; scan?: boolean } = {}): Cell<Leaky> {
  const cell: Cell<Leaky> = {
    kind: 'leaky',
    dIn: 2,
    dOut: 3,
    layout: { h: f32(1) },
    contextRows: Infinity,
    init: ({ at }) => void at.h.fill(0),
    step({ at }, x, y) {
      at.h[0] = 0.9 * at.h[0]! + x[0]! + x[1]! / 2;
      y[0] = at.h[0]!;
      y[1] = x[0]! * at.h[0]!;
      y[2] = 1 / x[1]!;
    },
  };
  if (parts.scan) {
    cell.scan = (state, x, y, rows) => {
      for (let t = 0; t < rows; t++) {
        cell.step(state, x.subarray(t * 2, t * 2 + 2), y.subarray(t * 3, t * 3 + 3));
      }
    };
  }
  if (parts.skip) {
    cell.skip = ({ at }, rows) => {
      for (let t = 0; t < rows; t++) at.h[0] = 0.9 * at.h[0]!;
    };
  }
  return cell;
}

interface Outcome {
  readonly out: readonly Item[];
  readonly arenas: Arenas;
}

function run(cell: Cell<Leaky>, items: readonly Item[], options: Partial<ScanOptions> = {}, from?: Arenas): Outcome {
  const stream = openStream(scanCell(cell, { spanRows: SPAN, rateHz: RATE_HZ, ...options }), from);
  return { out: stream.push(...items), arenas: stream.snapshot() };
}

const chunkAt = (row: number, x: Float32Array, times?: Float64Array): Chunk => {
  const rows = x.length / 2;
  const [from, to] = [row * SPAN, (row + rows) * SPAN];
  return { kind: 'chunk', from, to, pts: ptsOf(from, RATE_HZ), rows, width: 2, data: x, ...(times && { times }) };
};
const gapAt = (row: number, rows: number): Gap => gapOf(row * SPAN, (row + rows) * SPAN);
const markAt = (row: number, what: Mark['what']): Mark => markOf(what, row * SPAN);

/** Every row of the result as text: where it lies, when, and its values or the cause of its gap. */
function rowsOf(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'mark') return [`${item.from} ${item.what}`];
    const rows = (item.to - item.from) / SPAN;
    return Array.from({ length: rows }, (_, i) => {
      const from = item.from + i * SPAN;
      const us = item.pts + (i * SPAN * 1e6) / RATE_HZ;
      if (item.kind === 'chunk') return `${from} ${us} ${item.data.subarray(i * 3, i * 3 + 3).join(' ')}`;
      return `${from} ${us} ${item.kind === 'gap' && item.why}`;
    });
  });
}

function split(x: Float32Array, sizes: readonly number[]): Chunk[] {
  const chunks: Chunk[] = [];
  let row = 0;
  for (let i = 0; row < x.length / 2; i++) {
    const rows = Math.min(sizes[i % sizes.length]!, x.length / 2 - row);
    chunks.push(chunkAt(row, x.slice(row * 2, (row + rows) * 2)));
    row += rows;
  }
  return chunks;
}

const both = [
  ['by steps', leaky({ skip: true })],
  ['by scans', leaky({ skip: true, scan: true })],
] as const;

describe.each(both)('scanCell %s', (_name, cell) => {
  it('carries state from row to row and keeps each row in its place', () => {
    const { out } = run(cell, [chunkAt(0, Float32Array.of(1, 2, 0, 4)), chunkAt(2, Float32Array.of(0, 2))]);
    expect(out).toMatchObject([
      { kind: 'chunk', from: 0, to: 320, pts: 0, rows: 2, width: 3 },
      { kind: 'chunk', from: 320, to: 480, pts: 20_000, rows: 1, width: 3 },
    ]);
    const [h0, h1, h2] = [2, 3.8, 4.42].map(Math.fround);
    expect([...(out[0] as Chunk).data]).toEqual([h0, h0, 0.5, h1, 0, 0.25]);
    expect((out[1] as Chunk).data[0]).toBeCloseTo(h2!, 6);
  });

  it('gives the same rows for any chunking, faults included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 6 }),
        (sizes, faults) => {
          const x = noiseRows(5, 40, 2);
          for (const row of faults) x[row * 2 + 1] = 0;
          const whole = rowsOf(run(cell, [chunkAt(0, x)]).out);
          expect(rowsOf(run(cell, split(x, sizes)).out)).toEqual(whole);
          expect(whole).toHaveLength(40);
        },
      ),
    );
  });

  it('goes on from a snapshot to the bit', () => {
    const x = noiseRows(6, 30, 2);
    const chunks = split(x, [3, 1, 4]);
    const whole = run(cell, chunks);
    const first = run(cell, chunks.slice(0, 4));
    const second = run(cell, chunks.slice(4), {}, first.arenas);
    expect([...first.out, ...second.out]).toEqual(whole.out);
  });

  it('sends a faulty row as a gap, counts it, and starts anew behind it', () => {
    const x = Float32Array.of(1, 1, 1, 1, 1, 0, 1, 0, 1, 1);
    const codes: string[] = [];
    const { out } = run(cell, [chunkAt(10, x)], { onFault: (error) => codes.push(error.code) });
    expect(codes).toEqual(['ERR_NON_FINITE_STATE', 'ERR_NON_FINITE_STATE']);
    expect(out).toMatchObject([
      { kind: 'chunk', from: 1600, to: 1920, pts: 100_000, rows: 2 },
      { kind: 'gap', from: 1920, to: 2240, pts: 120_000, why: 'fault' },
      { kind: 'chunk', from: 2240, to: 2400, pts: 140_000, rows: 1 },
    ]);
    expect([...(out[2] as Chunk).data]).toEqual([1.5, 1.5, 1]);
  });

  it('takes the times of uneven rows along, also behind a fault', () => {
    const x = Float32Array.of(1, 1, 1, 0, 1, 1);
    const { out } = run(cell, [chunkAt(0, x, Float64Array.of(0, 7, 50))], { rateHz: 0 });
    expect(out.map((item) => item.pts)).toEqual([0, 7, 50]);
    expect(out[2]).toMatchObject({ times: Float64Array.of(50) });
  });
});

describe('scanCell', () => {
  it('decays the state over a gap with skip, one row per span, in one go however the gap was declared', () => {
    const loud = chunkAt(0, Float32Array.of(0, 2));
    const next = chunkAt(4, Float32Array.of(0, 0));
    const whole = run(leaky({ skip: true }), [loud, gapAt(1, 3), next]);
    const pieces = run(leaky({ skip: true }), [loud, gapAt(1, 1), gapAt(2, 2), next]);
    expect(whole.out[1]).toEqual(gapAt(1, 3));
    expect(pieces.arenas.get('leaky')).toEqual(whole.arenas.get('leaky'));
    const noGap = run(leaky({ skip: true }), [loud, chunkAt(1, Float32Array.of(0, 0))]);
    const decayed = new Float32Array(whole.arenas.get('leaky')!.buffer)[0]!;
    expect(decayed).toBeCloseTo(0.729 * new Float32Array(noGap.arenas.get('leaky')!.buffer)[0]!, 6);
  });

  it('starts anew behind a gap when the cell cannot skip', () => {
    const row = Float32Array.of(0.5, 2);
    const { out } = run(leaky(), [chunkAt(0, row), gapAt(1, 3), chunkAt(4, row)]);
    expect((out[2] as Chunk).data).toEqual((out[0] as Chunk).data);
  });

  it('starts anew at a reset and at no other mark', () => {
    const row = Float32Array.of(0.5, 2);
    const { out } = run(leaky(), [
      chunkAt(0, row),
      markAt(1, 'flush'),
      chunkAt(1, row),
      markAt(2, 'reset'),
      chunkAt(2, row),
      markAt(3, 'end'),
    ]);
    expect(out.map((item) => (item.kind === 'mark' ? item.what : item.kind))).toEqual([
      'chunk',
      'flush',
      'chunk',
      'reset',
      'chunk',
      'end',
    ]);
    expect((out[2] as Chunk).data).not.toEqual((out[0] as Chunk).data);
    expect((out[4] as Chunk).data).toEqual((out[0] as Chunk).data);
  });

  it('passes detections through', () => {
    const detection: Item = { kind: 'detection', from: 0, to: 160, pts: micros(0), name: 'vad', values: { speech: 1 } };
    expect(run(leaky(), [detection]).out).toEqual([detection]);
  });

  it('keeps its state in the slot it was told', () => {
    expect([...run(leaky(), [], { slot: 'trunk' }).arenas.keys()]).toEqual(['trunk', 'trunk.gap']);
  });

  it('reads a hop of samples as one row', () => {
    const hop: Chunk = { ...chunkAt(0, Float32Array.of(0.5, 2)), to: 2, rows: 2, width: 1 };
    const { out } = run(leaky(), [hop], { spanRows: 2 });
    expect(out).toMatchObject([{ kind: 'chunk', from: 0, to: 2, rows: 1, width: 3 }]);
  });

  it('counts the part of a row at the end of a stream as a row', () => {
    const last = { ...chunkAt(1, Float32Array.of(1, 1, 1, 0)), to: 2 * SPAN + 7 };
    const { out, arenas } = run(leaky({ skip: true }), [{ ...gapAt(0, 1), to: 9 }, last, { ...gapAt(3, 1), to: 490 }]);
    expect(out.map(({ kind, to }) => `${kind} ${to}`)).toEqual(['gap 9', 'chunk 320', 'gap 327', 'gap 490']);
    expect(arenas.get('leaky')!).toEqual(run(leaky(), []).arenas.get('leaky')!);
  });

  it.each<[string, Item]>([
    ['a chunk that is not whole rows', { ...chunkAt(0, Float32Array.of(1, 1, 1)), rows: 3, width: 1 }],
    ['a chunk whose span is not its rows', { ...chunkAt(0, Float32Array.of(1, 1)), to: 320 }],
    ['times of rows that are taken together', { ...chunkAt(0, Float32Array.of(1, 1), Float64Array.of(0, 1)), rows: 2 }],
  ])('fails the stream on %s', (_name, item) => {
    expect(() => run(leaky(), [item])).toThrow(expect.objectContaining({ code: 'ERR_INVARIANT' }));
  });
});
